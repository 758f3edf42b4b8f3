/// Sections and segments of a 64-bit little-endian program or shared library.
struct ExecutableLayout {
  struct Section {
    var name: String
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

  /// A part of the file that is mapped (PT_LOAD).
  private struct Segment {
    var address: UInt64
    var offset: UInt64
    var size: UInt64
  }

  let bytes: [UInt8]
  /// `e_machine`: 62 x86-64, 183 aarch64.
  let machine: UInt16
  let sections: [Section]
  private let segments: [Segment]

  init(parsing bytes: [UInt8]) throws(ObjectError) {
    self.bytes = bytes
    var header = ByteReader(bytes, section: "ELF header", bigEndian: false)
    guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]) else {
      throw header.failure("this is no 64-bit little-endian ELF file")
    }
    try header.seek(to: 18)
    machine = try header.read(UInt16.self)
    try header.seek(to: 32)
    let segmentOffset = try header.read(UInt64.self)
    let sectionOffset = try header.read(UInt64.self)
    try header.seek(to: 56)
    let segmentCount = Int(try header.read(UInt16.self))
    try header.skip(2)
    let sectionCount = Int(try header.read(UInt16.self))
    let nameSection = Int(try header.read(UInt16.self))
    segments = try Self.segments(bytes, at: segmentOffset, count: segmentCount)
    sections = try Self.sections(bytes, at: sectionOffset, count: sectionCount, nameSection)
  }

  private static func segments(
    _ bytes: [UInt8], at offset: UInt64, count: Int
  ) throws(ObjectError) -> [Segment] {
    guard count > 0 else { return [] }
    var reader = ByteReader(bytes, section: "program headers", bigEndian: false)
    guard let start = Int(exactly: offset) else {
      throw reader.failure("they are said to be at \(offset)")
    }
    try reader.seek(to: start)
    var segments: [Segment] = []
    for _ in 0..<count {
      let type = try reader.read(UInt32.self)
      try reader.skip(4)
      let offset = try reader.read(UInt64.self)
      let address = try reader.read(UInt64.self)
      try reader.skip(8)
      let size = try reader.read(UInt64.self)
      try reader.skip(16)
      if type == 1 { segments.append(Segment(address: address, offset: offset, size: size)) }
    }
    return segments
  }

  private static func sections(
    _ bytes: [UInt8], at offset: UInt64, count: Int, _ nameSection: Int
  ) throws(ObjectError) -> [Section] {
    guard count > 0 else { return [] }
    var reader = ByteReader(bytes, section: "section headers", bigEndian: false)
    guard let start = Int(exactly: offset) else {
      throw reader.failure("they are said to be at \(offset)")
    }
    try reader.seek(to: start)
    var sections: [Section] = []
    var names: [UInt32] = []
    for _ in 0..<count {
      names.append(try reader.read())
      let type = try reader.read(UInt32.self)
      try reader.skip(8)
      let address = try reader.read(UInt64.self)
      let offset = try reader.read(UInt64.self)
      let size = try reader.read(UInt64.self)
      let link = try reader.read(UInt32.self)
      try reader.skip(20)
      sections.append(
        Section(name: "", type: type, address: address, offset: offset, size: size, link: link))
    }
    guard nameSection < count else { return sections }
    let table = sections[nameSection].range(in: bytes)
    for index in sections.indices {
      sections[index].name = Self.text(bytes, at: Int(names[index]), in: table) ?? ""
    }
    return sections
  }

  /// The text at an offset of a table of texts; nil if it does not end within 1,024 bytes.
  static func text(_ bytes: [UInt8], at offset: Int, in table: Range<Int>) -> String? {
    guard offset < table.count else { return nil }
    let rest = bytes[table][(table.lowerBound + offset)...].prefix(1024)
    guard let end = rest.firstIndex(of: 0) else { return nil }
    return String(decoding: rest[..<end], as: UTF8.self)
  }

  /// Where in the file an address is; nil if the file has nothing there.
  func fileOffset(of address: UInt64) -> UInt64? {
    for segment in segments
    where address >= segment.address && address - segment.address < segment.size {
      let (offset, overflow) = segment.offset.addingReportingOverflow(address - segment.address)
      return overflow ? nil : offset
    }
    return nil
  }
}
