import BPFObject
import Manifest
import Planning
import Testing

@Suite("Manifests that are right")
struct GoodManifestTests {
  static let firewall = """
    apiVersion: bpfapply/v1
    name: edge-firewall
    x-note: {anything: [goes, here]}
    variables:
      uplink: {default: eth0, description: the interface to protect}
      size: {default: "1024"}
    objects:
      fw:
        file: build/firewall.bpf.o
        sha256: \(String(repeating: "aB", count: 32))
        globals: {drop_icmp: true, limits: [1, 2], greeting: "$${x}"}
        bind: {flows: flows}
    maps:
      fw/blocklist:
        max_entries: 100000
        entries:
          policy: exact
          values: initial
          items:
            - {key: {prefixlen: 8, addr: 10.0.0.0}, value: 1}
            - {key: {prefixlen: "${size}", addr: "::1"}, value: 0x10}
          file: blocklist.csv
      fw/.rodata: {protect: true}
      flows:
        type: lru_hash
        key: {src: ipv4, dst: ipv4}
        value: {packets: u64, bytes: u64}
        max_entries: "${size}"
        map_flags: [no_common_lru]
        on_replace: recreate
        protect: true
      ring: {type: ringbuf, max_entries: 256KiB}
      theirs: {external: /sys/fs/bpf/theirs}
    programs:
      fw/xdp_filter: {flags: [xdp_has_frags]}
      fw/tp: {attach_to: sched_switch}
    attachments:
      uplink:
        program: fw/xdp_filter
        xdp: {interface: "${uplink}", mode: native}
      both:
        program: fw/tc
        cookie: 18446744073709551615
        tcx: {interface: [eth0, eth1], netns: blue, direction: egress, exclusive: true}
      group: {program: fw/cg, cgroup: {path: /system.slice, attach_type: cgroup_inet4_connect}}
      lookup: {program: fw/lookup, sk_lookup: {netns: /proc/1/ns/net}}
      nf: {program: fw/nf, netfilter: {pf: ipv6, hook: input, priority: -100, defrag: true}}
      tp: {program: fw/tp2, tracepoint: {name: "sched:sched_switch"}}
      tracing: {program: fw/tp}
    pins:
      shared-blocklist:
        map: fw/blocklist
        path: /sys/fs/bpf/shared/blocklist
        mode: "0640"
        group: netops
      link: {attachment: both/blue/eth1, path: /sys/fs/bpf/shared/link}
    """

  @Test("The whole grammar that is supported is read")
  func everything() throws {
    let manifest = try Manifest.parse(
      Array(Self.firewall.utf8), file: "dir/m.yaml",
      variables: VariableInputs(
        environment: ["uplink": "lan0", "other": "x"], assignments: [("uplink", "wan0")]))
    #expect(manifest.name.value == "edge-firewall")
    #expect(manifest.path("build/x.o") == "dir/build/x.o" && manifest.path("/x.o") == "/x.o")
    #expect(manifest.warnings.isEmpty)
    #expect(manifest.digest.count == 64)

    let object = try #require(manifest.objects.first)
    #expect(object.sha256?.value == String(repeating: "ab", count: 32))
    #expect(
      object.globals.map(\.data.value) == [
        .scalar("true", plain: true),
        .list([.scalar("1", plain: true), .scalar("2", plain: true)]),
        .scalar("${x}", plain: false),
      ])
    #expect(object.globals[1].data.position(of: [.index(1)]) == Position(line: 11, column: 44))

    #expect(manifest.maps.map(\.ref.value)[0...1] == ["fw/blocklist", "fw/.rodata"])
    #expect(manifest.maps[1].object == "fw" && manifest.maps[1].mapName == ".rodata")
    let items = Array(try #require(manifest.maps[0].entries?.items))
    #expect(items.count == 2 && manifest.maps[0].entries?.enforceValues == false)
    #expect(
      items[1].key?.value
        == .record([
          .init(name: "prefixlen", value: .scalar("1024", plain: true)),
          .init(name: "addr", value: .scalar("::1", plain: false)),
        ]))
    let flows = manifest.maps[2]
    #expect(flows.type?.value == .lruHash && flows.maxEntries?.value == 1024)
    #expect(flows.flags?.value == 2 && flows.onReplace?.value == .recreate && flows.protect == true)
    #expect(manifest.maps[3].maxEntries?.value == 256 << 10)
    #expect(manifest.maps[4].external?.value == "/sys/fs/bpf/theirs")

