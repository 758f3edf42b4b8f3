import Testing

@testable import BPFObject

/// Relocations and types that nobody's compiler writes: errors, in bounded time.
@Suite struct COREHostileTests {
  @Test(
    arguments: [
      "", ":", "0:", ":0", "0::0", "a", "0:a", "-1", "0:-1", "0 ", "+0", "99999999999", "0:2",
      "4294967296:0", "0:0:0", "2147483647:0", "0:0x1",
      "0" + String(repeating: ":0", count: 64),
    ])
  func accessStrings(_ access: String) {
    var types = CORETypes()
    let local = types.local.integers("s", ["a", "b"])
    _ = types.kernel.integers("s", ["a", "b"])
    #expect(throws: ObjectError.self) { try types.number(.fieldByteOffset, local, access) }
  }

  @Test func typesThatDoNotExist() {
    var types = CORETypes()
    let local = types.local.integers("", ["a"])
    #expect(types.message(.fieldByteOffset, 99, "0:0").contains("no type 99"))
    #expect(types.message(.fieldByteOffset, 0, "0").contains("has no size"))
    #expect(types.message(.fieldByteOffset, local, "0:0").contains("without a name"))
    #expect(types.message(.typeExists, 0, "0").contains("without a name"))
    var nothing = types.image(
      [.init(instruction: 0, kind: .typeExists, typeID: 1, access: "0")],
      [Instruction(opcode: CORETypes.move)])
    nothing.localTypes = nil
    #expect(throws: ObjectError.self) { try nothing.relocated(against: types.targets()) }
  }

  /// A structure whose anonymous members are the structure itself: 2^64 ways to look for a name.
  @Test func structuresThatHoldThemselves() throws {
    var types = CORETypes()
    let local = types.local.integers("s", ["wanted"])
    // The id is known before the type exists: the integer of four bytes is number 1.
    let own: UInt32 = 1
    let id = types.kernel.structure(
      "s", size: 4,
      members: [
        .init(name: "", type: own, bitOffset: 0), .init(name: "", type: own, bitOffset: 0),
      ])
    try #require(id == own)
    let message = types.message(.fieldByteOffset, local, "0:0")
    #expect(message.contains("deeper than 64 levels"), "\(message)")
    #expect(types.message(.typeMatches, local, "0", written: 1) == "no error")
  }

  /// Trees of anonymous members: as deep as allowed, and wider than there is time for.
  @Test func treesOfAnonymousMembers() throws {
    var types = CORETypes()
    let local = types.local.integers("s", ["wanted"])
    var inner = types.kernel.structure("", size: 4, members: [])
    for _ in 0..<40 {
      inner = types.kernel.structure(
        "", size: 4,
        members: [
          .init(name: "", type: inner, bitOffset: 0), .init(name: "", type: inner, bitOffset: 0),
        ])
    }
    _ = types.kernel.structure(
      "s", size: 4, members: [.init(name: "", type: inner, bitOffset: 0)])
    let message = types.message(.fieldByteOffset, local, "0:0")
    #expect(message.contains("too many steps"), "\(message)")
  }

  /// Functions that take functions that take functions …, each twice.
  @Test func treesOfParameters() throws {
    var types = CORETypes()
    func tree(_ builder: inout BTFBuilder) -> UInt32 {
      var inner = builder.prototype(returning: 0, [])
      for _ in 0..<30 { inner = builder.prototype(returning: 0, [inner, inner]) }
      return builder.typedef("f", inner)
    }
    let local = tree(&types.local)
    _ = tree(&types.kernel)
    for kind in [CORERelocation.Kind.typeExists, .typeMatches] {
      let message = types.message(kind, local, "0", written: 1)
      #expect(message.contains("too many steps"), "\(message)")
    }
  }

  @Test func cyclesOfEveryKind() throws {
    /// `t` is a typedef of a chain that comes back to itself.
    func cycle(_ kind: BTF.Kind, _ builder: inout BTFBuilder) -> UInt32 {
      // The next type's own id.
      let own = UInt32(builder.btf.count)
      switch kind {
      case .pointer: return builder.typedef("t", builder.pointer(to: own))
      case .array:
        return builder.typedef("t", builder.array(of: own + 1, count: 2))
      case .functionPrototype:
        return builder.typedef("t", builder.prototype(returning: own, []))
      default: return builder.typedef("t", own)
      }
    }
    for kind in [BTF.Kind.pointer, .array, .functionPrototype, .typedef] {
      var types = CORETypes()
      let local = cycle(kind, &types.local)
      _ = cycle(kind, &types.kernel)
      for relocation in CORERelocation.Kind.allCases where relocation != .typeIDLocal {
        #expect(throws: ObjectError.self, "\(kind) \(relocation)") {
          try types.number(relocation, local, relocation.isField ? "0:0:0" : "0", written: 1)
        }
      }
    }
  }

  /// Many types of one name, and as many relocations: each would look at all of them.
  @Test func manyTypesOfOneName() throws {
    var types = CORETypes()
    var relocations: [CORERelocation] = []
    let int = types.local.integer("int", size: 4, signed: true)
    for index in 0..<500 {
      let local = types.local.structure(
        "s", size: 4, members: [.init(name: "m\(index)", type: int, bitOffset: 0)])
      _ = types.kernel.structure("s", size: 4, members: [])
      relocations.append(
        .init(instruction: index, kind: .fieldExists, typeID: local, access: "0:0"))
    }
    let image = types.image(
      relocations,
      [Instruction](
        repeating: Instruction(opcode: CORETypes.move, immediate: 1), count: relocations.count))
    let done = try image.relocated(against: types.targets())
    #expect(done.instructions.allSatisfy { $0.immediate == 0 })
    let error = #expect(throws: ObjectError.self) {
      try image.relocated(against: types.targets(), work: WorkLimit(100_000))
    }
    #expect(error?.message.contains("too many steps") == true)
    // Names that are long and shared are cut.
    var shared = BTFBuilder()
    let long = String(repeating: "n", count: 5000)
    let id = shared.integers(long, ["a"])
    #expect(shared.btf.spelling(of: id).utf8.count < 100)
    #expect(shared.btf.nameBytes(of: id).count == BTF.nameLimit)
  }

  /// Every byte of `.BTF.ext` and of the types set to odd values: an image, or an error.
  @Test(arguments: ["core_fields", "core_types"])
  func brokenObjects(_ name: String) throws {
    let bytes = try Fixture.bytes(name)
    let kernel = TargetTypes(
      vmlinux: try #require(try ObjectFile(parsing: bytes, name: name).btf))
    var generator = SystemRandomNumberGenerator()
    var relocated = 0
    for round in 0..<300 {
      var broken = bytes
      for _ in 0...(round % 4) {
        broken[Int.random(in: 64..<broken.count, using: &generator)] =
          UInt8.random(in: 0...255, using: &generator)
      }
      guard let object = try? ObjectFile(parsing: broken, name: name) else { continue }
      for program in object.programs {
        guard let image = try? object.image(of: program.name) else { continue }
        _ = image.coreSubjects
        if let done = try? image.relocated(against: kernel) {
          relocated += 1
          #expect(done.coreResults.count == image.coreRelocations.count)
          #expect(done.instructions.count == image.instructions.count)
        }
      }
    }
    #expect(relocated > 0)
  }
}
