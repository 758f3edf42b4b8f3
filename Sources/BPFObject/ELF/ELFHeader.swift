/// What is needed of the ELF header; everything else than 64-bit BPF is refused with a hint.
struct ELFHeader {
  var bigEndian: Bool
  var sectionOffset: Int
  /// 0 with a section offset = the count stands in the first section header.
  var sectionCount: Int
  var nameSection: Int

  init(parsing bytes: [UInt8], for purpose: ELFFile.Purpose) throws(ObjectError) {
    guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else {
      throw ObjectError(
        message: "not an ELF file: \(ELFHeader.beginning(bytes))",
        hint: ELFHeader.hint(bytes))
    }
    guard bytes.count >= 64 else {
      throw ObjectError(
        section: "ELF header", offset: bytes.count,
        message: "truncated: the header takes 64 bytes, there are \(bytes.count)")
    }
    guard bytes[4] == 2 else {
      throw ObjectError(
        section: "ELF header", offset: 4, message: "not a 64-bit ELF file",
        hint: "was it compiled with -target bpf?")
    }
    switch bytes[5] {
    case 1: bigEndian = false
    case 2: bigEndian = true
    default:
      throw ObjectError(
        section: "ELF header", offset: 5, message: "unknown byte order \(bytes[5])")
    }
    var reader = ByteReader(bytes, section: "ELF header", bigEndian: bigEndian)
    try reader.seek(to: 16)
    let type = try reader.read(UInt16.self)
    let machine = try reader.read(UInt16.self)
    guard machine == ELFFile.machineBPF || machine == 0 || purpose == .types else {
      throw ObjectError(
        section: "ELF header", offset: 18,
        message: "ELF for machine \(ELFHeader.machineName(machine)), not BPF",
        hint: "was it compiled with -target bpf?")
    }
    guard type == 1 || purpose == .types else {
      throw ObjectError(
        section: "ELF header", offset: 16,
        message: "not a relocatable object, but ELF type \(type)",
        hint: "pass the .o file that clang -c writes")
    }
    try reader.seek(to: 40)
    let offset = try reader.read(UInt64.self)
    guard offset <= UInt64(bytes.count) else {
      throw ObjectError(
        section: "ELF header", offset: 40,
        message: "truncated: the section headers are said to be at \(offset), the file has "
          + "\(bytes.count) bytes")
    }
    sectionOffset = Int(offset)
    try reader.seek(to: 58)
    let entrySize = try reader.read(UInt16.self)
    guard entrySize == 64 || offset == 0 else {
      throw ObjectError(
        section: "ELF header", offset: 58,
        message: "section headers of \(entrySize) bytes, expected 64")
    }
    sectionCount = Int(try reader.read(UInt16.self))
    nameSection = Int(try reader.read(UInt16.self))
  }

  /// What a file that is no ELF starts with, in words that can be printed.
  private static func beginning(_ bytes: [UInt8]) -> String {
    if bytes.isEmpty { return "it is empty" }
    let first = bytes.prefix(16)
    if first.allSatisfy({ $0 >= 0x20 && $0 < 0x7f || $0 == 0x0a || $0 == 0x09 }) {
      let text = String(decoding: first.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self)
      return "starts with \"\(text)\""
    }
    let hex = first.prefix(8).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0\(digits)" : digits
    }
    return "starts with \(hex.joined(separator: " "))"
  }

  private static func hint(_ bytes: [UInt8]) -> String? {
    if bytes.starts(with: [0x42, 0x43, 0xc0, 0xde]) {
      return "this is LLVM bitcode: compile without -emit-llvm"
    }
    if bytes.starts(with: Array("!<arch>".utf8)) {
      return "this is an archive: pass one of its members"
    }
    if bytes.starts(with: [0x9f, 0xeb]) { return "this is raw BTF" }
    return "pass the .o file that clang -target bpf -c writes"
  }

  private static func machineName(_ machine: UInt16) -> String {
    switch machine {
    case 3: "x86"
    case 40: "arm"
    case 62: "x86-64"
    case 183: "aarch64"
    case 243: "riscv"
    case 22: "s390"
    case 21: "ppc64"
    case 258: "loongarch"
    default: "\(machine)"
    }
  }
}
