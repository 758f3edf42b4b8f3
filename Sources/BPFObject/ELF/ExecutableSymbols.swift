/// The functions of a program or shared library.
public enum ExecutableSymbols {
  /// Where in the file a function begins, as uprobes want it; nil if neither symbol table defines
  /// it. `bytes` is a 64-bit little-endian ELF file. Throws what is wrong with other bytes.
  public static func fileOffset(
    of function: String, in bytes: [UInt8]
  ) throws(ObjectError) -> UInt64? {
    let wanted = Array(function.utf8)
    var found: UInt64?
    try visit(bytes) { name, offset in
      guard name.elementsEqual(wanted) else { return true }
      found = offset
      return false
    }
    return found
  }

  /// The functions whose names match any of some patterns (`*` any bytes, `?` one), by name, with
  /// where in the file each begins. Throws as `fileOffset(of:in:)` does.
  public static func fileOffsets(
    matching patterns: [String], in bytes: [UInt8]
  ) throws(ObjectError) -> [String: UInt64] {
    let patterns = patterns.map { Glob($0) }
    var found: [String: UInt64] = [:]
    try visit(bytes) { name, offset in
      if patterns.contains(where: { $0.matches(name) }) {
        let text = String(decoding: name, as: UTF8.self)
        // The first table is the fuller one, and says the same.
        if found[text] == nil { found[text] = offset }
      }
      return true
    }
    return found
  }

  /// Calls `body` with the name of each function that is defined and where in the file it begins,
  /// until it answers false.
  private static func visit(
    _ bytes: [UInt8], _ body: (ArraySlice<UInt8>, UInt64) -> Bool
  ) throws(ObjectError) {
    let layout = try ExecutableLayout(parsing: bytes)
    // SHT_SYMTAB and SHT_DYNSYM; the former is absent from stripped files.
    for table in layout.sections where table.type == 2 || table.type == 11 {
      guard Int(table.link) < layout.sections.count else { continue }
      let names = layout.sections[Int(table.link)].range(in: bytes)
      var reader = ByteReader(
        bytes, in: table.range(in: bytes), section: "symbols", bigEndian: false)
      while reader.remaining >= 24 {
        let name = Int(try reader.read(UInt32.self))
        let info = try reader.read(UInt8.self)
        try reader.skip(1)
        let section = Int(try reader.read(UInt16.self))
        let value = try reader.read(UInt64.self)
        try reader.skip(8)
        // STT_FUNC and STT_GNU_IFUNC; those of section 0 are defined elsewhere.
        let kind = info & 0xf
        guard section != 0, kind == 2 || kind == 10, section < layout.sections.count,
          name < names.count
        else { continue }
        let home = layout.sections[section]
        guard value >= home.address, value - home.address < home.size else { continue }
        let (offset, overflow) = home.offset.addingReportingOverflow(value - home.address)
        let rest = bytes[(names.lowerBound + name)..<names.upperBound]
        guard !overflow, let end = rest.firstIndex(of: 0) else { continue }
        if !body(rest[..<end], offset) { return }
      }
    }
  }
}

/// A pattern of names: `*` stands for any bytes, `?` for one.
public struct Glob: Sendable {
  private let pattern: [UInt8]

  public init(_ pattern: String) { self.pattern = Array(pattern.utf8) }

  /// Whether it stands for more than one name.
  public static func isPattern(_ text: String) -> Bool {
    text.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
  }

  /// In time proportional at most to the product of both lengths.
  public func matches(_ name: ArraySlice<UInt8>) -> Bool {
    var (place, next) = (name.startIndex, 0)
    // Where the last `*` stands, and how far it reaches so far.
    var star: (pattern: Int, name: Int)?
    while place < name.endIndex {
      if next < pattern.count, pattern[next] == UInt8(ascii: "*") {
        star = (next, place)
        next += 1
      } else if next < pattern.count,
        pattern[next] == UInt8(ascii: "?") || pattern[next] == name[place]
      {
        place += 1
        next += 1
      } else if let last = star {
        star = (last.pattern, last.name + 1)
        place = last.name + 1
        next = last.pattern + 1
      } else {
        return false
      }
    }
    return pattern[next...].allSatisfy { $0 == UInt8(ascii: "*") }
  }

  public func matches(_ name: String) -> Bool { matches(Array(name.utf8)[...]) }
}
