/// The BPF Type Format: the types of an object file or of a kernel.
///
/// Kept as the bytes that it was read from (converted to little-endian), with an index of where
/// each type starts: a kernel's BTF of five megabytes is checked and indexed in one pass, and a type
/// is decoded when it is asked for. Type 0 is void. Ids are those of the bytes.
///
/// Everything that follows references is bounded, so that cycles give nil instead of a hang.
public struct BTF: Sendable {
  /// The type section, every word little-endian.
  private(set) var types: ByteRegion
  /// The string section; empty or starting and ending with NUL.
  private(set) var strings: ByteRegion
  /// Where each type of this BTF starts in `types`.
  private(set) var starts: [UInt32] = []
  private let baseBox: Box?
  /// The byte order that the bytes had: that of the machine whose types these are.
  public let isBigEndian: Bool
  /// The first id, and the first string offset, that is this BTF's own and not its base's.
  public let firstID: UInt32
  let firstString: UInt32

  private final class Box: Sendable {
    let btf: BTF
    init(_ btf: BTF) { self.btf = btf }
  }

  /// What split BTF (a kernel module's) continues.
  public var base: BTF? { baseBox?.btf }

  /// One more than the highest id, void and the base's types included.
  public var count: Int { Int(firstID) + starts.count }

  /// Reads a `.BTF` section, `/sys/kernel/btf/vmlinux` or, over its base, a module's BTF.
  ///
  /// Checked here: that every type lies within the section, and, unless `checksReferences` is false,
  /// that every name and every type that is referred to exists. A kernel's own BTF needs no such look
  /// at each of its types; what does not exist is nil, or an empty name, when it is asked for. Throws
  /// `ObjectError` with the byte offset.
  public init(
    parsing bytes: [UInt8], base: BTF? = nil, section: String = ".BTF",
    checksReferences: Bool = true
  ) throws(ObjectError) {
    let header = try BTFHeader(parsing: bytes, section: section)
    isBigEndian = header.bigEndian
    strings = ByteRegion(bytes, in: header.strings)
    types = ByteRegion(bytes, in: header.types)
    baseBox = base.map(Box.init)
    firstID = base.map { UInt32(truncatingIfNeeded: $0.count) } ?? 1
    firstString =
      base.map { $0.firstString &+ UInt32(truncatingIfNeeded: $0.strings.count) } ?? 0
    if !strings.isEmpty || base == nil {
      guard strings.last == 0, base != nil || strings.first == 0 else {
        throw ObjectError(
          section: section, offset: header.strings.lowerBound,
          message: "the strings must start and end with a NUL byte")
      }
    }
    if header.bigEndian {
      var offset = 0
      while offset + 4 <= types.count {
        types.setWord(types.word(at: offset).byteSwapped, at: offset)
        offset += 4
      }
    }
    starts = try index(section: section, at: header.types.lowerBound)
    if checksReferences {
      try checkReferences(section: section, at: header.types.lowerBound)
    }
  }

  /// BTF of nothing but void, or of nothing but its base.
  init(base: BTF? = nil) {
    isBigEndian = false
    types = ByteRegion()
    strings = ByteRegion(base == nil ? [0] : [])
    baseBox = base.map(Box.init)
    firstID = base.map { UInt32(truncatingIfNeeded: $0.count) } ?? 1
    firstString = base.map { UInt32(truncatingIfNeeded: $0.stringsEnd) } ?? 0
  }

  // MARK: Looking up

  /// The head of a type; nil when there is no such id. Id 0 is void.
  public func head(_ id: UInt32) -> TypeHead? {
    if id < firstID {
      if let base { return base.head(id) }
      return TypeHead(
        id: 0, kind: .void, nameOffset: 0, flag: false, count: 0, sizeOrType: 0)
    }
    guard let start = start(of: id) else { return nil }
    let info = types.word(at: start + 4)
    guard let kind = Kind(rawValue: UInt8((info >> 24) & 0x1f)) else { return nil }
    return TypeHead(
      id: id, kind: kind, nameOffset: types.word(at: start), flag: info >> 31 == 1,
      count: Int(info & 0xffff), sizeOrType: types.word(at: start + 8))
  }

  public func kind(of id: UInt32) -> Kind? { head(id)?.kind }

