internal import CBPF
internal import Glibc

/// An object that a pin holds.
public enum PinnedObject: Sendable {
  case map(Map)
  case program(Program)
  case link(Link)

  public var kind: ObjectKind {
    switch self {
    case .map: .map
    case .program: .program
    case .link: .link
    }
  }
}

/// What can be pinned.
public protocol Pinnable: AnyObject, Sendable {
  /// The number of the object's descriptor.
  var descriptorNumber: Int32 { get }
}

extension Map: Pinnable {
  public var descriptorNumber: Int32 { descriptor.rawValue }
}

extension Program: Pinnable {
  public var descriptorNumber: Int32 { descriptor.rawValue }
}

extension Link: Pinnable {
  public var descriptorNumber: Int32 { descriptor.rawValue }
}

/// What a file of a bpffs is, and whose.
public struct PinStatus: Hashable, Sendable {
  public enum Kind: Hashable, Sendable { case pin, directory, symlink, other }
  public var kind: Kind
  /// The permission bits, at most 0o7777.
  public var mode: UInt32
  public var userID: UInt32
  public var groupID: UInt32
  public var inode: UInt64
  public var device: UInt64

  init(_ facts: stat) {
    switch facts.st_mode & S_IFMT {
    case S_IFREG: kind = .pin
    case S_IFDIR: kind = .directory
    case S_IFLNK: kind = .symlink
    default: kind = .other
    }
    mode = facts.st_mode & 0o7777
    userID = facts.st_uid
    groupID = facts.st_gid
    inode = UInt64(facts.st_ino)
    device = UInt64(facts.st_dev)
  }
}

extension PinDirectory {
  /// `BPF_F_PATH_FD`: the path is relative to a descriptor (6.5).
  private static let pathDescriptor: UInt32 = 1 << 14

  /// Pins an object, with mode 0600. EEXIST if something of that name is there. The bpf(2)
  /// command is `BPF_OBJ_PIN`.
  public func pin(_ object: some Pinnable, as name: String) throws(KernelError) {
    let path = try child(name)
    let result = withExtendedLifetime(object) {
      call(.objectPin, name, number: UInt32(bitPattern: object.descriptorNumber))
    }
    if result < 0 { throw KernelError(.objectPin, result, on: path) }
  }

  /// Opens what is pinned under a name; nil if nothing is. Symlinks are refused. The bpf(2)
  /// command is `BPF_OBJ_GET`.
  public func open(_ name: String) throws(KernelError) -> PinnedObject? {
    let path = try child(name)
    guard let status = try status(name) else { return nil }
    guard status.kind == .pin else {
      throw KernelError(Command.objectGet.name, refused: "it is no pin", on: path)
    }
    let result = cbpf_good_descriptor(call(.objectGet, name, number: 0))
    if result == -Int(Errno.noEntry.rawValue) { return nil }
    guard result >= 0 else { throw KernelError(.objectGet, result, on: path) }
    let descriptor = FileDescriptor(owned: Int32(truncatingIfNeeded: result))
    switch try ObjectKind(of: descriptor.rawValue) {
    case .map: return .map(try Map(descriptor))
    case .program: return .program(Program(descriptor))
    case .link: return .link(Link(descriptor))
    case .btf, nil:
      throw KernelError(
        Command.objectGet.name, refused: "the pin holds an object of an unknown kind", on: path)
    }
  }

  /// A descriptor of what is pinned, or `-errno`, without a look at what it is.
  func get(_ name: String) -> Int { cbpf_good_descriptor(call(.objectGet, name, number: 0)) }

  private func call(_ command: Command, _ name: String, number: UInt32) -> Int {
    var attributes = cbpf_object_path()
    attributes.bpf_fd = number
    attributes.path_fd = descriptor.rawValue
    attributes.file_flags = Self.pathDescriptor
    let result = withName(name) { address in
      attributes.pathname = address
      return bpf(command, &attributes)
    }
    guard result == -Int(Errno.invalid.rawValue) else { return result }
    // Older kernels: the same directory, through procfs.
    attributes.path_fd = 0
    attributes.file_flags = 0
    return withName("/proc/self/fd/\(descriptor.rawValue)/\(name)") { address in
      attributes.pathname = address
      return bpf(command, &attributes)
    }
  }

  private func withName(_ name: String, _ body: (UInt64) -> Int) -> Int {
    unsafe name.withCString { body(UInt64(UInt(bitPattern: $0))) }
  }

  /// What stands under a name, itself and not what a symlink leads to; nil if nothing does.
  public func status(_ name: String) throws(KernelError) -> PinStatus? {
    let path = try child(name)
    var facts = stat()
    if unsafe fstatat(descriptor.rawValue, name, &facts, AT_SYMLINK_NOFOLLOW) < 0 {
      let code = Errno(rawValue: errno)
      if code == .noEntry { return nil }
      throw KernelError("fstatat", code, on: path)
    }
    return PinStatus(facts)
  }

  /// Sets the permission bits of a pin or directory (chmod(2)), never through a symlink.
  public func setMode(_ name: String, _ mode: UInt32) throws(KernelError) {
    let path = try child(name)
    let file = try openFile(name, at: descriptor.rawValue, pathOnly | O_NOFOLLOW)
    guard try PinStatus(fileStatus(file.rawValue, on: path)).kind != .symlink else {
      throw KernelError("chmod", refused: "it is a symlink", on: path)
    }
    if unsafe chmod("/proc/self/fd/\(file.rawValue)", mode) < 0 {
      throw KernelError("chmod", Errno(rawValue: errno), on: path)
    }
  }

  /// Sets the owner of a pin or directory (chown(2)); nil leaves it.
  public func setOwner(
    _ name: String, user: UInt32?, group: UInt32?
  ) throws(KernelError) {
    let path = try child(name)
    let result = unsafe fchownat(
      descriptor.rawValue, name, user ?? .max, group ?? .max, AT_SYMLINK_NOFOLLOW)
    if result < 0 { throw KernelError("chown", Errno(rawValue: errno), on: path) }
  }
}

/// `O_PATH`, which Glibc's module leaves out.
let pathOnly: Int32 = 0o10000000

extension ObjectKind {
  /// What a descriptor is of, as procfs names it; nil for others than BPF objects.
  init?(of descriptor: Int32) throws(KernelError) {
    switch try pathOf(descriptor) {
    case "anon_inode:bpf-map": self = .map
    case "anon_inode:bpf-prog": self = .program
    case "anon_inode:bpf_link", "anon_inode:bpf-link": self = .link
    case "anon_inode:btf": self = .btf
    default: return nil
    }
  }
}
