import Testing

@testable import BPFObject

@Suite struct BTFTests {
  @Test func builtBTFSurvivesItsBytes() throws {
    var builder = BTFBuilder()
    let char = builder.integer("char", size: 1, signed: true)
    let text = builder.array(of: char, count: 8)
    let owner = builder.variable("bpf_metadata_owner", type: text)
    let section = builder.dataSection(
      ".rodata", size: 8, [.init(type: owner, offset: 0, size: 8)])
    let read = try BTF(parsing: builder.btf.encoded())
    #expect(read.encoded() == builder.btf.encoded())
    #expect(read.first(.dataSection, named: ".rodata") == section)
    #expect(read.variables(of: section) == [.init(type: owner, offset: 0, size: 8)])
    #expect(read.name(of: owner) == "bpf_metadata_owner")
    #expect(read.size(of: owner) == 8)
    #expect(read.array(text)?.count == 8)
    #expect(read.integer(char)?.isSigned == true)
    #expect(read.linkage(of: owner) == .global)
    #expect(read.first(.variable, named: "bpf_metadata") == nil)
  }
}

extension BTFTests {
  /// BTF of hand-made words, to be parsed.
  private func bytes(_ types: [UInt32], strings: String = "\0") -> [UInt8] {
    var bytes: [UInt8] = [0x9f, 0xeb, 1, 0]
    let length = UInt32(types.count * 4)
    for word in [24, 0, length, length, UInt32(strings.utf8.count)] {
      bytes.append(littleEndian: word)
    }
    for word in types { bytes.append(littleEndian: word) }
    return bytes + Array(strings.utf8)
  }

  private func info(_ kind: BTF.Kind, _ count: UInt32 = 0) -> UInt32 {
    UInt32(kind.rawValue) << 24 | count
  }

  @Test func cyclesEnd() throws {
    // 1: typedef → 2, 2: const → 1, 3: array of 3, 4: struct of one member 4, 5: pointer → 5
    let btf = try BTF(
      parsing: bytes(
        [
          1, info(.typedef), 2, 0, info(.const), 1,
          0, info(.array), 0, 3, 3, 2,
          0, info(.structure, 1), 8, 0, 4, 0,
          0, info(.pointer), 5,
        ], strings: "\0t\0"))
    #expect(btf.count == 6)
    #expect(btf.skipModifiers(1) == nil)
    #expect(btf.size(of: 1) == nil)
    #expect(btf.size(of: 3) == nil)
    #expect(btf.size(of: 4) == 8)
    #expect(btf.size(of: 5) == 8)
    #expect(btf.size(of: 77) == nil && btf.head(77) == nil && btf.members(of: 77).isEmpty)
  }

  @Test func sizesThatOverflowAreNil() throws {
    let btf = try BTF(
      parsing: bytes([
        0, info(.int), 4, 32,
        0, info(.array), 0, 1, 1, 0xffff_ffff,
        0, info(.array), 0, 2, 1, 0xffff_ffff,
      ]))
    #expect(btf.size(of: 2) == nil && btf.size(of: 3) == nil)
  }

  @Test func whatDoesNotExistIsRefused() {
    func message(_ bytes: [UInt8]) -> String {
      do throws(ObjectError) {
        _ = try BTF(parsing: bytes)
        return "no error"
      } catch { return error.message }
    }
    #expect(message(bytes([0, info(.pointer), 9])).contains("reference to type 9"))
    #expect(message(bytes([9, info(.pointer), 0])).contains("a name at 9"))
    #expect(message(bytes([0, 31 << 24, 0])).contains("unknown kind 31"))
    #expect(message(bytes([0, info(.structure, 0xffff), 0])).contains("past the end"))
    #expect(message(bytes([0, info(.int)])).contains("half a type"))
    #expect(message(bytes([], strings: "x")).contains("NUL"))
    #expect(message([1, 2, 3]).contains("truncated"))
    #expect(message([UInt8](repeating: 0, count: 24)).contains("magic"))
  }

  @Test func splitBTFContinuesItsBase() throws {
    var builder = BTFBuilder()
    let int = builder.integer("int", size: 4, signed: true)
    let base = builder.btf
    let own = UInt32(base.count)
    let name = UInt32(base.stringsEnd)
    let split = try BTF(
      parsing: bytes([name, info(.typedef), int, 1, info(.pointer), own], strings: "mine\0"),
      base: base)
    #expect(split.firstID == own && split.count == Int(own) + 2)
    #expect(split.name(of: own) == "mine" && split.name(of: own + 1) == "int")
    #expect(split.name(of: int) == "int")
    #expect(split.size(of: own) == 4)
    #expect(split.integer(int)?.isSigned == true)
    #expect(split.first(.typedef, named: "mine") == own)
    #expect(split.first(.int, named: "int") == int)
  }

  @Test func enumerationsOfBothSizes() throws {
    let source = """
      enum small { A = -1, B = 5 };
      enum big { C = 1ull << 40, D = 2 };
      enum small a; enum big b; _Bool flag; float f; const volatile char *text;
      """
    let object = try ObjectFile(parsing: try Fixture.bytes(source: source), name: "e.o")
    let btf = try #require(object.btf)
    let small = try #require(btf.first(.enumeration, named: "small"))
    #expect(btf.isSignedEnumeration(small))
    #expect(btf.enumerators(of: small).map { Int64(bitPattern: $0.value) } == [-1, 5])
    let big = try #require(btf.first(.enumeration64, named: "big"))
    #expect(btf.enumerators(of: big).map(\.value) == [1 << 40, 2])
    let flag = try #require(object.global("flag"))
    #expect(btf.integer(try #require(btf.skipModifiers(flag.typeID)).id)?.isBoolean == true)
    #expect(btf.ids(of: .float).count == 1)
  }

  @Test func theKernelsOwnTypes() throws {
    guard let bytes = try? Fixture.read("/sys/kernel/btf/vmlinux"), !bytes.isEmpty else {
      return print("skipped: this kernel has no /sys/kernel/btf/vmlinux")
    }
    let btf = try BTF(parsing: bytes)
    let task = try #require(btf.first(.structure, named: "task_struct"))
    let pid = try #require(btf.members(of: task).first { $0.name == "pid" })
    #expect(btf.size(of: pid.type) == 4)
    #expect(btf.encoded().count <= bytes.count)
    #expect(try BTF(parsing: btf.encoded()).count == btf.count)
  }
}
