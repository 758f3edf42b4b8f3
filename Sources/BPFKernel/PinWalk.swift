internal import CBPF
internal import Glibc

/// A pin that a walk found.
public struct Pin: Hashable, Sendable {
  /// Absolute.
  public var path: String
  public var status: PinStatus
  /// What it holds; nil if it could not be opened (an LSM policy, or no permission).
  public var object: Object?

  public struct Object: Hashable, Sendable {
    public var kind: ObjectKind
    public var id: UInt32

    public init(kind: ObjectKind, id: UInt32) {
      self.kind = kind
      self.id = id
    }
  }
}

/// The pins and directories below a directory of a bpffs.
public struct PinTree: Hashable, Sendable {
  /// By path.
  public var pins: [Pin] = []
  /// Absolute paths, sorted; without the one that the walk began in.
  public var directories: [String] = []
  /// What was passed over: symlinks, other file systems, unreadable or too deep directories.
  public var skipped: [String] = []
}

extension PinDirectory {
  /// Directories deeper than this are passed over; each level keeps a descriptor open.
  private static let depthLimit = 64

  /// Walks everything below. What vanishes meanwhile is left out. Needs no trust in the
  /// directories: nothing is changed, and no symlink is followed.
  public func walk() throws(KernelError) -> PinTree {
    var tree = PinTree()
    try walk(into: &tree, depth: 0)
    tree.pins.sort { $0.path < $1.path }
    tree.directories.sort()
    tree.skipped.sort()
    return tree
  }

  private func walk(into tree: inout PinTree, depth: Int) throws(KernelError) {
    for name in try names() {
      let path = "\(self.path)/\(name)"
      // Names with a dot are the kernel's own and can be read like others.
      var facts = stat()
      guard unsafe fstatat(descriptor.rawValue, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 else {
        continue
      }
      let status = PinStatus(facts)
      switch status.kind {
      case .pin:
        if let pin = try pin(name, path, status) { tree.pins.append(pin) }
      case .directory:
        guard depth < Self.depthLimit, let child = try? directoryUnchecked(name) else {
          tree.skipped.append(path)
          continue
        }
        tree.directories.append(path)
        try child.walk(into: &tree, depth: depth + 1)
      case .symlink, .other: tree.skipped.append(path)
      }
    }
  }

  private func pin(
    _ name: String, _ path: String, _ status: PinStatus
  ) throws(KernelError) -> Pin? {
    let result = get(name)
    if result == -Int(Errno.noEntry.rawValue) { return nil }
    if result == -Int(Errno.tooManyFiles.rawValue) {
      throw KernelError(.objectGet, result, on: path)
    }
    guard result >= 0 else { return Pin(path: path, status: status, object: nil) }
    let descriptor = FileDescriptor(owned: Int32(truncatingIfNeeded: result))
    return Pin(path: path, status: status, object: try Pin.Object(of: descriptor.rawValue))
  }

  /// The names in this directory, in the kernel's order.
  public func names() throws(KernelError) -> [String] {
    // A directory stream has a position of its own only with a description of its own.
    let copy = try openFile(".", at: descriptor.rawValue, O_RDONLY | O_DIRECTORY)
    let number = copy.release()
    guard let stream = unsafe fdopendir(number) else {
      let code = Errno(rawValue: errno)
      close(number)
      throw KernelError("fdopendir", code, on: path)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        if errno != 0 { throw KernelError("readdir", Errno(rawValue: errno), on: path) }
        return names
      }
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { text(in: unsafe Array($0)) }
      if name != "." && name != ".." { names.append(name) }
    }
  }
}

extension Pin.Object {
  /// The kind and id of the object that a descriptor is of; nil for an unknown kind.
  init?(of descriptor: Int32) throws(KernelError) {
    switch try ObjectKind(of: descriptor) {
    case .map:
      var info = cbpf_map_info()
      try check(objectInfo(descriptor, &info), Command.objectInfo.name, on: "a pinned map")
      self.init(kind: .map, id: info.id)
    case .program:
      var info = cbpf_prog_info()
      try check(objectInfo(descriptor, &info), Command.objectInfo.name, on: "a pinned program")
      self.init(kind: .program, id: info.id)
    case .link:
      var info = cbpf_link_info()
      try check(objectInfo(descriptor, &info), Command.objectInfo.name, on: "a pinned link")
      self.init(kind: .link, id: info.head.id)
    case .btf, nil: return nil
    }
  }
}
