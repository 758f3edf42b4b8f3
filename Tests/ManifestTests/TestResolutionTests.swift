import BPFObject
import Manifest
import Planning
import Testing

@Suite("Tests of programs")
struct TestResolutionTests {
  private func resolve(_ tests: String, more: String = "", files: [String: [UInt8]] = [:]) throws
    -> Resolution
  {
    let text = """
      apiVersion: bpfapply/v1
      name: edge
      objects:
        fw: {file: fw.bpf.o}
        t: {file: t.bpf.o, bind: {runs: shared}}
      maps:
        shared: {external: /sys/fs/bpf/others/runs}
        fw/flows: {sensitive: true, protect: true}
      \(more)
      programs:
      \(tests)
      """
    var memory = MemoryFiles(
      files: [
        "dir/fw.bpf.o": try Compiled.resolution.get(), "dir/t.bpf.o": try Compiled.testrun.get(),
      ])
    for (path, bytes) in files { memory.files["dir/\(path)"] = bytes }
    let manifest = try Manifest.parse(Array(text.utf8), file: "dir/m.yaml")
    return try manifest.resolve(files: memory, accounts: memory)
  }

  /// The one test of the program.
  private func test(
    _ program: String, _ test: String, more: String = "", files: [String: [UInt8]] = [:]
  ) throws -> DesiredTest {
    let state = try resolve("  \(program): {tests: [\(test)]}", more: more, files: files).state
    return try #require(state.programs.first { $0.ref == program }?.tests.first)
  }

