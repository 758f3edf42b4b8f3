import Testing

@testable import BPFObject

/// Any bytes give an object or an error; a trap would end the test process.
@Suite struct HostileInputTests {
  /// Everything that can be asked of an object.
  private func exercise(_ bytes: [UInt8]) -> ObjectError? {
    do throws(ObjectError) {
      let object = try ObjectFile(parsing: bytes, name: "hostile.o")
      for program in object.programs.prefix(16) {
        if let image = try? object.image(of: program.name, type: .xdp) {
          _ = image.predictedTag(.sha256)
          _ = image.instructions { _ in 3 }
        }
      }
      if let btf = object.btf {
        for id in 0..<UInt32(min(btf.count, 500)) {
          _ = (btf.size(of: id), btf.skipModifiers(id), btf.members(of: id))
          _ = (btf.enumerators(of: id), btf.variables(of: id), btf.parameters(of: id))
        }
      }
      _ = object.loadableBTF
      return nil
    } catch {
      return error
    }
  }

  @Test func truncationAtEveryByte() throws {
    let bytes = try Fixture.bytes("minimal")
    #expect(exercise(bytes) == nil)
    for length in 0..<bytes.count {
      // The section headers come last, so that no shorter file can be whole.
      #expect(exercise(Array(bytes[..<length])) != nil, "cut to \(length) of \(bytes.count)")
    }
  }

  /// xorshift64*, so that a failure can be repeated.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state ^= state >> 12
      state ^= state << 25
      state ^= state >> 27
      return state &* 0x2545_f491_4f6c_dd1d
    }
  }

  @Test(arguments: ["minimal", "maps", "functions", "unsupported"], ["bpf", "bpfeb"])
  func randomBytesChanged(_ name: String, _ target: String) throws {
    let bytes = try Fixture.bytes(name, target: target)
    var generator = Generator(state: 0x1234_5678_9abc_def1)
    let interesting: [UInt8] = [0, 1, 0x7f, 0x80, 0xff]
    var accepted = 0
    for _ in 0..<500 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let at = Int.random(in: 0..<changed.count, using: &generator)
        changed[at] =
          Bool.random(using: &generator)
          ? interesting[Int.random(in: 0..<interesting.count, using: &generator)]
          : UInt8.random(in: 0...255, using: &generator)
      }
      if exercise(changed) == nil { accepted += 1 }
    }
    // Most of a file is debug information and text, where a change does no harm.
    #expect(accepted > 25 && accepted < 500)
  }

  /// Every word of the file's tables set to values that overflow.
  @Test func oversizeCountsAndOffsets() throws {
    let bytes = try Fixture.bytes("minimal")
    for value: UInt32 in [0, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff] {
      var offset = 0
      while offset + 4 <= bytes.count {
        var changed = bytes
        changed.setWord(value, at: offset)
        _ = exercise(changed)
        offset += 4
      }
    }
  }

  @Test func zerosThatNobodyCanHoldAreRefused() throws {
    let bytes = try Fixture.bytes(source: "char huge[100 << 20]; char other[1];")
    let error = try #require(exercise(bytes))
    #expect(error.section == ".bss")
    #expect(error.message.contains("zeros"))
  }

  @Test func overlappingSectionsAreRefused() throws {
    var bytes = try Fixture.bytes("minimal")
    let headers = Int(UInt64(littleEndian: bytes.number(at: 40, as: UInt64.self)))
    let count = Int(UInt16(littleEndian: bytes.number(at: 60, as: UInt16.self)))
    for index in 1..<count {
      let at = headers + 64 * index
      bytes.setWord(0, at: at + 24)
      bytes.setWord(UInt32(bytes.count), at: at + 32)
    }
    #expect(exercise(bytes)?.message == "sections overlap")
  }

  @Test func whatIsNoObjectIsSaid() throws {
    func message(_ bytes: [UInt8]) -> String { exercise(bytes)?.description ?? "no error" }
    #expect(message([]).contains("not an ELF file: it is empty"))
    #expect(message(Array("#!/bin/sh\necho".utf8)).contains("starts with \"#!/bin/sh echo\""))
    #expect(message([0x42, 0x43, 0xc0, 0xde, 1, 2]).contains("LLVM bitcode"))
    #expect(message([0x7f, 0x45, 0x4c, 0x46]).contains("truncated"))

    var other = try Fixture.bytes("minimal")
    other[18] = 62
    other[19] = 0
    #expect(message(other).contains("ELF for machine x86-64, not BPF"))
    #expect(message(other).contains("was it compiled with -target bpf?"))

    let stripped = try Fixture.bytes("maps", debug: false)
    #expect(message(stripped).contains("no BTF"))
    #expect(message(stripped).contains("compile with -g"))
    #expect(message(stripped).hasPrefix("hostile.o: section .maps"))
  }

  @Test func mapsThatAreWrongAreNamed() throws {
    func message(_ body: String, _ storage: String = "") throws -> String {
      let source = """
        \(storage) struct { int (*type)[1]; int *key; int *value; int (*max_entries)[2]; \(body) }
          m __attribute__((section(".maps"), used));
        """
      return exercise(try Fixture.bytes(source: source))?.description ?? "no error"
    }
    #expect(try message("") == "no error")
    #expect(try message("int (*typo)[1];").contains("map \"m\" has the unknown field \"typo\""))
    #expect(try message("int (*key_size)[8];").contains("both 4 and 8"))
    #expect(try message("int pinning;").contains("__uint(pinning"))
    #expect(try message("int (*pinning)[5];").contains("unknown pinning 5"))
    #expect(try message("int *values[];").contains("cannot have values"))
    #expect(try message("", "static").contains("is static"))
    let big = try message("enum { x = 1ull << 33 } map_flags;")
    #expect(big.contains("does not fit in 32 bits"))
    #expect(try message("enum { y = 1ull << 33 } map_extra;") == "no error")
    let legacy = try Fixture.bytes(source: "__attribute__((section(\"maps\"))) int m[5] = {1};")
    #expect(exercise(legacy)?.message == "legacy map definitions are not supported")
  }
}
