import Testing

@testable import BPFObject

@Suite struct ExternTests {
  @Test func configurationIsLaidOutAsLibbpfDoes() throws {
    let object = try Fixture.object("kconfig")
    let map = try #require(object.map(".kconfig"))
    #expect(map.type == .array && map.maxEntries == 1 && map.flags & 1 << 7 != 0)
    let variables = try #require(map.data).configuration
    #expect(variables.map(\.offset) == variables.map(\.offset).sorted())
    // By descending alignment, then by size and name.
    #expect(variables.first?.name == "CONFIG_NR_CPUS" && variables.first?.offset == 0)
    #expect(variables.last?.form == .text)
    let forms = Dictionary(uniqueKeysWithValues: variables.map { ($0.name, $0.form) })
    #expect(forms["CONFIG_BPF"] == .boolean)
    #expect(forms["CONFIG_BPF_SYSCALL"] == .tristate)
    #expect(forms["CONFIG_64BIT"] == .character(signed: true))
    #expect(forms["CONFIG_HZ"] == .integer(signed: true))
    #expect(forms["CONFIG_DEFAULT_HOSTNAME"] == .text)
    #expect(
      variables.filter(\.isWeak).map(\.name).sorted() == [
        "CONFIG_THIS_IS_NOWHERE", "LINUX_NOBODY_KNOWS",
      ])
    let image = try object.image(of: "settings")
    #expect(image.externs.isEmpty && image.reachableMaps == [".kconfig"])
    for reference in image.references {
      #expect(variables.contains { UInt32($0.offset) == reference.valueOffset })
    }
  }

  @Test func settingsBecomeBytes() throws {
    func variable(_ form: ConfigurationVariable.Form, _ size: Int) -> ConfigurationVariable {
      ConfigurationVariable(name: "CONFIG_X", offset: 0, size: size, form: form, isWeak: false)
    }
    #expect(try variable(.boolean, 1).bytes(of: "y") == [1])
    #expect(try variable(.tristate, 4).bytes(of: "m") == [2, 0, 0, 0])
    #expect(try variable(.character(signed: true), 1).bytes(of: "m") == [UInt8(ascii: "m")])
    #expect(try variable(.integer(signed: true), 4).bytes(of: "-2") == [0xfe, 0xff, 0xff, 0xff])
    #expect(try variable(.integer(signed: false), 2).bytes(of: "0x1ff") == [0xff, 1])
    #expect(try variable(.text, 4).bytes(of: "\"abcdef\"") == Array("abc".utf8) + [0])
    #expect(throws: ObjectError.self) { try variable(.boolean, 1).bytes(of: "m") }
    #expect(throws: ObjectError.self) { try variable(.boolean, 1).bytes(of: "2") }
    #expect(throws: ObjectError.self) { try variable(.integer(signed: false), 1).bytes(of: "256") }
    #expect(throws: ObjectError.self) { try variable(.integer(signed: true), 2).bytes(of: "32768") }
    #expect(throws: ObjectError.self) { try variable(.text, 4).bytes(of: "\"abc") }
    #expect(throws: ObjectError.self) { try variable(.text, 4).bytes(of: "7") }
    #expect(throws: ObjectError.self) {
      try variable(.character(signed: true), 1).bytes(of: "words")
    }
  }

  @Test func usesOfTheKernelAreNamed() throws {
    let object = try Fixture.object("kfuncs")
    let image = try object.image(of: "asks")
    #expect(image.dependsOnKernel)
    let other = try #require(image.externs.first { $0.name == "bpf_rcu_read_lock___other" })
    #expect(other.kernelName == "bpf_rcu_read_lock" && other.isWeak && other.isFunction)
    let missing = try #require(image.externs.first { $0.isCall && $0.name.hasSuffix("_this") })
    let resolved = image.resolvingExterns { reference in
      reference.name.contains("nobody") ? .absent : .type(id: 77, module: reference.isCall ? 2 : 9)
    }
    #expect(!resolved.dependsOnKernel)
    let call = resolved.instructions[missing.instruction]
    #expect(call.source == 0 && call.immediate == Int32(2_002_000_000 + missing.number))
    for reference in image.externs where !reference.name.contains("nobody") {
      let first = resolved.instructions[reference.instruction]
      #expect(first.immediate == 77)
      if reference.isCall {
        #expect(first.source == 2 && first.offset == 2)
      } else {
        #expect(first.source == PseudoSource.btfID)
        #expect(resolved.instructions[reference.instruction + 1].immediate == 9)
      }
    }
  }

  @Test func addressesHaveTwoHalves() throws {
    let image = try Fixture.object("ksyms").image(of: "typeless")
    let resolved = image.resolvingExterns { reference in
      reference.name == "vfs_read" ? .address(0xffff_ffff_8123_4567) : .absent
    }
    let found = try #require(image.externs.first { $0.name == "vfs_read" })
    #expect(found.typeID == 0)
    #expect(resolved.instructions[found.instruction].immediate == Int32(bitPattern: 0x8123_4567))
    #expect(resolved.instructions[found.instruction + 1].immediate == -1)
    let missing = try #require(image.externs.first { $0.name == "nobody_has_that" })
    #expect(missing.typeID != 0)
    #expect(resolved.instructions[missing.instruction].source == 0)
  }

  @Test func flavoursEndAtThreeUnderscores() {
    #expect(Flavour.essential("bpf_x___old") == "bpf_x")
    #expect(Flavour.essential("bpf_x___old___two") == "bpf_x___old")
    #expect(Flavour.essential("bpf__x") == "bpf__x")
    #expect(Flavour.essential("x____y") == "x____y")
    #expect(Flavour.essential("___") == "___")
    #expect(Flavour.essential("") == "")
  }

  /// Each addition replaced leaves what older kernels take, with the ids as they were.
  @Test(arguments: ["maps", "functions", "externs", "data"])
  func typesAreReplacedInPlace(_ name: String) throws {
    let btf = try #require(try Fixture.object(name).btf)
    #expect(btf.replacing([]) == btf.encoded())
    let plain = try BTF(parsing: btf.replacing(Set(BTF.Addition.allCases)))
    #expect(plain.ids(of: .variable).isEmpty && plain.ids(of: .dataSection).isEmpty)
    #expect(plain.ids(of: .function).isEmpty && plain.ids(of: .functionPrototype).isEmpty)
    for id in btf.ids(of: .structure) { #expect(plain.members(of: id) == btf.members(of: id)) }
    for id in btf.ids(of: .dataSection) {
      #expect(plain.kind(of: id) == .structure)
      #expect(plain.members(of: id).count == btf.variables(of: id).count)
    }
  }
}
