/// A 64-bit ELF file: its sections, symbols and relocations, checked against the bytes.
///
/// Names stay offsets until they are asked for, so that hostile tables cannot multiply them.
struct ELFFile: Sendable {
  static let machineBPF: UInt16 = 247

  /// What a file is read for.
  enum Purpose {
    /// An object of BPF code.
    case code
    /// Its `.BTF` section alone, whatever else it is: symbols are not read.
    case types
  }

  struct Section: Sendable {
    var nameOffset: UInt32
    var type: UInt32
    var flags: UInt64
    var offset: UInt64
    var size: UInt64
    var link: UInt32
    var info: UInt32
    var entrySize: UInt64

    var isExecutable: Bool { flags & 4 != 0 }
    /// Takes no bytes in the file.
    var isZeroFilled: Bool { type == SectionType.noBits }
  }

  enum SectionType {
    static let programBits: UInt32 = 1
    static let symbolTable: UInt32 = 2
    static let rela: UInt32 = 4
    static let noBits: UInt32 = 8
    static let rel: UInt32 = 9
  }

  struct Symbol: Sendable {
    var nameOffset: UInt32
    var info: UInt8
    var other: UInt8
    var section: UInt16
    var value: UInt64
    var size: UInt64

    enum Kind { static let none = 0, object = 1, function = 2, section = 3 }
    var kind: Int { Int(info & 0xf) }
    var isLocal: Bool { info >> 4 == 0 }
    var isWeak: Bool { info >> 4 == 2 }
    /// Hidden or internal visibility.
    var isHidden: Bool { other & 3 == 1 || other & 3 == 2 }
    var isUndefined: Bool { section == 0 }
    /// Absolute, common and other reserved section numbers.
    var isReserved: Bool { section >= 0xff00 }
  }

  struct Relocation: Sendable {
    /// Bytes from the start of the section that is relocated.
    var offset: UInt64
    var symbol: UInt32
    var type: UInt32
    var addend: Int64
  }

  let bytes: [UInt8]
  let bigEndian: Bool
  private(set) var sections: [Section] = []
  private(set) var symbols: [Symbol] = []
  private var sectionNames: Range<Int> = 0..<0
  private var symbolNames: Range<Int> = 0..<0

  init(parsing bytes: [UInt8], for purpose: Purpose = .code) throws(ObjectError) {
    self.bytes = bytes
    let header = try ELFHeader(parsing: bytes, for: purpose)
    bigEndian = header.bigEndian
    try readSections(header)
    try checkSizes()
    if header.nameSection != 0 {
      guard header.nameSection < sections.count else {
        throw ObjectError(
          section: "ELF header", offset: 62,
          message: "the section names are said to be in section \(header.nameSection) of "
            + "\(sections.count)")
      }
      sectionNames = range(of: sections[header.nameSection])
    }
    if purpose == .code { try readSymbols() }
  }

  private mutating func readSections(_ header: ELFHeader) throws(ObjectError) {
    guard header.sectionOffset > 0 else { return }
    var reader = ByteReader(bytes, section: "section headers", bigEndian: bigEndian)
    try reader.seek(to: header.sectionOffset)
    var count = header.sectionCount
    if count == 0 {
      // More than 65,279 sections: the count stands in the first header.
      try reader.skip(32)
      let size = try reader.read(UInt64.self)
      guard size <= UInt64(bytes.count / 64) else {
        throw reader.failure("\(size) sections do not fit in the file")
      }
      count = Int(size)
      try reader.seek(to: header.sectionOffset)
    }
    guard count <= reader.remaining / 64 else {
      throw reader.failure("truncated: \(count) sections do not fit in the file")
    }
    sections.reserveCapacity(count)
    for _ in 0..<count {
      let name = try reader.read(UInt32.self)
      let type = try reader.read(UInt32.self)
      let flags = try reader.read(UInt64.self)
      try reader.skip(8)
      let offset = try reader.read(UInt64.self)
      let size = try reader.read(UInt64.self)
      let link = try reader.read(UInt32.self)
      let info = try reader.read(UInt32.self)
      try reader.skip(8)
      let entrySize = try reader.read(UInt64.self)
      sections.append(
        Section(
          nameOffset: name, type: type, flags: flags, offset: offset, size: size, link: link,
          info: info, entrySize: entrySize))
    }
  }

