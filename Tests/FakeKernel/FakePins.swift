import BPFObject
import Planning
import Reconciling

extension FakeKernel {
  public func makeDirectories(for path: String, root: String) throws(KernelFailure) -> [String] {
    try enter("makeDirectories", path)
    return try makeParents(of: path, root: root)
  }

  func makeParents(of path: String, root: String) throws(KernelFailure) -> [String] {
    try check(path)
    let ours = parent(root)
    var made: [String] = []
    var directory = FakeKernel.mount
    for component in parent(path).dropFirst(FakeKernel.mount.count).split(separator: "/") {
      directory += "/\(component)"
      if directories[directory] != nil { continue }
      if pins[directory] != nil {
        throw failure("mkdir", directory, Errno.exist, "a pin is in the way")
      }
      directories[directory] =
        directory == ours || directory.hasPrefix(ours + "/") ? 0o700 : 0o755
      made.append(directory)
    }
    return made
  }

  public func pin(_ object: FakeObject, at path: String) throws(KernelFailure) {
    try enter("pin", path)
    try place(object.key, at: path)
  }

  func place(_ key: Key, at path: String) throws(KernelFailure) {
    try check(path)
    guard directories[parent(path)] != nil else {
      throw failure("BPF_OBJ_PIN", path, Errno.noent, "no such directory")
    }
    if pins[path] != nil || directories[path] != nil {
      throw failure("BPF_OBJ_PIN", path, Errno.exist, "the path is taken")
    }
    acquire(key, user: true)
    pins[path] = Pin(key: key)
  }

  public func exchangePin(_ source: String, with path: String) throws(KernelFailure) -> Bool {
    try enter("exchangePin", "\(source) \(path)")
    try check(path)
    guard let moved = pins[source], directories[parent(path)] != nil else {
      throw failure("rename", source, Errno.noent, "no such pin or directory")
    }
    let displaced = pins[path]
    pins[path] = moved
    pins[source] = displaced
    return displaced != nil
  }

  public func removePin(_ path: String) throws(KernelFailure) {
    try enter("removePin", path)
    unpin(path)
  }

  func unpin(_ path: String) {
    if let pin = pins.removeValue(forKey: path) { release(pin.key, user: true) }
  }

  public func removeEmptyDirectories(from path: String, upTo root: String) throws(KernelFailure) {
    try enter("removeEmptyDirectories", path)
    removeEmpty(from: path, upTo: root)
  }

  func removeEmpty(from path: String, upTo root: String) {
    var directory = path
    while directory.hasPrefix(root + "/") {
      let inside = directory + "/"
      if pins.keys.contains(where: { $0.hasPrefix(inside) })
        || directories.keys.contains(where: { $0.hasPrefix(inside) })
      {
        return
      }
      directories[directory] = nil
      directory = parent(directory)
    }
  }

  public func setPinAttributes(_ pin: PinSpec) throws(KernelFailure) {
    try enter("setPinAttributes", pin.path)
    guard var known = pins[pin.path] else {
      throw failure("chmod", pin.path, Errno.noent, "no such pin")
    }
    known.mode = pin.mode
    known.owner = pin.owner
    known.group = pin.group
    pins[pin.path] = known
  }

  func check(_ path: String) throws(KernelFailure) {
    guard path.hasPrefix(FakeKernel.mount + "/") else {
      throw failure("BPF_OBJ_PIN", path, Errno.inval, "not on a bpffs")
    }
    // The kernel keeps names with a dot for itself.
    if path.contains(".") { throw failure("BPF_OBJ_PIN", path, Errno.perm, "a dot in the name") }
  }

  func parent(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "/" }
    return String(path[..<slash])
  }
}