  /// The type's name; empty for types without one and for ids that do not exist.
  public func name(of id: UInt32) -> String {
    head(id).map { name(at: $0.nameOffset) } ?? ""
  }

  /// A string of the string section, which line information refers to as well; empty when the
  /// offset lies outside.
  public func string(at offset: UInt32) -> String {
    string(at: offset, limit: 1 << 20)
  }

  /// A name; cut to 1,024 bytes, so that types that share one long name cannot multiply it.
  func name(at offset: UInt32) -> String { string(at: offset, limit: 1024) }

  private func string(at offset: UInt32, limit: Int) -> String {
    if offset < firstString { return base?.string(at: offset, limit: limit) ?? "" }
    let start = Int(offset - firstString)
    guard start < strings.count else { return "" }
    let range = strings.terminated(at: start, limit: limit) ?? start..<start + limit
    return String(decoding: strings[range.clamped(to: 0..<strings.count)], as: UTF8.self)
  }

  /// The type of that kind and name with the lowest id, the base's first.
  public func first(_ kind: Kind, named name: String) -> UInt32? {
    ids(of: kind, named: name, limit: 1).first
  }

  /// All types of that kind and name, by ascending id.
  public func ids(of kind: Kind, named name: String) -> [UInt32] {
    ids(of: kind, named: name, limit: .max)
  }

  /// All types of that kind, by ascending id; this BTF's own, not its base's.
  public func ids(of kind: Kind) -> [UInt32] {
    var found: [UInt32] = []
    for (index, start) in starts.enumerated()
    where UInt8((types.word(at: Int(start) + 4) >> 24) & 0x1f) == kind.rawValue {
      found.append(firstID + UInt32(truncatingIfNeeded: index))
    }
    return found
  }

  /// The type of that kind and name with the lowest id of this BTF's own, not of its base's.
  func firstOwn(_ kind: Kind, named name: String) -> UInt32? {
    ownIDs(of: kind, named: name, limit: 1).first
  }

  private func ids(of kind: Kind, named name: String, limit: Int) -> [UInt32] {
    let found = base?.ids(of: kind, named: name, limit: limit) ?? []
    return found + ownIDs(of: kind, named: name, limit: limit - found.count)
  }

  private func ownIDs(of kind: Kind, named name: String, limit: Int) -> [UInt32] {
    var found: [UInt32] = []
    let wanted = Array(name.utf8)
    guard !wanted.isEmpty, !wanted.contains(0) else { return found }
    for (index, start) in starts.enumerated() where found.count < limit {
      let start = Int(start)
      guard UInt8((types.word(at: start + 4) >> 24) & 0x1f) == kind.rawValue else { continue }
      if isString(wanted, at: types.word(at: start)) {
        found.append(firstID + UInt32(truncatingIfNeeded: index))
      }
    }
    return found
  }

  private func isString(_ wanted: [UInt8], at offset: UInt32) -> Bool {
    if offset < firstString { return base?.isString(wanted, at: offset) ?? false }
    return strings.holds(wanted, at: Int(offset - firstString))
  }

  /// Where a type of this BTF (not its base) starts in `types`.
  func start(of id: UInt32) -> Int? {
    guard id >= firstID else { return nil }
    let index = Int(id - firstID)
    return index < starts.count ? Int(starts[index]) : nil
  }

  /// How many strings' bytes the BTF and its base have.
  var stringsEnd: Int { Int(firstString) + strings.count }

  // MARK: Changing (for `LoadableBTF` and the builder)

  mutating func setWord(_ value: UInt32, at offset: Int) { types.setWord(value, at: offset) }
  mutating func appendType(_ words: [UInt32]) -> UInt32 {
    starts.append(UInt32(truncatingIfNeeded: types.count))
    for word in words { types.append(littleEndian: word) }
    return UInt32(truncatingIfNeeded: count - 1)
  }
  mutating func appendString(_ text: String) -> UInt32 {
    guard !text.isEmpty else { return 0 }
    let offset = UInt32(truncatingIfNeeded: stringsEnd)
    strings.append(terminated: text)
    return offset
  }
  mutating func setKind(_ kind: Kind, of id: UInt32) {
    guard let start = start(of: id) else { return }
    setWord(types.word(at: start + 4) & 0xe0ff_ffff | UInt32(kind.rawValue) << 24, at: start + 4)
  }
}