  /// Every section lies in the file, and they do not add up to more than it: overlapping sections
  /// would let a small file claim a lot of memory.
  private func checkSizes() throws(ObjectError) {
    var total: UInt64 = 0
    for (index, section) in sections.enumerated()
    where !section.isZeroFilled && section.type != 0 && section.size > 0 {
      guard section.offset <= UInt64(bytes.count),
        section.size <= UInt64(bytes.count) - section.offset
      else {
        throw ObjectError(
          section: "section headers", offset: index * 64,
          message: "truncated: section \(index) reaches past the end of the file")
      }
      total += section.size
    }
    guard total <= UInt64(bytes.count) else {
      throw ObjectError(section: "section headers", message: "sections overlap")
    }
  }

  private mutating func readSymbols() throws(ObjectError) {
    guard let table = sections.firstIndex(where: { $0.type == SectionType.symbolTable }) else {
      return
    }
    let section = sections[table]
    guard section.size % 24 == 0 else {
      throw ObjectError(section: name(ofSection: table), message: "half a symbol at the end")
    }
    guard Int(section.link) < sections.count else {
      throw ObjectError(
        section: name(ofSection: table),
        message: "the names are said to be in section \(section.link) of \(sections.count)")
    }
    symbolNames = range(of: sections[Int(section.link)])
    var reader = reader(ofSection: table)
    symbols.reserveCapacity(reader.remaining / 24)
    while !reader.isAtEnd {
      symbols.append(
        Symbol(
          nameOffset: try reader.read(), info: try reader.read(), other: try reader.read(),
          section: try reader.read(), value: try reader.read(), size: try reader.read()))
    }
  }

  // MARK: Asking

  private func range(of section: Section) -> Range<Int> {
    guard !section.isZeroFilled, section.type != 0, section.size > 0 else { return 0..<0 }
    return Int(section.offset)..<Int(section.offset) + Int(section.size)
  }

  private func string(at offset: UInt32, in table: Range<Int>) -> String {
    let start = table.lowerBound + Int(offset)
    guard start < table.upperBound, let found = bytes.terminated(at: start),
      found.upperBound < table.upperBound
    else { return "" }
    return String(decoding: bytes[found], as: UTF8.self)
  }

  /// Empty when there is none or it is longer than 1,024 bytes.
  func name(ofSection index: Int) -> String {
    string(at: sections[index].nameOffset, in: sectionNames)
  }

  /// Empty when there is none or it is longer than 1,024 bytes.
  func name(of symbol: Symbol) -> String { string(at: symbol.nameOffset, in: symbolNames) }

  /// Where the section lies in the file; it does (`checkSizes`).
  func range(ofSection index: Int) -> Range<Int> { range(of: sections[index]) }

  func contents(ofSection index: Int) -> [UInt8] { Array(bytes[range(of: sections[index])]) }

  func reader(ofSection index: Int) -> ByteReader {
    ByteReader(
      bytes, in: range(of: sections[index]), section: name(ofSection: index), bigEndian: bigEndian)
  }

  /// The relocations of all sections, by the index of the section that they change.
  func relocations() throws(ObjectError) -> [Int: [Relocation]] {
    var found: [Int: [Relocation]] = [:]
    for (index, section) in sections.enumerated() {
      let size: Int
      switch section.type {
      case SectionType.rel: size = 16
      case SectionType.rela: size = 24
      default: continue
      }
      guard section.size % UInt64(size) == 0 else {
        throw ObjectError(section: name(ofSection: index), message: "half a relocation at the end")
      }
      guard Int(section.info) < sections.count else {
        throw ObjectError(
          section: name(ofSection: index),
          message: "relocates section \(section.info) of \(sections.count)")
      }
      var reader = reader(ofSection: index)
      var entries: [Relocation] = []
      entries.reserveCapacity(reader.remaining / size)
      while !reader.isAtEnd {
        let offset = try reader.read(UInt64.self)
        let info = try reader.read(UInt64.self)
        let addend = size == 24 ? try reader.read(Int64.self) : 0
        let symbol = UInt32(truncatingIfNeeded: info >> 32)
        guard Int(symbol) < symbols.count else {
          throw reader.failure("refers to symbol \(symbol) of \(symbols.count)")
        }
        entries.append(
          Relocation(
            offset: offset, symbol: symbol, type: UInt32(truncatingIfNeeded: info), addend: addend))
      }
      found[Int(section.info), default: []] += entries
    }
    return found
  }
}
