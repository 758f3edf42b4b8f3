import Testing

@testable import BPFObject

@Suite struct ObjectFileTests {
  @Test func everyFieldOfAMapIsRead() throws {
    let object = try Fixture.object("maps")
    #expect(
      object.maps.map(\.name).sorted() == [
        "blocklist", "events", "inner_a", "inner_b", "jumps", "outer", "seen_before_by_anyone",
      ])
    let blocklist = try #require(object.map("blocklist"))
    #expect(blocklist.type == .lpmTrie)
    #expect(blocklist.keySize == 8)
    #expect(blocklist.valueSize == 16)
    #expect(blocklist.maxEntries == 1000)
    #expect(blocklist.flags == 1 << 0 | 1 << 2)
    #expect(blocklist.numaNode == 0)
    #expect(blocklist.pinByName)
    let btf = try #require(object.btf)
    #expect(btf.name(of: blocklist.keyTypeID) == "key")
    let members = btf.members(of: blocklist.valueTypeID)
    #expect(members.map(\.name) == ["packets", "flags", "rest"])
    #expect(members.map(\.bitSize) == [nil, 3, 29])
    #expect(members.map(\.bitOffset) == [0, 64, 67])

    let bloom = try #require(object.map("seen_before_by_anyone"))
    #expect(bloom.kernelName == "seen_before_by_")
    #expect(bloom.extra == 3)
    #expect(bloom.keySize == 0)

