import BPFKernel
import Glibc
import Sandbox
import Testing

/// Tests of programs on the running kernel.
@Suite struct ProgramTestTests {
  @Test(.kernel) func `the tests of examples_tests pass, alone and as a gate`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment("edge")
        let directory = "\(Sandbox.packageRoot)/examples/tests"
        let object = try Sandbox.compile(file: "\(directory)/edge.bpf.c")
        try deployment.write(Sandbox.read(object), to: "edge.bpf.o")
        let text = String(decoding: try Sandbox.read("\(directory)/manifest.yaml"), as: UTF8.self)
        try deployment.write(
          text.replacing("name: edge\n", with: "name: \(deployment.owner)\n")
            .replacing("default: eth0", with: "default: uplink"))
        try deployment.bpfapply("test", "manifest.yaml", saying: "11 tests: 11 passed.")
        try check(BPFFilesystem().root.walk().pins.isEmpty, "a test pinned something")
        // The manifest attaches to TCX.
        guard Sandbox.kernelVersion >= (6, 6) else { return }
        try deployment.apply(saying: "11 tests: 11 passed.", "Done")
        try deployment.isSettled()

        // A test that fails leaves everything as it was.
        let verdicts = try Pinned.map("\(deployment.pins)/maps/edge/verdicts").info.id
        let filter = "\(deployment.pins)/programs/edge/filter"
        let before = try Pinned.program(filter).info().id
        try deployment.write(
          text.replacing("name: edge\n", with: "name: \(deployment.owner)\n")
            .replacing("default: eth0", with: "default: uplink")
            .replacing("{mark: 42}", with: "{mark: 43}"))
        try deployment.bpfapply(
          "plan", "--verify", "manifest.yaml", status: 1,
          saying: "FAILED         marks a packet and lowers its TTL",
          "mark of the context is 43, expected 42")
        try deployment.apply(
          status: 6, saying: "error[test-failed]", "what had been done was undone")
        try check(Pinned.program(filter).info().id == before, "the program was replaced")
        try check(
          Pinned.map("\(deployment.pins)/maps/edge/verdicts").info.id == verdicts,
          "the map was replaced")
        try deployment.drift(saying: "no drift")
      }
    }
  }

  /// The other types of programs, and what maps can hold.
  static let manifest = """
    programs:
      t/reflect:
        tests:
          - name: metadata, an interface and a packet out
            packet: {ipv4: {}, tcp: {dport: 1}}
            ctx: {metadata: "01000000", ingress_ifindex: lo}
            expect:
              return: XDP_TX
              ctx: {metadata: "02000000"}
              packet:
                {eth: {src: "02:00:00:00:00:02", dst: "02:00:00:00:00:01"}, ipv4: {}, tcp: {dport: 1}}
              entries: {t/runs: [{key: 0, value: 1}]}
      t/containers:
        tests:
          - name: a queue and a map in a map
            packet: {ipv4: {}}
            entries: {t/jobs: [{value: 11}]}
            expect: {return: XDP_DROP, entries: {t/runs: [{key: 1, value: 11}]}}
          - name: another map in the map
            packet: {ipv4: {}}
            entries: {t/jobs: [{value: 11}], t/limits: [{key: 0, value: 12}]}
            expect: {return: XDP_PASS}
      t/egress:
        tests:
          - name: a blocked network
            packet: {ipv4: {dst: 10.1.2.3}, udp: {dport: 1}}
            expect: {return: SK_DROP, packet: {ipv4: {dst: 10.1.2.3}, udp: {dport: 1}}}
          - name: an open one
            packet: {ipv4: {dst: 11.1.2.3}, udp: {dport: 1}}
            expect: {return: SK_PASS, entries: {t/networks: [{key: 11.0.0.0/8, absent: true}]}}
      t/sizes: {tests: [{name: length, packet: {ipv4: {}}, expect: {return: 20}}]}
      t/tunnel:
        tests:
          - name: too large
            packet: {ipv4: {}, udp: {dport: 1}, payload: {length: 100}}
            expect: {return: BPF_DROP}
      t/dissect:
        tests:
          - name: keys
            packet: {ipv4: {src: 10.1.1.1}, udp: {dport: 1}}
            expect: {return: BPF_OK, ctx: {ip_proto: 17, ipv4_src: 10.1.1.1, thoff: 34}}
      t/arguments:
        tests:
          - name: arguments
            ctx: {args: [7, 5]}
            expect: {return: 70, entries: {t/runs: [{key: 2, value: 5}]}}
          - {name: none, expect: {return: -1}}
    """

  static let newer = """

      t/answer:
        tests:
          - name: a context that is written
            ctx: {hex: "15000000 00000000"}
            expect: {return: 3, ctx: {hex: "15000000 2a000000"}}
    """

  @Test(.kernel) func `each type of program runs, with its own kind of context`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("trial")
        try deployment.compile("testrun")
        // syscall programs came with 5.14.
        let hasSyscall = Sandbox.kernelVersion >= (5, 14)
        try deployment.write(
          """
          apiVersion: bpfapply/v1
          name: \(deployment.owner)
          objects: {t: {file: testrun.bpf.o}}
          maps:
            t/limits: {entries: {policy: exact, items: [{key: 0, value: 10}]}}
            t/networks: {entries: {policy: exact, items: [{key: 10.0.0.0/8, value: 1}]}}

          """ + Self.manifest + (hasSyscall ? Self.newer : ""))
        if Sandbox.kernelVersion >= (5, 15) {
          try deployment.bpfapply("test", "manifest.yaml", saying: "11 tests: 11 passed.")
        } else {
          // XDP programs have no contexts before.
          try deployment.bpfapply(
            "test", "manifest.yaml", saying: "1 cannot be run here",
            "a context or metadata of XDP programs needs Linux 5.15")
        }
        try check(
          BPFFilesystem().root.walk().pins.isEmpty && !Self.hasPrograms(), "something was left")
      }
    }
  }

  @Test(.kernel) func `netfilter programs run where the kernel can`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("gate")
        try deployment.compile("testrun_netfilter")
        try deployment.write(
          """
          apiVersion: bpfapply/v1
          name: \(deployment.owner)
          objects: {n: {file: testrun_netfilter.bpf.o}}
          programs:
            n/gate:
              tests:
                - name: output
                  packet: {ipv4: {}, udp: {dport: 1}}
                  ctx: {hook: output}
                  expect: {return: NF_ACCEPT}
                - {name: input, packet: {ipv4: {}, udp: {dport: 1}}, expect: {return: NF_DROP}}
                - name: of the other family
                  packet: {ipv6: {}, udp: {dport: 1}}
                  ctx: {hook: output}
                  expect: {return: NF_DROP}
          """)
        if Sandbox.kernelVersion >= (6, 4) {
          try deployment.bpfapply("test", "manifest.yaml", saying: "3 tests: 3 passed.")
        } else {
          try deployment.bpfapply("test", "manifest.yaml", status: 1)
        }
      }
    }
  }

  @Test(.kernel) func `live, external and frozen maps are never written`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let others = try Deployment("others")
        let deployment = try Deployment("user")
        try others.write(
          """
          apiVersion: bpfapply/v1
          name: \(others.owner)
          maps:
            runs:
              type: array
              key: u32
              value: u64
              max_entries: 4
              entries: {policy: exact, items: [{key: 0, value: 5}]}
          """)
        try others.apply(saying: "Done")
        try deployment.compile("testrun")
        func write(_ expected: Int) throws {
          try deployment.write(
            """
            apiVersion: bpfapply/v1
            name: \(deployment.owner)
            objects: {t: {file: testrun.bpf.o, bind: {runs: runs}}}
            maps:
              runs: {external: \(others.pins)/maps/runs}
              t/networks: {freeze: true, entries: {policy: exact, items: [{key: 10.0.0.0/8, value: 1}]}}
            programs:
              t/arguments:
                tests:
                  - name: counts from nothing
                    ctx: {args: [7, 5]}
                    expect: {return: 70, entries: {runs: [{key: 2, value: \(expected)}, {key: 0, value: 0}]}}
              t/egress:
                tests:
                  - name: what the test adds is there
                    packet: {ipv4: {dst: 11.1.2.3}, udp: {dport: 1}}
                    entries: {t/networks: [{key: 11.0.0.0/8, value: 1}]}
                    expect: {return: SK_DROP}
            """)
        }
        let shared = "\(others.pins)/maps/runs"
        try write(6)
        let before = try Objects.reachable(from: "/sys/fs/bpf")
        try deployment.apply(status: 6, saying: "map.runs has 2 = 5, expected 6")
        let after = try Objects.reachable(from: "/sys/fs/bpf")
        try check(before.ids == after.ids, "something became visible: \(after.ids)")
        try write(5)
        try deployment.apply(saying: "2 tests: 2 passed.")
        try check(
          Pinned.counter(shared, 2) == 0 && Pinned.counter(shared, 0) == 5,
          "the external map was written")
        let networks = try Pinned.map("\(deployment.pins)/maps/t/networks")
        try check(networks.keys().count == 1, "the live map was written")
        try deployment.isSettled()
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml")
        try others.bpfapply("destroy", "--auto-approve", "manifest.yaml")
      }
    }
  }

  @Test(.kernel) func `packets come from a capture, and what cannot be run is no failure`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("capture")
        try deployment.compile("testrun")
        // As tcpdump -w writes it: a frame of 20 and one of 34 bytes.
        let frame =
          [UInt8](repeating: 0xaa, count: 6) + [UInt8](repeating: 0xbb, count: 6)
          + [8, 0, 0x45] + [UInt8](repeating: 0, count: 19)
        var capture: [UInt8] = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]
        capture += [UInt8](repeating: 0, count: 8) + [0, 0, 4, 0, 1, 0, 0, 0]
        for bytes in [Array(frame[..<20]), frame] {
          let size: [UInt8] = [UInt8(bytes.count), 0, 0, 0]
          capture += [UInt8](repeating: 0, count: 8) + size + size + bytes
        }
        try deployment.write(capture, to: "seen.pcap")
        try deployment.write(
          """
          apiVersion: bpfapply/v1
          name: \(deployment.owner)
          objects: {t: {file: testrun.bpf.o}}
          programs:
            t/reflect:
              tests:
                - name: a frame that was seen
                  packet: {file: seen.pcap, frame: 2}
                  expect:
                    packet: {hex: "bbbbbbbbbbbb aaaaaaaaaaaa 0800 4500000000000000000000000000000000000000"}
                - name: an interface that is not here
                  packet: {file: seen.pcap}
                  ctx: {ingress_ifindex: nothere0}
                  expect: {return: XDP_TX}
            t/sizes:
              tests:
                - name: more than fits
                  packet: {ipv4: {}, udp: {dport: 1}, payload: {length: 60000}}
                  expect: {return: 1}
          """)
        try deployment.bpfapply(
          "test", "--filter", "t/reflect", "manifest.yaml",
          saying: "2 tests: 1 passed, 1 cannot be run here.", "there is no interface nothere0")
        try deployment.bpfapply(
          "test", "--filter", "t/sizes", "manifest.yaml", status: 1,
          saying: "BPF_PROG_TEST_RUN", "packets are limited to a page")
      }
    }
  }

  /// Whether a program of the fixture's is in the kernel.
  private static func hasPrograms() throws -> Bool {
    try !Objects.named(["containers", "tunnel"]).isEmpty
  }
}
