/// The parts of structures, unions and enumerations read where they stand, one at a time: a search
/// through `struct task_struct` makes no copies.
struct CompositeView {
  private let owner: BTF
  private let start: Int
  let count: Int
  private let hasBitfields: Bool

  struct Member {
    var nameOffset: UInt32
    var type: UInt32
    var bitOffset: Int
    /// 0 = no bitfield.
    var bitSize: Int
  }

  /// nil for other kinds.
  init?(_ head: BTF.TypeHead, in btf: BTF) {
    guard head.kind.isComposite, let found = btf.place(of: head.id) else { return nil }
    (owner, start) = found
    count = head.count
    hasBitfields = head.flag
  }

  /// `index` is below `count`.
  subscript(index: Int) -> Member {
    let at = start + 12 + 12 * index
    let word = owner.types.word(at: at + 8)
    return Member(
      nameOffset: owner.types.word(at: at), type: owner.types.word(at: at + 4),
      bitOffset: Int(hasBitfields ? word & 0xff_ffff : word),
      bitSize: hasBitfields ? Int(word >> 24) : 0)
  }
}

struct EnumerationView {
  private let owner: BTF
  private let start: Int
  let count: Int
  private let isWide: Bool

  /// nil for other kinds.
  init?(_ head: BTF.TypeHead, in btf: BTF) {
    guard head.kind.isEnumeration, let found = btf.place(of: head.id) else { return nil }
    (owner, start) = found
    count = head.count
    isWide = head.kind == .enumeration64
  }

  private func offset(_ index: Int) -> Int { start + 12 + (isWide ? 12 : 8) * index }

  /// In the strings; `index` is below `count`.
  func nameOffset(_ index: Int) -> UInt32 { owner.types.word(at: offset(index)) }

  /// As CO-RE takes it: 32-bit constants are sign-extended whether they are signed or not.
  func value(_ index: Int) -> UInt64 {
    let low = owner.types.word(at: offset(index) + 4)
    guard isWide else { return UInt64(bitPattern: Int64(Int32(bitPattern: low))) }
    return UInt64(owner.types.word(at: offset(index) + 8)) << 32 | UInt64(low)
  }
}

/// The types of a function's parameters.
struct ParametersView {
  private let owner: BTF
  private let start: Int
  let count: Int

  /// nil for other kinds.
  init?(_ head: BTF.TypeHead, in btf: BTF) {
    guard head.kind == .functionPrototype, let found = btf.place(of: head.id) else { return nil }
    (owner, start) = found
    count = head.count
  }

  /// `index` is below `count`.
  subscript(index: Int) -> UInt32 { owner.types.word(at: start + 12 + 8 * index + 4) }
}

extension BTF {
  /// The BTF whose own type this is, and where it starts there.
  func place(of id: UInt32) -> (BTF, Int)? {
    if id < firstID {
      guard let base, let start = base.start(of: id) else { return nil }
      return (base, start)
    }
    return start(of: id).map { (self, $0) }
  }

  /// `struct task_struct`, `enum bpf_map_type`, `pid_t`, for messages.
  func spelling(of id: UInt32) -> String {
    guard let head = head(id) else { return "type \(id)" }
    let name = String(decoding: nameBytes(at: head.nameOffset).prefix(64), as: UTF8.self)
    let keyword =
      switch head.kind {
      case .structure: "struct "
      case .union: "union "
      case .enumeration, .enumeration64: "enum "
      case .forward: head.flag ? "union " : "struct "
      default: ""
      }
    return keyword + (name.isEmpty ? "(anonymous)" : name)
  }
}
