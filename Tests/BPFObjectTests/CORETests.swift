import Testing

@testable import BPFObject

/// The rules of CO-RE on types made by hand. What they are comes from libbpf; `COREOracleTests`
/// compare with it.
@Suite struct CORETests {
  @Test func namesWithoutTheirFlavours() {
    func essential(_ name: String) -> String {
      let bytes = ArraySlice(name.utf8)
      return String(decoding: bytes.prefix(EssentialName.length(bytes)), as: UTF8.self)
    }
    #expect(essential("task_struct") == "task_struct")
    #expect(essential("task_struct___old") == "task_struct")
    #expect(essential("a___b___c") == "a___b")
    #expect(essential("a____b") == "a____b")
    #expect(essential("a___") == "a___")
    #expect(essential("___a") == "___a")
    #expect(essential("a___b_") == "a")
    #expect(essential("") == "")
    for (one, other) in [("x___1", "x"), ("x", "x___2"), ("a___b___1", "a___b___2")] {
      #expect(
        EssentialName.hash(ArraySlice(one.utf8)) == EssentialName.hash(ArraySlice(other.utf8)))
      #expect(EssentialName.areEqual(ArraySlice(one.utf8), ArraySlice(other.utf8)))
    }
    #expect(!EssentialName.areEqual(ArraySlice("a".utf8), ArraySlice("ab".utf8)))
  }

  @Test func fieldsMoveWithTheirNames() throws {
    var types = CORETypes()
    let local = types.local.integers("s___mine", ["b", "a"])
    _ = types.kernel.integers("s", ["x", "a", "y", "b"])
    #expect(try types.number(.fieldByteOffset, local, "0:0") == 12)
    #expect(try types.number(.fieldByteOffset, local, "0:1", written: 4) == 4)
    // The whole of the structure before it, which has another size.
    #expect(try types.number(.fieldByteOffset, local, "1:0", written: 8) == 28)
    #expect(try types.number(.fieldExists, local, "0:0", written: 1) == 1)
    #expect(try types.number(.fieldSigned, local, "0:0", written: 1) == 1)
    #expect(try types.number(.fieldShiftRight, local, "0:0", written: 32) == 32)
    let load = try types.relocate(
      .fieldByteOffset, local, "0:0", Instruction(opcode: CORETypes.load))
    #expect(load.instruction == Instruction(opcode: CORETypes.load, offset: 12))
    #expect(load.result.subject == "struct s___mine.b")
    #expect(load.result.localValue == 0)
    #expect(
      load.result.outcome == .resolved(12, from: .init(name: "struct s", id: 2, module: nil)))
    #expect(
      load.result.description == "byte offset of struct s___mine.b: 12 (struct s [2] of vmlinux)")
  }

  @Test func anonymousMembersAreLookedThrough() throws {
    var types = CORETypes()
    let local = types.local.integers("s", ["deep"])
    let int = types.kernel.integer("int", size: 4)
    let inner = types.kernel.union(
      "", size: 4,
      members: [
        .init(name: "other", type: int, bitOffset: 0), .init(name: "deep", type: int, bitOffset: 0),
      ])
    let middle = types.kernel.structure(
      "", size: 8,
      members: [
        .init(name: "x", type: int, bitOffset: 0), .init(name: "", type: inner, bitOffset: 32),
      ])
    _ = types.kernel.structure(
      "s", size: 16, members: [.init(name: "", type: types.kernel.const(middle), bitOffset: 64)])
    #expect(try types.number(.fieldByteOffset, local, "0:0") == 12)
  }

  @Test func arraysAreCheckedAgainstTheirBounds() throws {
    var types = CORETypes()
    let int = types.local.integer("int", size: 4)
    let local = types.local.structure(
      "s", size: 40,
      members: [
        .init(name: "a", type: types.local.array(of: int, count: 8), bitOffset: 0),
        .init(name: "flexible", type: types.local.array(of: int, count: 0), bitOffset: 320),
      ])
    let long = types.kernel.integer("long", size: 8)
    let array = types.kernel.array(of: long, count: 4)
    _ = types.kernel.structure(
      "s", size: 48,
      members: [
        .init(name: "a", type: array, bitOffset: 64),
        .init(name: "flexible", type: types.kernel.array(of: long, count: 0), bitOffset: 320),
      ])
    #expect(try types.number(.fieldByteOffset, local, "0:0:3", written: 12) == 8 + 24)
    #expect(try types.number(.fieldByteOffset, local, "0:0:4", written: 16) == nil)
    #expect(try types.number(.fieldExists, local, "0:0:4", written: 1) == 0)
    #expect(try types.number(.fieldByteSize, local, "0:0:1", written: 4) == 8)
    #expect(try types.number(.fieldByteSize, local, "0:0", written: 32) == 32)
    #expect(try types.number(.fieldByteOffset, local, "0:1:9", written: 76) == 40 + 72)
    #expect(
      types.message(.fieldByteOffset, local, "0:0:8").contains("the element 8 of an array of 8"))
    #expect(types.message(.fieldSigned, local, "0:0:1").contains("has no signedness"))
  }

  @Test func whatDisagreesIsAmbiguous() throws {
    var types = CORETypes()
    let local = types.local.integers("s", ["a", "b", "c"])
    _ = types.kernel.integers("s___1", ["a", "b"])
    _ = types.kernel.integers("s___2", ["a", "x", "b"])
    #expect(try types.number(.fieldByteOffset, local, "0:0") == 0)
    let message = types.message(.fieldByteOffset, local, "0:1", written: 4)
    #expect(message.contains("the kernel's types disagree: 4 at bit 32 by struct s___1 [2] of"))
    #expect(message.contains("but 8 at bit 64 by struct s___2 [4] of vmlinux"))
    #expect(message.contains("struct s.b (byte offset)"))
    #expect(try types.number(.typeExists, local, written: 1) == 1)
    #expect(types.message(.typeSize, local, "0", written: 12).contains("disagree"))
    #expect(try types.number(.fieldExists, local, "0:2", written: 1) == 0)
  }

  @Test func candidatesThatLackAFieldAreLeftOutLater() throws {
    var types = CORETypes()
    let local = types.local.integers("s", ["only", "b"])
    _ = types.kernel.integers("s___1", ["b", "only"])
    _ = types.kernel.integers("s___2", ["a", "x", "b"])
    let first = CORERelocation(
      instruction: 0, kind: .fieldByteOffset, typeID: local, access: "0:0")
    let second = CORERelocation(
      instruction: 1, kind: .fieldByteOffset, typeID: local, access: "0:1")
    let code = [
      Instruction(opcode: CORETypes.move), Instruction(opcode: CORETypes.move, immediate: 4),
    ]
    let image = try types.image([first, second], code).relocated(against: types.targets())
    #expect(image.instructions.map(\.immediate) == [4, 0])
    var swapped = (first, second)
    (swapped.0.instruction, swapped.1.instruction) = (1, 0)
    let turned = types.image([swapped.1, swapped.0], code.reversed())
    #expect(throws: ObjectError.self) { try turned.relocated(against: types.targets()) }
  }

  @Test func whatIsMissingIsPoisoned() throws {
    var types = CORETypes()
    let local = types.local.integers("s", ["a", "gone"])
    let absent = types.local.integers("absent", ["a"])
    _ = types.kernel.integers("s", ["a"])
    let call = Instruction(opcode: 0x85, immediate: 195_896_080)
    #expect(
      try types.relocate(
        .fieldByteOffset, local, "0:1", Instruction(opcode: CORETypes.load, offset: 4)
      ).instruction == call)
    let wide = try types.image(
      [.init(instruction: 0, kind: .fieldByteSize, typeID: absent, access: "0:0")],
      [Instruction(opcode: 0x18, registers: 1, immediate: 4), Instruction(opcode: 0)]
    ).relocated(against: types.targets())
    #expect(wide.instructions == [call, call])
    #expect(
      wide.coreResults.map(\.description) == [
        "byte size of struct absent.a failed: the kernel has no struct absent"
      ])
    #expect(wide.poisonedRelocation(at: 1) == wide.coreResults[0])
    #expect(wide.poisonedRelocation(at: 2) == nil)
    for kind in [CORERelocation.Kind.typeExists, .typeMatches] {
      #expect(try types.number(kind, absent, written: 1) == 0)
    }
    #expect(try types.number(.typeIDTarget, absent, written: 5) == 0)
    #expect(try types.number(.typeSize, absent, written: 4) == 0)
  }

  @Test func loadsAreMadeAsWideAsTheKernelsField() throws {
    /// The load of a field, after it was relocated.
    func load(
      _ size: Int, signed: Bool, opcode: UInt8, in kernelSize: Int, signed kernelSigned: Bool
    ) throws -> UInt8? {
      var types = CORETypes()
      let mine = types.local.integer("mine", size: size, signed: signed)
      let local = types.local.structure(
        "s", size: 8, members: [.init(name: "f", type: mine, bitOffset: 0)])
      let its = types.kernel.integer("its", size: kernelSize, signed: kernelSigned)
      _ = types.kernel.structure(
        "s", size: 16, members: [.init(name: "f", type: its, bitOffset: 64)])
      let (instruction, result) = try types.relocate(
        .fieldByteOffset, local, "0:0", Instruction(opcode: opcode))
      if result.isPoisoned { return nil }
      #expect(instruction.offset == 8)
      return instruction.opcode
    }
    #expect(try load(4, signed: false, opcode: 0x61, in: 8, signed: false) == 0x79)
    #expect(try load(8, signed: false, opcode: 0x79, in: 2, signed: false) == 0x69)
    #expect(try load(2, signed: false, opcode: 0x69, in: 1, signed: false) == 0x71)
    #expect(try load(1, signed: false, opcode: 0x73, in: 4, signed: false) == 0x63)
    #expect(try load(4, signed: true, opcode: 0x61, in: 4, signed: false) == 0x61)
    #expect(try load(4, signed: true, opcode: 0x61, in: 8, signed: false) == nil)
    #expect(try load(4, signed: false, opcode: 0x61, in: 8, signed: true) == nil)
    // A byte of a field that grows: nobody knows which one.
    #expect(throws: ObjectError.self) {
      try load(4, signed: false, opcode: 0x71, in: 8, signed: false)
    }
    #expect(throws: ObjectError.self) {
      try load(8, signed: false, opcode: 0x79, in: 16, signed: false)
    }
  }

  @Test func codeThatDoesNotFitItsTypesIsRefused() {
    var types = CORETypes()
    let local = types.local.integers("s", ["a", "b"])
    _ = types.kernel.integers("s", ["a", "b"])
    #expect(
      types.message(.fieldByteOffset, local, "0:1", written: 3).contains(
        "the instruction holds 3, but by the object's types it should be 4"))
    func refused(_ instruction: Instruction) -> Bool {
      (try? types.relocate(.fieldByteOffset, local, "0:0", instruction)) == nil
    }
    #expect(refused(Instruction(opcode: 0xbf)), "a move of a register")
    #expect(refused(Instruction(opcode: 0x95)), "exit")
    #expect(refused(Instruction(opcode: 0x05)), "a jump")
    #expect(refused(Instruction(opcode: 0x18, registers: 0x11)), "a load of a map")
    #expect(refused(Instruction(opcode: 0x20)), "a legacy packet load")
    let outside = types.image(
      [.init(instruction: 7, kind: .fieldByteOffset, typeID: local, access: "0:0")], [])
    #expect(throws: ObjectError.self) { try outside.relocated(against: types.targets()) }
    var half = outside
    half.coreRelocations[0].instruction = 0
    half.instructions = [Instruction(opcode: 0x18)]
    #expect(throws: ObjectError.self) { try half.relocated(against: types.targets()) }
  }

  @Test func offsetsMustFitIntoTheInstruction() throws {
    var types = CORETypes()
    let local = types.local.integers("s", ["a"])
    let int = types.kernel.integer("int", size: 4, signed: true)
    _ = types.kernel.structure(
      "s", size: 100_000, members: [.init(name: "a", type: int, bitOffset: 40_000 * 8)])
    #expect(try types.number(.fieldByteOffset, local, "0:0") == 40_000)
    #expect(throws: ObjectError.self) {
      try types.relocate(.fieldByteOffset, local, "0:0", Instruction(opcode: CORETypes.load))
    }
  }

  @Test func modulesComeSecond() throws {
    var types = CORETypes()
    let local = types.local.integers("s", ["a"])
    let other = types.local.integers("t", ["a"])
    _ = types.kernel.integers("t", ["x", "a"])
    var module = BTFBuilder(over: types.kernel.btf)
    let s = module.integers("s", ["x", "y", "a"])
    _ = module.integers("t", ["a"])
    let split = try BTF(parsing: module.btf.encoded(), base: types.kernel.btf)
    let targets = TargetTypes(vmlinux: types.kernel.btf) { () throws(ObjectError) in
      [.init(name: "driver", btf: split)]
    }
    let image = try types.image(
      [
        .init(instruction: 0, kind: .fieldByteOffset, typeID: local, access: "0:0"),
        .init(instruction: 1, kind: .fieldByteOffset, typeID: other, access: "0:0"),
        .init(instruction: 2, kind: .typeIDTarget, typeID: local, access: "0"),
      ], [Instruction](repeating: Instruction(opcode: CORETypes.move), count: 3)
    ).relocated(against: targets)
    #expect(image.instructions.map(\.immediate) == [8, 4, Int32(s)])
    #expect(
      image.coreResults[0].description
        == "byte offset of struct s.a: 8 (struct s [\(s)] of driver)")
  }
}
