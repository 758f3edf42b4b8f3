import BPFObject
import Manifest
import Planning
import Testing

@Suite("A manifest with its objects")
struct ResolutionTests {
  private func message(_ text: String, objects: String? = nil) -> String {
    let error = #expect(throws: ManifestError.self) { try resolve(text, objects: objects) }
    return error?.diagnostics.first?.message ?? ""
  }

  static let attached =
    "attachments:\n  up: {program: fw/filter, xdp: {interface: [eth0, eth1], mode: native}}\n"

  @Test("Attaching a program takes what it reaches, and nothing else")
  func reach() throws {
    let state = try resolve(Self.attached).state
    #expect(
      state.maps.map(\.ref) == [
        "fw/.bss", "fw/.data", "fw/.rodata", "fw/blocklist", "fw/flows", "fw/tails",
      ])
    #expect(state.programs.map(\.ref) == ["fw/filter", "fw/tail"])
    #expect(state.root == "/sys/fs/bpf/bpfapply/edge")
    #expect(
      state.maps[0].pin.path == "/sys/fs/bpf/bpfapply/edge/maps/fw/%2Ebss"
        && state.programs[0].pin.path == "/sys/fs/bpf/bpfapply/edge/programs/fw/filter")
    let tails = try #require(state.maps.last?.entries)
    #expect(tails.references == [[2, 0, 0, 0]: [.program("fw/tail", offset: 0)]])
    #expect(tails.policy == .exact && tails.table.count == 1)
    #expect(
      state.attachments.map(\.address.description) == [
        "attachment.up/eth0", "attachment.up/eth1",
      ])
    #expect(
      state.attachments[1].hook == .xdp(interface: InterfaceName(name: "eth1"), mode: .native))
    #expect(state.programs[0].bindings[".rodata"] == "fw/.rodata")
    #expect(state.objects["fw"]?.btf.isEmpty == false)
    #expect(state.maps.map(\.onReplace)[0...2] == [.migrate, .migrate, .recreate])
    #expect(state.maps[2].freeze && !state.maps[1].freeze)
    #expect(state.maps[4].onReplace == .refuse)
  }

  @Test("Globals are typed by BTF and change the program's digest when they are constants")
  func globals() throws {
    func object(_ globals: String) -> String {
      "objects:\n  fw: {file: fw.bpf.o, globals: {\(globals)}}\n"
    }
    let plain = try resolve(Self.attached).state
    let set = try resolve(
      Self.attached,
      objects: object("drop_icmp: true, verdict: DENY, ports: [80, 0x1bb, 53], limit: 5")
    ).state
    let rodata = try #require(set.maps.first { $0.ref == "fw/.rodata" })
    let contents = try #require(rodata.map.data?.contents)
    #expect(rodata.entries?.table.values == contents && rodata.entries?.policy == .exact)
    let text = rodata.valueLayout?.decode(contents)
    guard case .record(let members)? = text else { throw Compiled.Failure(message: "no record") }
    #expect(members.first { $0.name == "verdict" }?.value.description == "DENY")
    #expect(
      members.first { $0.name == "ports" }?.value
        == .list(["80", "443", "53"].map { .scalar($0, plain: true) }))
    #expect(plain.programs[0].digest != set.programs[0].digest)
    let variable = try resolve(Self.attached, objects: object("limit: 6")).state
    #expect(plain.programs[0].digest == variable.programs[0].digest)
    #expect(
      variable.maps.first { $0.ref == "fw/.data" }?.entries?.table.values.first == 6)

    #expect(errors(Self.attached, objects: object("drop_icm: true")) == ["unknown-global 4:34"])
    #expect(errors(Self.attached, objects: object("verdict: MAYBE")) == ["invalid-value 4:43"])
    #expect(
      errors(Self.attached, objects: object("ports: [1, 70000, 3]")) == ["invalid-value 4:45"])
  }

  @Test("Entries from the manifest and from files, encoded by their types")
  func entries() throws {
    let text = """
      maps:
        fw/blocklist:
          max_entries: 100
          entries:
            policy: exact
            items:
              - {key: {prefixlen: 8, addr: 10.0.0.0}, value: 1}
              - {key: 192.168.0.0/16, value: 0x10}
            file: list.csv
        q: {type: queue, value: u16, max_entries: 4, entries: {policy: seed, items: [{value: 2}, {value: 1}]}}

      """
    let state = try resolve(
      text + Self.attached,
      files: ["list.csv": "key.prefixlen,key.addr,value\n32,1.2.3.4,9\n"]
    ).state
    let map = try #require(state.maps.first { $0.ref == "fw/blocklist" })
    #expect(map.map.maxEntries == 100)
    #expect(map.entries?.table.count == 3)
    #expect(map.entries?.table.row(of: [32, 0, 0, 0, 1, 2, 3, 4]) != nil)
    #expect(map.onReplace == .recreate)
    let queue = try #require(state.maps.first { $0.ref == "q" })
    #expect(queue.map.keySize == 0 && queue.map.valueSize == 2)
    #expect(queue.entries?.table.values == [2, 0, 1, 0] && queue.entries?.table.count == 2)
  }

  @Test("Entries that do not fit are reported where they stand")
  func badEntries() {
    func map(_ items: String) -> String {
      "maps:\n  fw/blocklist:\n    entries: {policy: exact, items: [\(items)], file: a.csv}\n"
    }
    let files = ["a.csv": "key,value\n1.0.0.0/8,1\n1.0.0.1/8,1\n1.0.0.0/8,x\n1.2.3.4/32\n"]
    #expect(
      errors(map("{key: 1.0.0.0/8, value: 300000000000}, {value: 1}"), files: files) == [
        "invalid-value 3:1", "invalid-value 4:11", "csv-row 5:11", "invalid-value 7:62",
        "missing-key 7:77",
      ])
    #expect(
      errors(map("{key: 2.0.0.0/8, value: 1}"), files: ["a.csv": "key,value\n2.0.0.0/8,1\n"])
        == ["duplicate-entry 2:1"])
    #expect(errors(map("{key: 2.0.0.0/8, value: 1}")) == ["not-found 7:73"])
    let many = (0..<17).map { "{key: \($0).0.0.0/8, value: 1}" }.joined(separator: ",")
    #expect(
      errors(map(many), files: ["a.csv": "key,value\n"]) == ["too-many-entries 7:5"])
    #expect(
      errors("maps:\n  fw/flows: {entries: {policy: exact}}\n") == ["invalid-policy 6:14"])
    #expect(
      errors(
        "maps:\n  a: {type: array, value: u32, max_entries: 2, entries: {policy: merge, items: "
          + "[{key: 2, value: 1}]}}\n") == ["invalid-value 6:87"])
  }

  @Test("A file of many rows, in the wrong order, in bounded time")
  func manyRows() throws {
    let text =
      "maps:\n  m: {type: hash, key: u32, value: u32, max_entries: 300000, "
      + "entries: {policy: exact, file: m.csv}}\n"
    let rows = (0..<200_000).reversed().map { "\($0),1\n" }.joined()
    let clock = ContinuousClock()
    var state: DesiredState?
    let time = try clock.measure {
      state = try resolve(text, files: ["m.csv": "key,value\n\(rows)"]).state
    }
    #expect(state?.maps[0].entries?.table.count == 200_000)
    #expect(time < .seconds(60), "took \(time)")
  }

  @Test("Values of sensitive variables are in no message, and make their map sensitive")
  func sensitive() throws {
    func text(_ value: String) -> String {
      "variables: {secret: {default: \"\(value)\", sensitive: true}}\nmaps:\n"
        + "  m: {type: hash, key: u32, value: u32, max_entries: 1, entries: {policy: exact, "
        + "items: [{key: 1, value: \"${secret}\"}]}}\n"
    }
    #expect(try resolve(text("77")).state.maps[0].sensitive)
    let error = #expect(throws: ManifestError.self) { try resolve(text("hunter2")) }
    #expect(error?.diagnostics.contains { "\($0)".contains("hunter2") } == false)
  }

  @Test("Devmaps and program arrays refer to interfaces and programs")
  func references() throws {
    let text = """
      maps:
        fw/ports_out:
          entries:
            policy: exact
            items:
              - {key: 1, value: eth0}
              - {key: 2, value: {ifindex: 5, program: fw/other}}
              - {key: 3, value: 7}
              - {key: 4, value: {interface: eth1, program: fw/other}}
        jumps: {type: prog_array, max_entries: 4, entries: {policy: exact, items: [{key: 1, value: fw/tail}]}}
      """
    let state = try resolve(text).state
    let out = try #require(state.maps.first { $0.ref == "fw/ports_out" }?.entries)
    #expect(
      out.references == [
        [1, 0, 0, 0]: [.interface("eth0", offset: 0)],
        [2, 0, 0, 0]: [.program("fw/other", offset: 4)],
        [4, 0, 0, 0]: [.interface("eth1", offset: 0), .program("fw/other", offset: 4)],
      ])
    #expect(
      out.table.values == [
        0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0,
      ])
    #expect(state.programs.map(\.ref) == ["fw/other", "fw/tail"])
    #expect(state.maps.first { $0.ref == "jumps" }?.map.valueSize == 4)
    #expect(
      errors(
        "maps:\n  fw/tails: {entries: {policy: exact, items: [{key: 1, value: fw/tial}]}}\n")
        == ["unknown-program 6:63"])
  }

  @Test("Maps are bound across objects")
  func bindings() throws {
    let both = """
      objects:
        fw: {file: fw.bpf.o, bind: {flows: flows}}
        second: {file: fw.bpf.o, bind: {blocklist: fw/blocklist, flows: fw/flows}}

      """
    let flows = """
      maps:
        flows: {type: lru_hash, key: u32, value: {packets: u64, bytes: u64}, max_entries: 9}

      """
    let attached = "attachments:\n  up: {program: second/filter, xdp: {interface: eth0}}\n"
    let state = try resolve(flows + attached, objects: both).state
    #expect(state.programs[0].bindings["flows"] == "flows")
    #expect(state.programs[0].bindings["blocklist"] == "fw/blocklist")
    #expect(state.programs[0].bindings["tails"] == "second/tails")
    #expect(
      state.maps.map(\.ref) == [
        "flows", "fw/blocklist", "second/.bss", "second/.data", "second/.rodata", "second/tails",
      ])
    let small = flows.replacing("bytes: u64", with: "bytes: u32")
    #expect(try resolve(small + attached, objects: both).state.maps[0].map.valueSize == 16)
    let other = flows.replacing("{packets: u64, bytes: u64}", with: "u64")
    #expect(
      errors(other + attached, objects: both) == [
        "incompatible-binding 4:38", "incompatible-binding 5:67",
      ])
    #expect(
      errors(flows, objects: "objects:\n  fw: {file: fw.bpf.o, bind: {flow: flows}}\n")
        == ["unknown-map 4:31"])
    let circle = """
      objects:
        fw: {file: fw.bpf.o, bind: {flows: b/flows}}
        b: {file: fw.bpf.o, bind: {flows: fw/flows}}

      """
    #expect(errors("", objects: circle) == ["binding-cycle 4:38", "binding-cycle 5:37"])
  }

  @Test("Global data is described variable by variable, and hidden where a variable is sensitive")
  func dataSections() throws {
    func rodata(_ head: String, _ globals: String) throws -> DesiredMap {
      let text = "attachments:\n  a: {program: fw/filter, xdp: {interface: eth0}}\n"
      let objects = "objects:\n  fw: {file: fw.bpf.o, globals: {\(globals)}}\n"
      let state = try resolve(head + text, objects: objects).state
      return try #require(state.maps.first { $0.ref == "fw/.rodata" })
    }
    let map = try rodata("", "drop_icmp: true, verdict: DENY, ports: [80, 0x1bb, 53]")
    let contents = try #require(map.map.data?.contents)
    #expect(
      map.valueLayout?.decode(contents).description
        == "{drop_icmp: true, verdict: DENY, ports: [80, 443, 53]}")
    #expect(!map.sensitive)
    let secret = "variables: {icmp: {default: true, sensitive: true}}\n"
    #expect(try rodata(secret, "drop_icmp: \"${icmp}\"").sensitive)
  }

  @Test("Objects that cannot be used")
  func badObjects() throws {
    #expect(errors("", objects: "objects:\n  fw: {file: gone.o}\n") == ["not-found 4:14"])
    let files = ["text.o": "not an object"]
    #expect(
      errors("", objects: "objects:\n  fw: {file: text.o}\n", files: files) == ["bad-object 4:14"])
    let zeros = String(repeating: "0", count: 64)
    #expect(
      errors("", objects: "objects:\n  fw: {file: fw.bpf.o, sha256: \"\(zeros)\"}\n")
        == ["digest-mismatch 4:32"])
    #expect(errors("maps:\n  fw/blocklits: {}\n") == ["unknown-map 6:3"])
    #expect(errors("maps:\n  fw/.data: {max_entries: 2}\n") == ["conflicting-keys 6:3"])
    #expect(errors("programs:\n  fw/x: {function: filtre}\n") == ["unknown-program 6:20"])
    #expect(
      message("programs:\n  fw/x: {function: filtre}\n")
        == "the object 'fw' has no program 'filtre'")
    #expect(
      errors("pins:\n  p: {map: fw/flows, path: /sys/fs/bpf/p, owner: nobody-here}\n")
        == ["unknown-account 6:50"])
  }

  @Test("The result does not depend on the order of the manifest")
  func deterministic() throws {
    let first = try resolve(
      "programs:\n  fw/other: {}\n  fw/filter: {}\n"
    ).state
    let second = try resolve(
      "programs:\n  fw/filter: {}\n  fw/other: {}\n"
    ).state
    #expect(first.programs.map(\.digest) == second.programs.map(\.digest))
    #expect(first.maps.map(\.ref) == second.maps.map(\.ref))
  }
}
