import Testing

@testable import BPFObject

/// Notes of static probes, and where their arguments are.
@Suite struct StaticProbeTests {
  @Test(
    "Arguments are found on both machines",
    arguments: [
      ("-4@%edi", 62, ProbeArgument(location: .register(112), size: 4, isSigned: true)),
      ("8@%r15", 62, ProbeArgument(location: .register(0), size: 8, isSigned: false)),
      ("1@%r8b", 62, ProbeArgument(location: .register(72), size: 1, isSigned: false)),
      ("-4@$-5", 62, ProbeArgument(location: .constant(-5), size: 4, isSigned: true)),
      (
        "8@-16(%rbp)", 62,
        ProbeArgument(location: .memory(32, offset: -16), size: 8, isSigned: false)
      ),
      ("8@(%rax)", 62, ProbeArgument(location: .memory(80, offset: 0), size: 8, isSigned: false)),
      (
        "2@0x10(%rdi, %rcx,4)", 62,
        ProbeArgument(
          location: .indexed(112, index: 88, shift: 2, offset: 16), size: 2, isSigned: false)
      ),
      ("8@x30", 183, ProbeArgument(location: .register(240), size: 8, isSigned: false)),
      (
        "-4@[sp, 60]", 183,
        ProbeArgument(location: .memory(248, offset: 60), size: 4, isSigned: true)
      ),
      ("4@7", 183, ProbeArgument(location: .constant(7), size: 4, isSigned: false)),
    ])
  func places(text: String, machine: Int, expected: ProbeArgument) throws {
    let found = try ProbeArgument.all(in: "\(text) \(text)", machine: UInt16(machine))
    #expect(found == [expected, expected])
  }

  @Test(
    "What is not understood is refused",
    arguments: [
      "3@%edi", "8@%foo", "8", "8@", "@%edi", "-9223372036854775808@%edi", "8@(%rax",
      "8@(%rax,%rbx,3)",
      "8@sym(%rip)", "99999999999999999999@%edi", "8@$99999999999999999999", "8@[sp]",
      String(repeating: "8@%rax ", count: 13),
    ])
  func refused(text: String) {
    #expect(throws: ObjectError.self) { try ProbeArgument.all(in: text, machine: 62) }
  }

  @Test("A program's table has the layout of bpf/usdt.bpf.h")
  func layout() {
    let spec = StaticProbeSpec(
      arguments: [
        ProbeArgument(location: .memory(32, offset: -16), size: 4, isSigned: true),
        ProbeArgument(
          location: .indexed(112, index: 88, shift: 2, offset: 1), size: 8, isSigned: false),
      ], cookie: 0x0102)
    let bytes = spec.bytes
    #expect(bytes.count == 208)
    #expect(
      bytes[..<32]
        == [
          0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 32, 0, 1, 32,
          1, 0, 0, 0, 0, 0, 0, 0, 3, 88, 0x20, 0, 112, 0, 0, 0,
        ])
    #expect(bytes[32..<192].allSatisfy { $0 == 0 })
    #expect(bytes[192...] == [2, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test("Names match patterns")
  func globs() {
    for (pattern, name, isMatch) in [
      ("*", "", true), ("a*c", "abbc", true), ("a*c", "abcd", false), ("?", "", false),
      ("*b*b?", "abcbbx", true), ("abc", "abc", true), ("abc", "ab", false), ("a**", "a", true),
    ] {
      #expect(Glob(pattern).matches(name) == isMatch, "\(pattern) on \(name)")
    }
    let slow = Glob(String(repeating: "a*", count: 2000) + "b")
    #expect(!slow.matches(String(repeating: "a", count: 2000)))
  }

  @Test("Hostile files are errors or have no probes, and nothing traps")
  func hostile() {
    let good = Self.file
    #expect(throws: Never.self) { try StaticProbe.all(in: good) }
    for cut in 0..<good.count { _ = try? StaticProbe.all(in: Array(good[..<cut])) }
    for place in 0..<good.count {
      for value: UInt8 in [0, 0x7f, 0x80, 0xff] {
        var bytes = good
        bytes[place] = value
        if let probes = try? StaticProbe.all(in: bytes) {
          for probe in probes {
            _ = try? ProbeArgument.all(in: probe.arguments, machine: probe.machine)
          }
        }
        _ = try? ExecutableSymbols.fileOffsets(matching: ["*"], in: bytes)
      }
    }
  }

  @Test("Probes, their semaphores and their place after prelinking are read")
  func notes() throws {
    let found = try StaticProbe.all(in: Self.file)
    #expect(
      found == [
        StaticProbe(
          provider: "p", name: "n", offset: 0x10 + 0x1000, semaphore: 0x20 + 0x1000,
          arguments: "8@%rdi", machine: 62)
      ])
  }

  /// A file with one note: one segment at 0x400000 from byte 0x1000 on, and a base that was moved by
  /// 0x100.
  private static let file: [UInt8] = {
    func le<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
      (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> Number($0 * 8)) }
    }
    let names = Array("\0.note.stapsdt\0.stapsdt.base\0.shstrtab\0".utf8)
    var description = le(UInt64(0x3fff10)) + le(UInt64(0x500000)) + le(UInt64(0x3fff20))
    description += Array("p\0n\08@%rdi\0".utf8)
    var note = le(UInt32(8)) + le(UInt32(description.count)) + le(UInt32(3))
    note += Array("stapsdt\0".utf8) + description
    while note.count % 4 != 0 { note.append(0) }
    let headers = 64 + 56
    let sectionStart = headers + names.count + note.count
    var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    bytes += le(UInt16(3)) + le(UInt16(62)) + le(UInt32(1)) + le(UInt64(0))
    bytes += le(UInt64(64)) + le(UInt64(sectionStart)) + le(UInt32(0)) + le(UInt16(64))
    bytes += le(UInt16(56)) + le(UInt16(1)) + le(UInt16(64)) + le(UInt16(4)) + le(UInt16(3))
    bytes += le(UInt32(1)) + le(UInt32(5)) + le(UInt64(0x1000)) + le(UInt64(0x400000))
    bytes += le(UInt64(0x400000)) + le(UInt64(0x1000)) + le(UInt64(0x1000)) + le(UInt64(0x1000))
    bytes += names + note
    func section(_ name: UInt32, _ type: UInt32, _ address: UInt64, _ offset: Int, _ size: Int) {
      bytes += le(name) + le(type) + le(UInt64(0)) + le(address) + le(UInt64(offset))
      bytes += le(UInt64(size)) + [UInt8](repeating: 0, count: 24)
    }
    section(0, 0, 0, 0, 0)
    section(1, 7, 0, headers + names.count, note.count)
    section(15, 1, 0x500100, headers, 0)
    section(29, 3, 0, headers, names.count)
    return bytes
  }()
}