  private func errors(
    _ program: String, _ test: String, files: [String: [UInt8]] = [:]
  ) -> [String] {
    let error = #expect(throws: ManifestError.self) {
      try resolve("  \(program): {tests: [\(test)]}", files: files)
    }
    return (error?.diagnostics ?? []).map { "\($0.code): \($0.message)" }
  }

  @Test("Return codes are names of the program's type, or numbers")
  func returnCodes() throws {
    func code(_ text: String) throws -> UInt32? {
      try test("fw/filter", "{name: a, packet: {arp: {}}, expect: {return: \(text)}}")
        .expected.returnCode
    }
    #expect(try code("XDP_DROP") == 1)
    #expect(try code("0x10") == 16)
    #expect(try code("-1") == 0xffff_ffff)
    #expect(
      errors("fw/filter", "{name: a, packet: {arp: {}}, expect: {return: TC_ACT_SHOT}}") == [
        "invalid-value: 'TC_ACT_SHOT' is nothing that a program of type xdp returns"
      ])
    #expect(
      try test("t/egress", "{name: a, packet: {arp: {}}, expect: {return: SK_PASS}}")
        .expected.returnCode == 1)
    #expect(ReturnCode.name(of: 2, for: .schedCls) == "TC_ACT_SHOT")
    #expect(ReturnCode.name(of: 2, for: .schedCls, attachType: .tcxIngress) == "TCX_DROP")
    #expect(ReturnCode.name(of: .max, for: .schedCls, attachType: .netkitPeer) == "NETKIT_NEXT")
    #expect(ReturnCode.name(of: .max, for: .rawTracepoint) == "-1")
    #expect(ReturnCode.name(of: 77, for: .xdp) == "77")
  }

  @Test("Packets are hex, frames of a capture, or descriptions")
  func packets() throws {
    let capture = Capture.pcap(CaptureTests.frames)
    let second = try test(
      "fw/filter",
      "{name: a, packet: {file: two.pcap, frame: 2}, expect: {packet: {hex: \(String(repeating: "0a", count: 14))}}}",
      files: ["two.pcap": capture])
    #expect(second.packet == CaptureTests.frames[1])
    #expect(second.expected.packet == [UInt8](repeating: 10, count: 14))
    let files = ["two.pcap": capture]
    for (packet, message) in [
      ("{}", "missing-key: the packet is empty: 'hex', 'file' or a header is needed"),
      (
        "{hex: \"00\", payload: x}",
        "conflicting-keys: 'hex' is all of the packet, and so 'payload' cannot be said"
      ), ("{frame: 1, arp: {}}", "conflicting-keys: 'frame' is of a 'file'"),
      ("{tcp: {dport: 1}}", "missing-key: 'tcp' needs 'ipv4' or 'ipv6' in the packet"),
      ("{ipv6: {}, icmp: {}}", "missing-key: 'icmp' needs 'ipv4' in the packet"),
      ("{ipv4: {offset: 9}}", "invalid-value: a fragment's offset is a multiple of 8"),
      (
        "{hex: 0a0b}",
        "too-short: a packet begins with an Ethernet header of 14 bytes, and this one has 2"
      ), ("{file: two.pcap, frame: 9}", "bad-capture: two.pcap: it has no frame 9"),
      ("{file: none.pcap}", "not-found: there is no file dir/none.pcap"),
    ] {
      let found = errors(
        "fw/filter", "{name: a, packet: \(packet), expect: {return: 1}}", files: files)
      #expect(found == [message])
    }
    let resolution = try resolve(
      "  fw/filter: {tests: [{name: a, packet: {file: two.pcap}, expect: {return: 1}}]}",
      files: files)
    #expect(resolution.entryFiles["dir/two.pcap"]?.count == 64)
  }

  @Test("What fits the type of program, and what does not")
  func types() {
    let packet = "packet: {arp: {}}"
    for (program, test, message) in [
      (
        "fw/filter", "{name: a, expect: {return: 1}}",
        "missing-key: 'packet' is missing: programs of type xdp run on packets"
      ),
      (
        "t/arguments", "{name: a, \(packet), expect: {return: 1}}",
        "conflicting-keys: programs of type raw_tracepoint run on no packet"
      ),
      (
        "t/answer", "{name: a, repeat: 2, expect: {return: 1}}",
        "conflicting-keys: the kernel runs programs of type syscall once only"
      ),
      (
        "t/dissect", "{name: a, \(packet), expect: {\(packet)}}",
        "conflicting-keys: the kernel hands no packet back from programs of type flow_dissector"
      ),
      (
        "t/arguments", "{name: a, expect: {ctx: {args: [1]}}}",
        "conflicting-keys: the kernel hands no context back from programs of type raw_tracepoint"
      ),
      (
        "t/switches", "{name: a, expect: {return: 1}}",
        "not-testable: 't/switches' cannot have tests: programs of type tracepoint cannot be test-run"
      ),
      (
        "fw/filter", "{name: a, \(packet), expect: {}}",
        "missing-key: the test expects nothing, and so cannot fail"
      ),
      (
        "fw/filter", "{name: a, \(packet), ctx: {mark: 1}, expect: {return: 1}}",
        "unknown-key: the context of a program of type xdp has no 'mark' here"
      ),
      (
        "t/dissect", "{name: a, \(packet), ctx: {sport: 1}, expect: {return: 1}}",
        "unknown-key: 'sport' of the context is not for tests to set"
      ),
      (
        "fw/filter", "{name: a, \(packet), expect: {ctx: {rx_queue_index: 1}}}",
        "unknown-key: 'rx_queue_index' of the context is not handed back"
      ),
      (
        "fw/filter", "{name: a, \(packet), ctx: {metadata: \"010203\"}, expect: {return: 1}}",
        "invalid-value: metadata has a multiple of 4 bytes, at most 252, and this 3"
      ),
      (
        "t/egress", "{name: a, \(packet), ctx: {mark: x}, expect: {return: 1}}",
        "invalid-value: 'mark': 'x' is not a number (u32)"
      ),
      (
        "t/arguments", "{name: a, ctx: {args: [1, x]}, expect: {return: 1}}",
        "invalid-value: 'args': 'x' is not a number (s64)"
      ),
    ] {
      #expect(errors(program, test) == [message])
    }
  }

  @Test("Contexts are laid out as the kernel's structs")
  func contexts() throws {
    let skb = try test(
      "t/egress",
      "{name: a, packet: {arp: {}}, ctx: {mark: 0x01020304, cb: [1, 2, 3, 4, 5], ifindex: eth7}, "
        + "expect: {ctx: {mark: 9}}}")
    #expect(skb.context.count == 192 && Array(skb.context[8..<12]) == [4, 3, 2, 1])
    #expect(skb.context[48] == 1 && skb.context[64] == 5)
    #expect(skb.interfaces == [ContextInterface(offset: 40, name: "eth7")])
    #expect(skb.expected.fields.map(\.bytes) == [[9, 0, 0, 0]])
    let args = try test("t/arguments", "{name: a, ctx: {args: [1, -1]}, expect: {return: 1}}")
    #expect(args.context.count == 96 && args.context[0] == 1 && args.context[15] == 0xff)
    let xdp = try test(
      "t/reflect", "{name: a, packet: {arp: {}}, ctx: {metadata: 01020304}, expect: {return: 1}}")
    #expect(xdp.metadata == [1, 2, 3, 4] && xdp.context.isEmpty)
  }

  @Test("Entries are typed as the manifest's, of maps that the program uses")
  func entries() throws {
    let packet = "packet: {arp: {}}"
    let flows = try test(
      "fw/filter",
      "{name: a, \(packet), entries: {fw/flows: [{key: 7, value: {packets: 1, bytes: 2}}]}, "
        + "expect: {entries: {fw/flows: [{key: 7, value: {bytes: 3}}, {key: 8, absent: true}]}}}")
    #expect(flows.entries["fw/flows"]?.keys == [7, 0, 0, 0])
    #expect(flows.expected.entries.map(\.value?.count) == [16, nil])
    #expect(
      flows.expected.entries[0].mask
        == [UInt8](repeating: 0, count: 8) + [UInt8](repeating: 0xff, count: 8))
    for (entries, message) in [
      ("fw/flow: []", "unknown-map: there is no map 'fw/flow'"),
      ("fw/unreached: []", "unknown-map: there is no map 'fw/unreached'"),
      ("shared: []", "unused-map: 'fw/filter' does not use the map 'shared'"),
      ("fw/tails: []", "invalid-entries: a test cannot put entries into a prog_array"),
      ("fw/.bss: []", "invalid-entries: a test cannot set global variables"),
      ("fw/flows: [{key: 7, value: 1}]", "invalid-value: the value: expected a mapping, found '1'"),
    ] {
      #expect(
        errors("fw/filter", "{name: a, \(packet), entries: {\(entries)}, expect: {return: 1}}")
          == [message])
    }
    #expect(
      errors(
        "fw/filter",
        "{name: a, \(packet), expect: {entries: {fw/flows: [{key: 1, value: {x: 1}}]}}}"
      ) == ["invalid-value: the value: unknown field 'x'"])
    #expect(
      errors(
        "fw/filter",
        "{name: a, \(packet), expect: {entries: {fw/flows: [{key: 1, absent: false}]}}}"
      ) == ["invalid-value: 'absent' can only be true"])
  }

  @Test("What a sensitive variable says is not shown")
  func sensitive() throws {
    let variables = "variables: {limit: {default: 7, sensitive: true}}"
    let test = try test(
      "t/reflect",
      "{name: a, packet: {arp: {}}, expect: {entries: {shared: [{key: 1, value: \"${limit}\"}]}}}",
      more: variables)
    #expect(test.sensitiveMaps == ["shared"])
    let open = try self.test(
      "t/reflect",
      "{name: a, packet: {arp: {}}, expect: {entries: {shared: [{key: 1, value: 7}]}}}")
    #expect(open.sensitiveMaps.isEmpty)
  }

  @Test("What others own is stood in for, and the trial is of copies only")
  func trial() throws {
    let text =
      "{name: a, packet: {arp: {}}, entries: {shared: [{key: 1, value: 5}]}, expect: {return: 1}}"
    let state = try resolve("  t/reflect: {tests: [\(text)]}\n  fw/filter: {}").state
    let test = try #require(state.programs.first { $0.ref == "t/reflect" }?.tests.first)
    let trial = state.trial(of: "t/reflect", test)
    let shared = try #require(trial.state.maps.first { $0.ref == "shared" })
    #expect(shared.external == nil && shared.map.type == .array && shared.map.maxEntries == 4)
    #expect(shared.entries?.table.count == 1)
    #expect(trial.state.programs.map(\.ref) == ["t/reflect"])
    // The slots of a prog array, and what is in a map of maps.
    let filter = state.trial(of: "fw/filter", test)
    #expect(filter.state.programs.map(\.ref) == ["fw/filter", "fw/tail"])
    #expect(filter.steps.last == .fillReferences(ref: "fw/tails"))
    let tables = try resolve("  t/containers: {}").state.trial(of: "t/containers", test)
    #expect(tables.state.maps.map(\.ref).contains("t/limits"))
  }

  @Test("A test's name is its own")
  func names() {
    let one = "{name: a, packet: {arp: {}}, expect: {return: 1}}"
    #expect(
      errors("fw/filter", "\(one), \(one)") == [
        "duplicate-name: two tests of 'fw/filter' have the name 'a'"
      ])
  }
}
