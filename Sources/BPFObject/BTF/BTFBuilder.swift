/// Makes BTF from nothing: for maps that no object file describes.
///
/// ```swift
/// var builder = BTFBuilder()
/// let char = builder.integer("char", size: 1, signed: true)
/// let text = builder.array(of: char, count: 8)
/// let owner = builder.variable("bpf_metadata_owner", type: text)
/// let section = builder.dataSection(".rodata", size: 8, [.init(type: owner, offset: 0, size: 8)])
/// let bytes = builder.btf.encoded()
/// ```
///
/// Types are numbered from 1 in the order that they are added. Strings are stored once.
public struct BTFBuilder: Sendable {
  /// What has been built so far.
  public private(set) var btf: BTF
  private var known: [String: UInt32] = [:]
  private var indexType: UInt32?

  /// Split BTF continues the ids of its base.
  public init(over base: BTF? = nil) { btf = BTF(base: base) }

  private mutating func string(_ text: String) -> UInt32 {
    if let offset = known[text] { return offset }
    let offset = btf.appendString(text)
    known[text] = offset
    return offset
  }

  private mutating func add(
    _ kind: BTF.Kind, _ name: String, count: Int = 0, flag: Bool = false, _ sizeOrType: UInt32,
    _ rest: [UInt32] = []
  ) -> UInt32 {
    let info =
      UInt32(kind.rawValue) << 24 | UInt32(truncatingIfNeeded: count) & 0xffff
      | (flag ? 1 << 31 : 0)
    return btf.appendType([string(name), info, sizeOrType] + rest)
  }

  /// An integer of 1, 2, 4, 8 or 16 bytes.
  public mutating func integer(_ name: String, size: Int, signed: Bool = false) -> UInt32 {
    add(
      .int, name, UInt32(truncatingIfNeeded: size),
      [(signed ? 1 << 24 : 0) | UInt32(truncatingIfNeeded: size * 8) & 0xff])
  }

  public mutating func boolean(_ name: String = "_Bool") -> UInt32 {
    add(.int, name, 1, [1 << 26 | 8])
  }

  public mutating func pointer(to type: UInt32) -> UInt32 { add(.pointer, "", type) }

  /// An array; the index type that every array needs is added once.
  public mutating func array(of element: UInt32, count: Int) -> UInt32 {
    let index =
      if let indexType { indexType } else { integer("__ARRAY_SIZE_TYPE__", size: 4) }
    indexType = index
    return add(.array, "", 0, [element, index, UInt32(truncatingIfNeeded: count)])
  }

  /// A structure; bit offsets are the caller's, at most 65,535 members.
  public mutating func structure(
    _ name: String, size: Int, members: [BTF.Member]
  ) -> UInt32 {
    var words: [UInt32] = []
    let flag = members.contains { $0.bitSize != nil }
    for member in members.prefix(0xffff) {
      let offset = UInt32(truncatingIfNeeded: member.bitOffset)
      let bits = UInt32(truncatingIfNeeded: member.bitSize ?? 0)
      words += [string(member.name), member.type, flag ? bits << 24 | offset & 0xff_ffff : offset]
    }
    return add(
      .structure, name, count: words.count / 3, flag: flag, UInt32(truncatingIfNeeded: size), words)
  }

  /// A union; all members at bit 0.
  public mutating func union(_ name: String, size: Int, members: [BTF.Member]) -> UInt32 {
    let id = structure(name, size: size, members: members)
    btf.setKind(.union, of: id)
    return id
  }

  /// An enumeration of four bytes, or of eight (`BTF_KIND_ENUM64`); at most 65,535 constants.
  public mutating func enumeration(
    _ name: String, size: Int = 4, signed: Bool = false, _ constants: [BTF.Enumerator]
  ) -> UInt32 {
    var words: [UInt32] = []
    for constant in constants.prefix(0xffff) {
      words += [string(constant.name), UInt32(truncatingIfNeeded: constant.value)]
      if size == 8 { words.append(UInt32(truncatingIfNeeded: constant.value >> 32)) }
    }
    return add(
      size == 8 ? .enumeration64 : .enumeration, name, count: min(constants.count, 0xffff),
      flag: signed, UInt32(truncatingIfNeeded: size), words)
  }

  /// A structure or union that is only declared.
  public mutating func forward(_ name: String, isUnion: Bool = false) -> UInt32 {
    add(.forward, name, flag: isUnion, 0)
  }

  /// A function's type; parameters have no names, at most 65,535.
  public mutating func prototype(returning result: UInt32, _ parameters: [UInt32]) -> UInt32 {
    let kept = parameters.prefix(0xffff)
    return add(.functionPrototype, "", count: kept.count, result, kept.flatMap { [0, $0] })
  }

  public mutating func typedef(_ name: String, _ type: UInt32) -> UInt32 {
    add(.typedef, name, type)
  }

  public mutating func const(_ type: UInt32) -> UInt32 { add(.const, "", type) }

  public mutating func variable(
    _ name: String, type: UInt32, linkage: BTF.Linkage = .global
  ) -> UInt32 {
    add(.variable, name, type, [linkage.rawValue])
  }

  /// A data section of `size` bytes; variables by ascending offset, at most 65,535.
  public mutating func dataSection(
    _ name: String, size: Int, _ variables: [BTF.SectionVariable]
  ) -> UInt32 {
    let kept = variables.prefix(0xffff)
    return add(
      .dataSection, name, count: kept.count, UInt32(truncatingIfNeeded: size),
      kept.flatMap { [$0.type, $0.offset, $0.size] })
  }

  /// A function without parameters, and its prototype.
  public mutating func function(
    _ name: String, returning type: UInt32, linkage: BTF.Linkage
  ) -> UInt32 {
    let prototype = add(.functionPrototype, "", type)
    return add(.function, name, count: Int(linkage.rawValue), prototype)
  }

  public mutating func float(_ name: String, size: Int) -> UInt32 {
    add(.float, name, UInt32(truncatingIfNeeded: size))
  }

  /// A tag on a declaration as a whole.
  public mutating func declarationTag(_ name: String, on type: UInt32) -> UInt32 {
    add(.declarationTag, name, type, [.max])
  }

  public mutating func typeTag(_ name: String, _ type: UInt32) -> UInt32 {
    add(.typeTag, name, type)
  }
}
