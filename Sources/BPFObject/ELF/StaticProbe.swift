/// One place of a static probe (USDT) in a program or shared library.
public struct StaticProbe: Hashable, Sendable {
  public var provider: String
  public var name: String
  /// Where in the file its instruction is.
  public var offset: UInt64
  /// Where in the file the counter is that says whether anybody listens; nil if it has none.
  public var semaphore: UInt64?
  /// How its arguments are found, in the notation of the note: `-4@%edi 8@-16(%rbp)`.
  public var arguments: String
  /// `e_machine` of the file, whose registers the arguments name.
  public var machine: UInt16

  /// The places of all static probes that the notes of a file describe. `bytes` is a 64-bit
  /// little-endian ELF file. Throws what is wrong with other bytes.
  public static func all(in bytes: [UInt8]) throws(ObjectError) -> [StaticProbe] {
    let layout = try ExecutableLayout(parsing: bytes)
    let base = layout.sections.first { $0.name == ".stapsdt.base" }?.address
    var probes: [StaticProbe] = []
    // SHT_NOTE
    for section in layout.sections where section.type == 7 && section.name == ".note.stapsdt" {
      var reader = ByteReader(
        bytes, in: section.range(in: bytes), section: section.name, bigEndian: false)
      while reader.remaining >= 12 {
        let nameSize = Int(try reader.read(UInt32.self))
        let size = Int(try reader.read(UInt32.self))
        let type = try reader.read(UInt32.self)
        let name = try text(&reader, size: nameSize)
        let start = reader.position
        try reader.skip(size)
        try reader.align()
        // NT_STAPSDT
        guard type == 3, name == "stapsdt" else { continue }
        let note = ByteReader(
          bytes, in: start..<start + size, section: section.name, bigEndian: false)
        if let probe = try probe(note, layout, base: base) { probes.append(probe) }
      }
    }
    return probes
  }

  /// Three addresses and three texts. nil: its instruction is not in the file.
  private static func probe(
    _ note: ByteReader, _ layout: ExecutableLayout, base: UInt64?
  ) throws(ObjectError) -> StaticProbe? {
    var note = note
    let place = try note.read(UInt64.self)
    let noteBase = try note.read(UInt64.self)
    let semaphore = try note.read(UInt64.self)
    let texts = note.position..<note.end
    var fields: [String] = []
    var offset = 0
    while fields.count < 3 {
      guard let text = ExecutableLayout.text(layout.bytes, at: offset, in: texts) else {
        throw note.failure("a text of a static probe does not end")
      }
      fields.append(text)
      offset += text.utf8.count + 1
    }
    // Where the file was moved after it was linked, by as much as its base.
    let moved = base.map { $0 &- noteBase } ?? 0
    guard let instruction = layout.fileOffset(of: place &+ moved) else { return nil }
    return StaticProbe(
      provider: fields[0], name: fields[1], offset: instruction,
      semaphore: semaphore == 0 ? nil : layout.fileOffset(of: semaphore &+ moved),
      arguments: fields[2], machine: layout.machine)
  }

  private static func text(
    _ reader: inout ByteReader, size: Int
  ) throws(ObjectError) -> String {
    let start = reader.position
    try reader.skip(size)
    let bytes = reader.bytes[start..<start + size].prefix { $0 != 0 }
    try reader.align()
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension ByteReader {
  /// Skips to a multiple of four bytes, or to the end.
  fileprivate mutating func align() throws(ObjectError) {
    try skip(min(remaining, (4 - offset % 4) % 4))
  }
}