    #expect(manifest.programs[0].flags?.value == 1 << 5)
    guard
      case .xdp(.named(let interfaces), .own, .native) = manifest.attachments[0].hook?.value
    else { throw Mismatch() }
    #expect(interfaces.map(\.value) == ["wan0"])
    guard
      case .tcx(.named(let several), .name("blue"), .some(.tcxEgress)) =
        manifest.attachments[1].hook?.value
    else { throw Mismatch() }
    #expect(several.map(\.value) == ["eth0", "eth1"])
    #expect(manifest.attachments[1].exclusive && !manifest.attachments[0].exclusive)
    #expect(manifest.attachments[1].cookie?.value == .max)
    guard case .netfilter(let hook, .own) = manifest.attachments[4].hook?.value else {
      throw Mismatch()
    }
    #expect(
      hook == NetfilterHook(protocolFamily: 10, hook: 1, priority: -100, defragment: true))
    #expect(manifest.attachments[6].hook == nil)
    #expect(manifest.pins[0].mode == 0o640 && manifest.pins[0].group.value == "netops")
    #expect(manifest.pins[1].target.value == .attachment("both", instance: "blue/eth1"))
  }

  struct Mismatch: Error {}

  @Test("Variables: the default, then the environment, then the command line")
  func precedence() throws {
    let text = "apiVersion: bpfapply/v1\nname: \"${n}\"\nvariables: {n: {default: a}}\n"
    func name(_ inputs: VariableInputs) throws -> String {
      try Manifest.parse(Array(text.utf8), file: "m.yaml", variables: inputs).name.value
    }
    #expect(try name(VariableInputs()) == "a")
    #expect(try name(VariableInputs(environment: ["n": "b"])) == "b")
    #expect(
      try name(VariableInputs(environment: ["n": "b"], assignments: [("n", "c"), ("n", "d")]))
        == "d")
    let error = #expect(throws: ManifestError.self) {
      try name(VariableInputs(assignments: [("nn", "x")]))
    }
    #expect(error?.diagnostics.first?.code == "unknown-variable")
    #expect(error?.diagnostics.first?.hints == ["did you mean 'n'?"])
  }

  @Test("Anchors, aliases and a byte order mark are fine")
  func aliases() throws {
    let text = """
      \u{FEFF}apiVersion: bpfapply/v1
      name: a
      x-types: {flow: &flow {src: ipv4}}
      maps:
        a: {type: hash, key: *flow, value: &v u64, max_entries: 1}
        b: {type: hash, key: *flow, value: *v, max_entries: 1}
      """
    let manifest = try Manifest.parse(Array(text.utf8), file: "m.yaml")
    #expect(manifest.maps[0].key?.value == manifest.maps[1].key?.value)
    #expect(manifest.maps[1].value?.value == .scalar("u64", plain: true))
    #expect(manifest.maps[1].value?.at == Position(line: 6, column: 38, length: 2))
  }

  @Test("A variable that is not used is a warning")
  func unused() throws {
    let text = "apiVersion: bpfapply/v1\nname: a\nvariables: {n: {default: a}}\n"
    let manifest = try Manifest.parse(Array(text.utf8), file: "m.yaml")
    #expect(manifest.warnings.map(\.code) == ["unused-variable"])
  }

  @Test("Sizes, durations, integers and modes")
  func scalars() {
    #expect(ScalarText.size("64KiB") == 65536 && ScalarText.size("1 MB") == 1_000_000)
    #expect(ScalarText.size("-1") == nil && ScalarText.size("99999999999999GiB") == nil)
    #expect(ScalarText.size("KiB") == nil && ScalarText.size("") == nil)
    #expect(ScalarText.duration("1h30m") == .seconds(5400))
    #expect(ScalarText.duration("250ms") == .milliseconds(250))
    #expect(ScalarText.duration("5") == nil && ScalarText.duration("9223372036854775807h") == nil)
    #expect(ScalarText.integer("0x1f") == 31 && ScalarText.integer("-0b11") == -3)
    #expect(ScalarText.integer("0777") == 777 && ScalarText.integer("0o17") == 15)
    #expect(ScalarText.integer("--1") == nil && ScalarText.integer("0x-1") == nil)
    #expect(ScalarText.integer("1_000") == nil && ScalarText.integer("") == nil)
    #expect(ScalarText.mode("0640") == 0o640 && ScalarText.mode("17777") == nil)
  }
}
