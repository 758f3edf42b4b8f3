import BPFObject
import Planning
import Reconciling

enum Kind: String, Hashable { case map, program, link, btf }

struct Key: Hashable, Comparable {
  var kind: Kind
  var id: UInt32

  static func < (left: Key, right: Key) -> Bool {
    (left.kind.rawValue, left.id) < (right.kind.rawValue, right.id)
  }
}

/// An object in the kernel's memory.
struct Record {
  /// All references, and those of descriptors and pins alone.
  var references = 0
  var userReferences = 0
  var payload: Payload

  enum Payload {
    case map(MapRecord)
    case program(ProgramRecord)
    case link(LinkRecord)
    case btf([UInt8])
  }
}

struct MapRecord {
  var spec: MapSpec
  var contents: [[UInt8]: [UInt8]] = [:]
  /// Objects that entries refer to.
  var targets: [[UInt8]: Key] = [:]
  var frozen = false
  var btf: Key?
  var inner: MapSpec?
  /// What a prog_array is bound to by its first user.
  var boundType: ProgramType?
}

struct ProgramRecord {
  var image: ProgramImage
  var tag: String
  var maps: [Key]
  var btf: Key?
  var attachTo: String?
}

struct LinkRecord {
  var type: LinkType
  var program: Key
  /// As asked for, with XDP's mode.
  var hook: Hook
  var cookie: UInt64?
  var isAttached = true
}

struct Pin {
  var key: Key
  var mode: UInt32 = 0o600
  var owner: UInt32 = 0
  var group: UInt32 = 0
}

struct Interface {
  var index: UInt32
  var supportsNativeXDP: Bool
}

extension FakeKernel {
  func insert(_ kind: Kind, _ payload: Record.Payload) -> Key {
    let id = nextID[kind, default: 1]
    nextID[kind] = id + 1
    let key = Key(kind: kind, id: id)
    records[key] = Record(payload: payload)
    return key
  }

  func acquire(_ key: Key, user: Bool = false) {
    records[key]?.references += 1
    if user { records[key]?.userReferences += 1 }
  }

  func release(_ key: Key, user: Bool = false) {
    guard records[key] != nil else { return }
    records[key]?.references -= 1
    if user {
      records[key]?.userReferences -= 1
      // A prog_array is emptied with its last pin or descriptor, whoever runs through it.
      if records[key]?.userReferences == 0, map(key)?.spec.type == .progArray {
        let targets = map(key)?.targets ?? [:]
        changeMap(key) {
          $0.targets = [:]
          $0.contents = [:]
        }
        for target in targets.values { release(target) }
      }
    }
    if let record = records[key], record.references == 0 { free(key, record) }
  }

  private func free(_ key: Key, _ record: Record) {
    records[key] = nil
    switch record.payload {
    case .map(let map):
      for target in map.targets.values { release(target) }
      if let btf = map.btf { release(btf) }
    case .program(let program):
      for map in program.maps { release(map) }
      if let btf = program.btf { release(btf) }
    case .link(let link):
      if link.isAttached { leave(key, link.hook) }
      release(link.program)
    case .btf: break
    }
  }

  func map(_ key: Key) -> MapRecord? {
    if case .map(let map) = records[key]?.payload { map } else { nil }
  }

  func program(_ key: Key) -> ProgramRecord? {
    if case .program(let program) = records[key]?.payload { program } else { nil }
  }

  func link(_ key: Key) -> LinkRecord? {
    if case .link(let link) = records[key]?.payload { link } else { nil }
  }

  func changeMap(_ key: Key, _ change: (inout MapRecord) -> Void) {
    guard var map = map(key) else { return }
    change(&map)
    records[key]?.payload = .map(map)
  }

  func changeLink(_ key: Key, _ change: (inout LinkRecord) -> Void) {
    guard var link = link(key) else { return }
    change(&link)
    records[key]?.payload = .link(link)
  }

  func keys(_ kind: Kind) -> [Key] { records.keys.filter { $0.kind == kind }.sorted() }

  public func open(_ kind: ObjectKind, id: UInt32) throws(KernelFailure) -> FakeObject {
    try enter("open", "\(kind) \(id)", mutating: false)
    let key = Key(kind: Kind(kind), id: id)
    guard records[key] != nil else {
      throw failure("BPF_OBJ_GET_BY_ID", "\(kind) \(id)", Errno.noent, "no \(kind) with id \(id)")
    }
    return handle(key)
  }

  func handle(_ key: Key) -> FakeObject {
    FakeObject(key, tag: program(key)?.tag, kernel: self)
  }
}

extension Kind {
  init(_ kind: ObjectKind) {
    switch kind {
    case .map: self = .map
    case .program: self = .program
    case .link: self = .link
    }
  }

  var observed: ObjectKind? {
    switch self {
    case .map: .map
    case .program: .program
    case .link: .link
    case .btf: nil
    }
  }
}