    let outer = try #require(object.map("outer"))
    #expect(outer.slots == [1: "inner_b", 3: "inner_a"])
    #expect(outer.inner.count == 1)
    #expect(outer.inner.first?.type == .array)
    #expect(outer.inner.first?.valueSize == 8)
    let jumps = try #require(object.map("jumps"))
    #expect(jumps.slots == [2: "tail_a", 5: "tail_b"])
    #expect(jumps.valueSize == 4)
    #expect(object.license == "GPL")
  }

  @Test func dataSectionsAreMaps() throws {
    let object = try Fixture.object("functions")
    let rodata = try #require(object.map(".rodata"))
    #expect(rodata.kernelName == "function.rodata")
    #expect(rodata.flags == 1 << 7 | 1 << 10)
    #expect(rodata.keySize == 4 && rodata.maxEntries == 1 && rodata.keyTypeID == 0)
    #expect(rodata.data?.kind == .rodata)
    #expect(rodata.data?.contents.count == Int(rodata.valueSize))
    #expect(object.btf?.name(of: rodata.valueTypeID) == ".rodata")
    #expect(object.map(".data.custom")?.kernelName == ".data.custom")
    // Nothing in it is visible, so there is nothing to map.
    #expect(object.map(".rodata.quiet")?.flags == 1 << 7)

    let limit = try #require(object.global("limit"))
    #expect(limit.section == ".rodata" && limit.size == 4)
    #expect(rodata.data?.contents[limit.offset] == 7)
    #expect(object.btf?.size(of: limit.typeID) == 4)
    let custom = try #require(object.global("custom"))
    #expect(object.map(".data.custom")?.data?.contents == [0x34, 0x12])
    #expect(custom.offset == 0 && !custom.isStatic)
    #expect(object.global("hidden_count")?.isStatic == true)
    let bss = try #require(object.map(".bss"))
    #expect(bss.data?.contents == [UInt8](repeating: 0, count: Int(bss.valueSize)))
  }

  @Test func dataMapsAreNamedAsLibbpfNamesThem() {
    func name(_ section: String, _ object: String) -> String {
      ObjectReader.kernelName(ofSection: section, in: object)
    }
    #expect(name(".rodata", "build/fw.bpf.o") == "fw.rodata")
    #expect(name(".bss", "averylongname.o") == "averylon.bss")
    #expect(name(".rodata", "averylongname.o") == "averylon.rodata")
    #expect(name(".data.custom", "fw.o") == ".data.custom")
    #expect(name(".rodata.abracadabra", "fw.o") == ".rodata.abracad")
    #expect(name(".data", "we-ird.o") == "we_ird.data")
  }

  @Test func loadableBTFHasSizesOffsetsAndLinkage() throws {
    let object = try Fixture.object("functions")
    let btf = try BTF(parsing: try #require(object.loadableBTF))
    let section = try #require(btf.first(.dataSection, named: ".rodata"))
    #expect(btf.size(of: section) == Int(try #require(object.map(".rodata")).valueSize))
    let offsets = btf.variables(of: section).map(\.offset)
    #expect(offsets == offsets.sorted() && Set(offsets).count == offsets.count)
    func linkage(_ name: String) -> BTF.Linkage? {
      btf.first(.function, named: name).flatMap { btf.linkage(of: $0) }
    }
    #expect(linkage("hidden_helper") == .static)
    #expect(linkage("global_helper") == .global)
    #expect(linkage("first") == .global)
  }

  @Test func sectionsSayWhatProgramsAre() throws {
    let object = try Fixture.object("sections")
    let frags = try #require(object.program("xdp_frags"))
    #expect(frags.type == .xdp && frags.expectedAttachType == .xdp)
    #expect(frags.flags == SectionName.xdpHasFrags)
    let onSwitch = try #require(object.program("on_switch"))
    #expect(onSwitch.type == .tracepoint && onSwitch.expectedAttachType == nil)
    #expect(onSwitch.attachTarget == "sched/sched_switch")
    #expect(object.program("call")?.flags == SectionName.sleepable)
    #expect(object.program("connect4")?.expectedAttachType == .cgroupInet4Connect)
  }

  @Test func sectionsMatchAsAWhole() {
    #expect(SectionName.known.count == 116)
    #expect(Set(SectionName.known).count == 116)
    #expect(SectionName("xdp_other").type == .unspecified)
    #expect(SectionName("xdp/other").type == .unspecified)
    #expect(SectionName("kprobes/x").type == .unspecified)
    #expect(SectionName("fentry").target == nil)
    #expect(SectionName("fentry.s/do_unlinkat").target == "do_unlinkat")
    #expect(SectionName("fentry.s/do_unlinkat").flags == SectionName.sleepable)
    #expect(SectionName("uprobe//bin/sh:main").target == "/bin/sh:main")
    let optional = SectionName("?tp/syscalls/sys_enter_open")
    #expect(!optional.autoload && optional.type == .tracepoint)
    #expect(optional.text == "tp/syscalls/sys_enter_open")
    #expect(optional.targetKind == .tracepoint)
  }

  @Test func anUnknownSectionNeedsAType() throws {
    let bytes = try Fixture.bytes(
      source: """
        __attribute__((section("mine"), used)) int f(void *ctx) { return 0; }
        __attribute__((section("?tc"), used)) int g(void *ctx) { return 0; }
        """)
    let object = try ObjectFile(parsing: bytes, name: "mine.o")
    #expect(object.program("f")?.type == .unspecified)
    #expect(object.program("g")?.autoload == false)
    #expect(throws: ObjectError.self) { try object.image(of: "f") }
    let image = try object.image(of: "f", type: .xdp, attachType: .xdp)
    #expect(image.type == .xdp && image.expectedAttachType == .xdp && image.section == "mine")
    #expect(image.license.isEmpty)
  }

  @Test func bothByteOrdersSayTheSame() throws {
    for name in ["maps", "functions", "callbacks"] {
      let little = try Fixture.object(name)
      let big = try Fixture.object(name, target: "bpfeb")
      #expect(little.programs == big.programs)
      #expect(little.maps.map(\.name) == big.maps.map(\.name))
      #expect(little.maps.map(\.slots) == big.maps.map(\.slots))
      #expect(little.globals == big.globals)
      for program in little.programs {
        let (left, right) = try (little.image(of: program.name), big.image(of: program.name))
        #expect(left.references == right.references)
        #expect(left.functionInfo == right.functionInfo)
        #expect(left.lineInfo == right.lineInfo)
        // Constants that stand for bytes in memory differ; what is done with them does not.
        #expect(left.instructions.map(\.opcode) == right.instructions.map(\.opcode))
      }
      #expect(little.btf?.count == big.btf?.count)
    }
  }
}
