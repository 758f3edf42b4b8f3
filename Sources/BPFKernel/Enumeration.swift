internal import CBPF

/// A kind of object that the kernel numbers.
public enum ObjectKind: String, Sendable, Hashable, CaseIterable {
  case program
  case map
  case link
  case btf

  var nextID: Command {
    switch self {
    case .program: .programNextID
    case .map: .mapNextID
    case .link: .linkNextID
    case .btf: .btfNextID
    }
  }

  var byID: Command {
    switch self {
    case .program: .programByID
    case .map: .mapByID
    case .link: .linkByID
    case .btf: .btfByID
    }
  }

  /// The first id above another one, or nil. The bpf(2) commands are `BPF_PROG_GET_NEXT_ID`,
  /// `BPF_MAP_GET_NEXT_ID`, `BPF_LINK_GET_NEXT_ID` and `BPF_BTF_GET_NEXT_ID`; they need
  /// CAP_SYS_ADMIN.
  public func id(after id: UInt32) throws(KernelError) -> UInt32? {
    // Ids are positive numbers of a C int; the kernel answers EINVAL beyond them.
    guard id < UInt32(Int32.max) else { return nil }
    var attributes = cbpf_object_id(id: id, next_id: 0, open_flags: 0, token_fd: 0)
    let result = bpf(nextID, &attributes)
    if result >= 0 { return attributes.next_id }
    if result == -Int(Errno.noEntry.rawValue) { return nil }
    throw KernelError(nextID, result, on: "the \(self)s of this host")
  }

  /// Whether an object with that id is there.
  public func exists(id: UInt32) throws(KernelError) -> Bool {
    if id == 0 { return false }
    return try self.id(after: id - 1) == id
  }
}

/// What can be told of an object through a descriptor, and so be enumerated.
public protocol EnumerableInfo: Sendable {
  static var kind: ObjectKind { get }
  var id: UInt32 { get }
  /// Asks the kernel about a borrowed descriptor, with a buffer that the walk uses again.
  init(enumerating descriptor: Int32, scratch: inout [UInt32]) throws(KernelError)
}

extension EnumerableInfo {
  /// All objects of this kind in the kernel, by ascending id. Iterate, and `get()` each result.
  public static var all: Enumeration<Self> { Enumeration() }
}

extension MapInfo: EnumerableInfo {
  public static var kind: ObjectKind { .map }
  public init(enumerating descriptor: Int32, scratch: inout [UInt32]) throws(KernelError) {
    var raw = cbpf_map_info()
    try check(
      objectInfo(descriptor, &raw), Command.objectInfo.name, on: "map descriptor \(descriptor)")
    self.init(raw)
  }
}

extension ProgramInfo: EnumerableInfo {
  public static var kind: ObjectKind { .program }
  public init(enumerating descriptor: Int32, scratch: inout [UInt32]) throws(KernelError) {
    if scratch.isEmpty { scratch = [UInt32](repeating: 0, count: 64) }
    try self.init(of: descriptor, mapIDs: &scratch)
  }
}

extension LinkInfo: EnumerableInfo {
  public static var kind: ObjectKind { .link }
  public init(enumerating descriptor: Int32, scratch: inout [UInt32]) throws(KernelError) {
    try self.init(of: descriptor)
  }
}

extension BTFInfo: EnumerableInfo {
  public static var kind: ObjectKind { .btf }
  public init(enumerating descriptor: Int32, scratch: inout [UInt32]) throws(KernelError) {
    try self.init(of: descriptor)
  }
}

/// A walk over the objects of a kind, by ascending id.
///
/// Each step makes four system calls (next id, descriptor by id, info, close). Objects that vanish
/// between two of them are passed over; any other failure is the last element. The walk is no
/// snapshot: an object made meanwhile is seen if its id is above the walk's.
public struct Enumeration<Info: EnumerableInfo>: Sequence, Sendable {
  public typealias Element = Result<Info, KernelError>

  public func makeIterator() -> Iterator { Iterator() }

  /// All of them, or the first failure.
  public func get() throws(KernelError) -> [Info] {
    var list: [Info] = []
    for result in self { list.append(try result.get()) }
    return list
  }

  public struct Iterator: IteratorProtocol {
    private var last: UInt32 = 0
    private var ended = false
    private var scratch: [UInt32] = []

    public mutating func next() -> Element? {
      while !ended {
        var attributes = cbpf_object_id(id: last, next_id: 0, open_flags: 0, token_fd: 0)
        var result = bpf(Info.kind.nextID, &attributes)
        if result == -Int(Errno.noEntry.rawValue) { break }
        if result < 0 {
          return fail(KernelError(Info.kind.nextID, result, on: "the \(Info.kind)s of this host"))
        }
        last = attributes.next_id
        attributes = cbpf_object_id(id: last, next_id: 0, open_flags: 0, token_fd: 0)
        result = cbpf_good_descriptor(bpf(Info.kind.byID, &attributes))
        // A link that is still being made answers EAGAIN.
        if result == -Int(Errno.noEntry.rawValue) || result == -Int(Errno.again.rawValue) {
          continue
        }
        if result < 0 {
          return fail(KernelError(Info.kind.byID, result, on: "\(Info.kind) \(last)"))
        }
        let descriptor = FileDescriptor(owned: Int32(truncatingIfNeeded: result))
        do throws(KernelError) {
          return .success(try Info(enumerating: descriptor.rawValue, scratch: &scratch))
        } catch {
          return fail(error)
        }
      }
      ended = true
      return nil
    }

    private mutating func fail(_ error: KernelError) -> Element {
      ended = true
      return .failure(error)
    }
  }
}
