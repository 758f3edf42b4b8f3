/// The functions of a program or shared library.
public enum ExecutableSymbols {
  /// Where in the file a function begins, as uprobes want it; nil if neither symbol table defines
  /// it. `bytes` is a 64-bit little-endian ELF file. Throws what is wrong with other bytes.
  public static func fileOffset(
    of function: String, in bytes: [UInt8]
  ) throws(ObjectError) -> UInt64? {
    var header = ByteReader(bytes, section: "ELF header", bigEndian: false)
    guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]) else {
      throw header.failure("this is no 64-bit little-endian ELF file")
    }
    try header.seek(to: 40)
    let tableOffset = try header.read(UInt64.self)
    try header.seek(to: 60)
    let count = Int(try header.read(UInt16.self))
    let sections = try self.sections(bytes, at: tableOffset, count: count)
    // SHT_SYMTAB and SHT_DYNSYM; the former is absent from stripped files.
    for table in sections where table.type == 2 || table.type == 11 {
      guard Int(table.link) < sections.count else { continue }
      let names = sections[Int(table.link)].range(in: bytes)
      guard
        let symbol = try find(function, in: table.range(in: bytes), names, bytes),
        symbol.section < sections.count
      else { continue }
      let home = sections[symbol.section]
      guard symbol.value >= home.address, symbol.value - home.address < home.size else { continue }
      let (offset, overflow) = home.offset.addingReportingOverflow(symbol.value - home.address)
      if !overflow { return offset }
    }
    return nil
  }

  private struct Section {
    var type: UInt32
    var address: UInt64
    var offset: UInt64
    var size: UInt64
    var link: UInt32

    /// The bytes that the file has of it.
    func range(in bytes: [UInt8]) -> Range<Int> {
      let start = Int(min(offset, UInt64(bytes.count)))
      return start..<start + Int(min(size, UInt64(bytes.count - start)))
    }
  }

  private static func sections(
    _ bytes: [UInt8], at offset: UInt64, count: Int
  ) throws(ObjectError) -> [Section] {
    var reader = ByteReader(bytes, section: "section headers", bigEndian: false)
    guard let start = Int(exactly: offset) else {
      throw reader.failure("they are said to be at \(offset)")
    }
    try reader.seek(to: start)
    var sections: [Section] = []
    for _ in 0..<count {
      try reader.skip(4)
      let type = try reader.read(UInt32.self)
      try reader.skip(8)
      let address = try reader.read(UInt64.self)
      let offset = try reader.read(UInt64.self)
      let size = try reader.read(UInt64.self)
      let link = try reader.read(UInt32.self)
      try reader.skip(20)
      sections.append(
        Section(type: type, address: address, offset: offset, size: size, link: link))
    }
    return sections
  }

  private static func find(
    _ function: String, in table: Range<Int>, _ names: Range<Int>, _ bytes: [UInt8]
  ) throws(ObjectError) -> (section: Int, value: UInt64)? {
    let wanted = Array(function.utf8) + [0]
    var reader = ByteReader(bytes, in: table, section: "symbols", bigEndian: false)
    while reader.remaining >= 24 {
      let name = Int(try reader.read(UInt32.self))
      let info = try reader.read(UInt8.self)
      try reader.skip(1)
      let section = Int(try reader.read(UInt16.self))
      let value = try reader.read(UInt64.self)
      try reader.skip(8)
      // STT_FUNC and STT_GNU_IFUNC; those of section 0 are defined elsewhere.
      let kind = info & 0xf
      guard section != 0, kind == 2 || kind == 10, name <= names.count - wanted.count else {
        continue
      }
      let start = names.lowerBound + name
      if bytes[start..<start + wanted.count].elementsEqual(wanted) { return (section, value) }
    }
    return nil
  }
}
