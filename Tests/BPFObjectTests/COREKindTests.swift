import Testing

@testable import BPFObject

/// CO-RE relocations of bitfields, types and enumerations.
@Suite struct COREKindTests {
  // MARK: Bitfields

  private func bitfield(
    _ size: Int, at bit: Int, bits: Int, signed: Bool = false
  ) -> (types: CORETypes, local: UInt32) {
    var types = CORETypes()
    let int = types.local.integer("unsigned int", size: 4)
    let local = types.local.structure(
      "s", size: 4, members: [.init(name: "f", type: int, bitOffset: 0, bitSize: 3)])
    let its = types.kernel.integer("its", size: size, signed: signed)
    _ = types.kernel.structure(
      "s", size: 64, members: [.init(name: "f", type: its, bitOffset: bit, bitSize: bits)])
    return (types, local)
  }

  @Test func bitfieldsAreReadByAlignedWords() throws {
    /// Offset, size and shifts of the word to load. What the compiler wrote does not matter, but
    /// for the shift to the right and the sign.
    func word(_ size: Int, at bit: Int, bits: Int) throws -> [Int32?] {
      let (types, local) = bitfield(size, at: bit, bits: bits)
      return [
        try types.number(.fieldByteOffset, local, "0:0", written: 99),
        try types.number(.fieldByteSize, local, "0:0", written: 99),
        try types.number(.fieldShiftLeft, local, "0:0", written: 99),
        try types.number(.fieldShiftRight, local, "0:0", written: 61),
      ]
    }
    #expect(try word(4, at: 37, bits: 5) == [4, 4, 54, 59])
    #expect(try word(1, at: 37, bits: 3) == [4, 1, 56, 61])
    // Across two words of its type's size.
    #expect(try word(1, at: 6, bits: 4) == [0, 2, 54, 60])
    #expect(try word(4, at: 60, bits: 4) == [4, 4, 32, 60])
    #expect(try word(4, at: 30, bits: 4) == [0, 8, 30, 60])
    let (types, local) = bitfield(4, at: 62, bits: 4)
    #expect(types.message(.fieldByteOffset, local, "0:0").contains("any 64-bit word"))
    let (others, other) = bitfield(4, at: 5, bits: 4)
    #expect(others.message(.fieldShiftRight, other, "0:0", written: 60).contains("should be 61"))
  }

  @Test func bitfieldsOfNoSizeAreRefused() throws {
    let (types, local) = bitfield(0, at: 0, bits: 4)
    #expect(types.message(.fieldByteOffset, local, "0:0").contains("without a size"))
  }

  @Test func signsOfBitfields() throws {
    for signed in [false, true] {
      let (types, local) = bitfield(4, at: 5, bits: 4, signed: signed)
      #expect(try types.number(.fieldSigned, local, "0:0") == (signed ? 1 : 0))
    }
    let (types, local) = bitfield(4, at: 5, bits: 4)
    #expect(types.message(.fieldSigned, local, "0:0", written: 1).contains("should be 0"))
  }

  /// On a machine of the other byte order the shifts count from the other end.
  @Test(arguments: ["bpf", "bpfeb"])
  func byteOrders(_ target: String) throws {
    let source = """
      struct s { unsigned a : 5; unsigned f : 7; char b; } __attribute__((preserve_access_index));
      int shift(struct s *s) { return __builtin_preserve_field_info(s->f, 4); }
      int word(struct s *s) { return __builtin_preserve_field_info(s->f, 0); }
      int right(struct s *s) { return __builtin_preserve_field_info(s->b, 5); }
      int left(struct s *s) { return __builtin_preserve_field_info(s->b, 4); }
      """
    let object = try ObjectFile(
      parsing: try Fixture.bytes(
        source: source.replacing("int ", with: "__attribute__((section(\"xdp\"))) int "),
        target: target), name: "order.o")
    let btf = try #require(object.btf)
    #expect(btf.isBigEndian == (target == "bpfeb"))
    // Against its own types nothing may change: the compiler computed the same. Only where it shifts
    // a bitfield, it may have another word in mind than the one of four bytes that is loaded here.
    let shift = try object.image(of: "shift").relocated(against: TargetTypes(vmlinux: btf))
    #expect(shift.instructions[0].immediate == (btf.isBigEndian ? 32 + 5 : 64 - 12))
    for program in object.programs where program.name != "shift" {
      let image = try object.image(of: program.name)
      try #require(image.coreRelocations.count == 1)
      let relocated = try image.relocated(against: TargetTypes(vmlinux: btf))
      #expect(relocated.instructions == image.instructions, "\(program.name)")
      #expect(relocated.coreResults.allSatisfy { !$0.isPoisoned })
    }
  }

