/// The `.BTF.ext` section: what types and source lines instructions belong to, and CO-RE
/// relocations. Instructions are counted in slots from the start of their section.
struct BTFExtension: Sendable {
  /// `struct bpf_core_relo`.
  struct CORERelocation: Hashable, Sendable {
    var instruction: UInt32
    /// The root type in the object's BTF.
    var typeID: UInt32
    /// The access string's offset in the BTF's strings: `0:1:2`.
    var accessString: UInt32
    /// `enum bpf_core_relo_kind`.
    var kind: UInt32
  }

  /// By section name, by ascending instruction.
  private(set) var functionInfo: [String: [FunctionInfo]] = [:]
  private(set) var lineInfo: [String: [LineInfo]] = [:]
  private(set) var coreRelocations: [String: [CORERelocation]] = [:]

  private static let section = ".BTF.ext"

  init() {}

  init(parsing bytes: [UInt8], btf: BTF, names: inout NameBudget) throws(ObjectError) {
    guard let bigEndian = BTFHeader.bigEndian(bytes) else {
      throw ObjectError(section: Self.section, offset: 0, message: "the magic is missing")
    }
    var header = ByteReader(bytes, section: Self.section, bigEndian: bigEndian)
    try header.skip(2)
    let version = try header.read(UInt8.self)
    guard version == 1 else { throw header.failure("version \(version) is not known, only 1 is") }
    try header.skip(1)
    let length = Int(try header.read(UInt32.self))
    guard length >= 24, length <= bytes.count else {
      throw header.failure("the header's length of \(length) bytes is impossible")
    }
    let functions = try Self.part(&header, length)
    let lines = try Self.part(&header, length)
    let relocations = length >= 32 ? try Self.part(&header, length) : 0..<0

    try Self.records(
      bytes, functions, bigEndian, btf, &names, size: 8
    ) { (section, reader) throws(ObjectError) in
      functionInfo[section, default: []].append(
        FunctionInfo(instruction: try Self.instruction(&reader), typeID: try reader.read()))
    }
    try Self.records(
      bytes, lines, bigEndian, btf, &names, size: 16
    ) { (section, reader) throws(ObjectError) in
      lineInfo[section, default: []].append(
        LineInfo(
          instruction: try Self.instruction(&reader), file: try reader.read(),
          text: try reader.read(), position: try reader.read()))
    }
    try Self.records(
      bytes, relocations, bigEndian, btf, &names, size: 16
    ) { (section, reader) throws(ObjectError) in
      coreRelocations[section, default: []].append(
        CORERelocation(
          instruction: try Self.instruction(&reader), typeID: try reader.read(),
          accessString: try reader.read(), kind: try reader.read()))
    }
    for section in functionInfo.keys {
      functionInfo[section]?.sort { $0.instruction < $1.instruction }
    }
    for section in lineInfo.keys { lineInfo[section]?.sort { $0.instruction < $1.instruction } }
    for section in coreRelocations.keys {
      coreRelocations[section]?.sort { $0.instruction < $1.instruction }
    }
  }

  /// The entries of a function's instructions.
  static func slice<Entry>(
    _ entries: [Entry]?, from start: Int, to end: Int, by instruction: (Entry) -> UInt32
  ) -> ArraySlice<Entry> {
    guard let entries else { return [] }
    func firstIndex(atLeast wanted: Int) -> Int {
      var low = 0
      var high = entries.count
      while low < high {
        let middle = (low + high) / 2
        if Int(instruction(entries[middle])) < wanted { low = middle + 1 } else { high = middle }
      }
      return low
    }
    return entries[firstIndex(atLeast: start)..<firstIndex(atLeast: end)]
  }

  /// Offset and length of a part, from the end of the header.
  private static func part(
    _ header: inout ByteReader, _ length: Int
  ) throws(ObjectError) -> Range<Int> {
    let start = Int(try header.read(UInt32.self)) + length
    let size = Int(try header.read(UInt32.self))
    guard size == 0 || start + size <= header.end else {
      throw header.failure("truncated: a part reaches past the end")
    }
    return size == 0 ? 0..<0 : start..<start + size
  }

  private static func instruction(_ reader: inout ByteReader) throws(ObjectError) -> UInt32 {
    let offset = try reader.read(UInt32.self)
    guard offset % 8 == 0 else { throw reader.failure("an offset within an instruction") }
    return offset / 8
  }

  /// Calls `read` at the start of each record; records may be longer than what is known of them.
  private static func records(
    _ bytes: [UInt8], _ range: Range<Int>, _ bigEndian: Bool, _ btf: BTF,
    _ names: inout NameBudget, size: Int,
    read: (String, inout ByteReader) throws(ObjectError) -> Void
  ) throws(ObjectError) {
    guard !range.isEmpty else { return }
    var reader = ByteReader(bytes, section: section, bigEndian: bigEndian)
    try reader.seek(to: range.lowerBound)
    let recordSize = Int(try reader.read(UInt32.self))
    guard recordSize >= size, recordSize % 4 == 0 else {
      throw reader.failure("records of \(recordSize) bytes, expected at least \(size)")
    }
    while reader.position < range.upperBound {
      let name = try names.spend(btf.name(at: try reader.read()), section: section)
      let count = Int(try reader.read(UInt32.self))
      guard count <= (range.upperBound - reader.position) / recordSize else {
        throw reader.failure("truncated: \(count) records do not fit")
      }
      for _ in 0..<count {
        let next = reader.position + recordSize
        try read(name, &reader)
        try reader.seek(to: next)
      }
    }
  }
}