  /// An object's own types are a kernel where everything stands as the compiler thought.
  @Test(arguments: ["core_subprograms", "core_stores", "core_enums"], ["bpf", "bpfeb"])
  func againstItsOwnTypesNothingChanges(_ name: String, target: String) throws {
    let object = try Fixture.object(name, target: target)
    let own = TargetTypes(vmlinux: try #require(object.btf))
    for program in object.programs {
      let image = try object.image(of: program.name)
      #expect(try image.relocated(against: own).instructions == image.instructions)
      // What the digest is made of knows no numbers.
      #expect(image.coreSubjects.count == image.coreRelocations.count)
      #expect(image.coreSubjects.allSatisfy { !$0.contains("type ") })
    }
  }

  // MARK: Enumerations

  @Test func constantsOfBothSizes() throws {
    var types = CORETypes()
    let small = types.local.enumeration(
      "e", [.init(name: "ONE", value: 7), .init(name: "GONE", value: 1)])
    let wide = types.local.enumeration("w", size: 8, [.init(name: "BIG___old", value: 1 << 40)])
    _ = types.kernel.enumeration(
      "e", size: 8, [.init(name: "ZERO", value: 0), .init(name: "ONE", value: 5 << 32 | 6)])
    _ = types.kernel.enumeration(
      "w", signed: true, [.init(name: "BIG", value: UInt64(bitPattern: -2))])
    /// A 64-bit load of `written`, relocated.
    func load(_ type: UInt32, _ access: String, written: UInt64) throws -> UInt64? {
      let image = try types.image(
        [.init(instruction: 0, kind: .enumeratorValue, typeID: type, access: access)],
        [
          Instruction(opcode: 0x18, immediate: Int32(truncatingIfNeeded: written)),
          Instruction(opcode: 0, immediate: Int32(truncatingIfNeeded: written >> 32)),
        ]
      ).relocated(against: types.targets())
      if image.coreResults[0].isPoisoned { return nil }
      return UInt64(UInt32(bitPattern: image.instructions[0].immediate))
        | UInt64(UInt32(bitPattern: image.instructions[1].immediate)) << 32
    }
    #expect(try load(small, "0", written: 7) == 5 << 32 | 6)
    #expect(try load(small, "1", written: 1) == nil)
    #expect(try load(wide, "0", written: 1 << 40) == UInt64(bitPattern: -2))
    #expect(try types.number(.enumeratorExists, small, "0", written: 1) == 1)
    #expect(try types.number(.enumeratorExists, small, "1", written: 1) == 0)
    #expect(types.message(.enumeratorValue, small, "2").contains("no such constant"))
    #expect(types.message(.enumeratorValue, small, "0:0").contains("no such constant"))
    let message = try types.relocate(
      .enumeratorValue, small, "1", Instruction(opcode: CORETypes.move, immediate: 1)
    ).result.description
    #expect(message == "value of enum e::GONE failed: the kernel's enum e has no such constant")
  }

  // MARK: Types

  @Test func typesOfOneNameMustBeOfOneKind() throws {
    var types = CORETypes()
    let structure = types.local.integers("t", ["a"])
    let union = types.local.union("t", size: 4, members: [])
    let alias = types.local.typedef("t", types.local.integer("long", size: 8))
    let pointer = types.local.typedef("p", types.local.pointer(to: structure))
    let function = types.local.typedef("f", types.local.prototype(returning: 0, [structure]))
    _ = types.kernel.integers("t", ["b", "c"])
    let int = types.kernel.integer("int", size: 4)
    _ = types.kernel.typedef("t", int)
    _ = types.kernel.typedef("p", int)
    _ = types.kernel.typedef("f", types.kernel.prototype(returning: 0, [int]))
    #expect(try types.number(.typeExists, structure, written: 1) == 1)
    #expect(try types.number(.typeSize, structure, written: 4) == 8)
    #expect(try types.number(.typeExists, union, written: 1) == 0)
    #expect(try types.number(.typeExists, alias, written: 1) == 1)
    #expect(try types.number(.typeSize, alias, written: 8) == 4)
    #expect(try types.number(.typeExists, pointer, written: 1) == 0)
    #expect(try types.number(.typeExists, function, written: 1) == 0)
    #expect(try types.number(.typeIDLocal, alias, written: 1234) == Int32(alias))
    #expect(types.message(.typeExists, structure, "0:0").contains("no fields to follow"))
  }

  @Test func matchesLookIntoTypes() throws {
    var types = CORETypes()
    let same = types.local.integers("s", ["a", "b"])
    let less = types.local.integers("s___less", ["b"])
    let more = types.local.integers("s___more", ["a", "b", "c"])
    let unsigned = types.local.integer("unsigned", size: 4)
    let sign = types.local.structure(
      "s___sign", size: 4, members: [.init(name: "a", type: unsigned, bitOffset: 0)])
    let short = types.local.integer("short", size: 2, signed: true)
    let size = types.local.structure(
      "s___size", size: 4, members: [.init(name: "a", type: short, bitOffset: 0)])
    _ = types.kernel.integers("s", ["a", "b"])
    // Behind pointers a declaration is enough, and what it points to is not looked at.
    func pointers(_ builder: inout BTFBuilder, _ target: UInt32) -> UInt32 {
      builder.structure(
        "list", size: 8,
        members: [.init(name: "next", type: builder.pointer(to: target), bitOffset: 0)])
    }
    let list = pointers(&types.local, types.local.forward("node"))
    _ = pointers(&types.kernel, types.kernel.integers("node", ["x"]))
    #expect(try types.number(.typeMatches, same, written: 1) == 1)
    #expect(try types.number(.typeMatches, less, written: 1) == 1)
    #expect(try types.number(.typeMatches, more, written: 1) == 0)
    #expect(try types.number(.typeMatches, sign, written: 1) == 0)
    #expect(try types.number(.typeMatches, size, written: 1) == 0)
    #expect(try types.number(.typeMatches, list, written: 1) == 1)
  }
}
