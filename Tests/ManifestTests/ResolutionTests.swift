import BPFObject
import Manifest
import Planning
import Testing

@Suite("A manifest with its objects")
struct ResolutionTests {
  private func resolve(
    _ text: String, objects: String? = nil, files: [String: String] = [:]
  ) throws -> Resolution {
    let head = "apiVersion: bpfapply/v1\nname: edge\n"
    let fw = objects ?? "objects:\n  fw: {file: fw.bpf.o}\n"
    var memory = MemoryFiles(files: ["dir/fw.bpf.o": try Compiled.resolution.get()])
    for (path, content) in files { memory.files["dir/\(path)"] = Array(content.utf8) }
    let manifest = try Manifest.parse(Array((head + fw + text).utf8), file: "dir/m.yaml")
    return try manifest.resolve(files: memory, accounts: memory)
  }

  /// The errors as `code line:column`.
  private func errors(
    _ text: String, objects: String? = nil, files: [String: String] = [:]
  ) -> [String] {
    let error = #expect(throws: ManifestError.self) {
      try resolve(text, objects: objects, files: files)
    }
    return (error?.diagnostics ?? []).map {
      "\($0.code) \($0.location.map { "\($0.line):\($0.column)" } ?? "-")"
    }
  }

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

  @Test("Hooks come from the block or from the section")
  func hooks() throws {
    let text = """
      attachments:
        a: {program: fw/ingress, tcx: {interface: eth0, netns: blue, exclusive: true}}
        b: {program: fw/classic, tcx: {interface: eth0, direction: egress}}
        c: {program: fw/connect4, cgroup: {path: [/system.slice/a.service, /]}}
        d: {program: fw/skb, cgroup: {path: x, attach_type: cgroup_inet_egress}}
        e: {program: fw/lookup}
        f: {program: fw/hook, netfilter: {pf: ipv4, hook: forward, priority: 5}}
        g: {program: fw/switched, cookie: 7}
        h: {program: fw/entered}
        i: {program: fw/traced}
        j: {program: fw/untargeted}
        k: {program: fw/switched, tracepoint: {name: "sched:sched_wakeup"}}
      programs:
        fw/untargeted: {attach_to: sched_wakeup}
      pins:
        p: {attachment: a, path: /sys/fs/bpf/x/a, mode: "0644", group: netops}
        q: {program: fw/hook, path: /sys/fs/bpf/x/q, owner: "7"}
      """
    let state = try resolve(text).state
    let blue = InterfaceName(namespace: .name("blue"), name: "eth0")
    #expect(
      state.attachments.map(\.hook) == [
        .tcx(interface: blue, attachType: .tcxIngress),
        .tcx(interface: InterfaceName(name: "eth0"), attachType: .tcxEgress),
        .cgroup(path: "/", attachType: .cgroupInet4Connect),
        .cgroup(path: "/system.slice/a.service", attachType: .cgroupInet4Connect),
        .cgroup(path: "/x", attachType: .cgroupInetEgress),
        .networkNamespace(.own, attachType: .skLookup),
        .netfilter(
          NetfilterHook(protocolFamily: 2, hook: 2, priority: 5, defragment: false),
          namespace: .own),
        .tracepoint(category: "sched", name: "sched_switch"), .rawTracepoint(name: "sys_enter"),
        .tracing(attachType: .traceRawTp, target: "sched_switch"),
        .tracing(attachType: .traceRawTp, target: "sched_wakeup"),
        .tracepoint(category: "sched", name: "sched_wakeup"),
      ])
    #expect(state.attachments[0].exclusive && state.attachments[0].instance == "blue/eth0")
    #expect(state.attachments[7].cookie == 7 && state.attachments[7].instance == nil)
    #expect(
      state.attachments[3].pin.path
        == "/sys/fs/bpf/bpfapply/edge/attachments/c/system%2Eslice%2Fa%2Eservice")
    #expect(state.pins[0].target == .attachment("a", instance: "blue/eth0"))
    #expect(state.pins[0].pin == PinSpec(path: "/sys/fs/bpf/x/a", mode: 0o644, group: 42))
    #expect(state.pins[1].pin.owner == 7)
    #expect(state.programs.first { $0.ref == "fw/untargeted" }?.attachTo == "sched_wakeup")
  }

  @Test("Tracing programs and probes go where their sections or blocks say")
  func tracing() throws {
    let text = """
      attachments:
        a: {program: fw/trampoline}
        b: {program: fw/opened}
        c: {program: fw/tasks}
        d: {program: fw/probed}
        e: {program: fw/returned, kprobe: {syscall: openat}, cookie: 9}
        f: {program: fw/slept}
        g: {program: fw/allocated}
        h: {program: fw/prompted}
        i: {program: fw/returned, uprobe: {path: /bin/sh, offset: 64, return: false, pid: 1}}
      programs:
        fw/trampoline: {attach_to: do_nanosleep}
      """
    let state = try resolve(text).state
    #expect(
      state.attachments.map(\.hook) == [
        .tracing(attachType: .traceFentry, target: "do_nanosleep"),
        .tracing(attachType: .lsmMac, target: "file_open"),
        .tracing(attachType: .traceIter, target: "task"),
        .kernelProbe(KernelProbe(function: "do_exit", offset: 8, isReturn: false)),
        .kernelProbe(KernelProbe(function: "openat", isSystemCall: true, isReturn: true)),
        .kernelProbe(KernelProbe(function: "nanosleep", isSystemCall: true, isReturn: false)),
        .userProbe(
          UserProbe(path: "libc.so.6", function: "malloc", offset: 4, isReturn: false)),
        .userProbe(UserProbe(path: "/bin/bash", function: nil, offset: 0x1234, isReturn: true)),
        .userProbe(
          UserProbe(path: "/bin/sh", function: nil, offset: 64, isReturn: false, process: 1)),
      ])
  }

  @Test("Probes at many places go where their sections or blocks say")
  func probeSets() throws {
    let text = """
      attachments:
        a: {program: fw/many}
        b: {program: fw/jumped}
        c: {program: fw/many, kprobe_multi: {functions: [do_exit, "vfs_*"], return: true}}
        d:
          program: fw/returned
          uprobe_multi: {path: /bin/sh, offsets: [64, 0x80], cookies: [1, 2], pid: 7}
        e: {program: fw/jumped, usdt: {path: python3, provider: python, name: line}}
      programs:
        fw/returned: {attach_type: trace_uprobe_multi}
      """
    let state = try resolve(text).state
    let hooks: [Hook] = [
      .kernelProbes(KernelProbeSet(functions: ["do_*"])),
      .staticProbe(StaticProbePlace(path: "libc.so.6", provider: "libc", name: "setjmp")),
      .kernelProbes(KernelProbeSet(functions: ["do_exit", "vfs_*"], isReturn: true)),
      .userProbes(
        UserProbeSet(
          path: "/bin/sh", offsets: [64, 128], cookies: [1, 2], isReturn: true, process: 7)),
      .staticProbe(StaticProbePlace(path: "python3", provider: "python", name: "line")),
    ]
    #expect(state.attachments.map(\.hook) == hooks)
    let restored = hooks.map { Hook(spec: $0.spec) }
    #expect(restored == hooks)
    #expect(
      state.programs.first { $0.ref == "fw/jumped" }?.image.expectedAttachType == .traceUprobeMulti)
  }

  @Test("Counters are on every CPU, on some, or of a process")
  func counters() throws {
    let text = """
      attachments:
        a: {program: fw/sampled, perf_event: {type: software, config: cpu-clock, freq: 99}}
        b:
          program: fw/sampled
          perf_event: {type: cache, config: LLC-load-misses, period: 1000, cpu: [0, 3]}
        c: {program: fw/sampled, perf_event: {type: raw, config: 0x1c2, period: 9, pid: 7}}
      """
    let state = try resolve(text).state
    #expect(
      state.everyCPU.map(\.hook) == [
        .perfCounter(PerfCounter(source: .software, config: 0, sampling: .frequency(99)))
      ])
    var cache = PerfCounter(source: .cache, config: 0x10002, sampling: .period(1000), cpu: 0)
    var hooks = [Hook.perfCounter(cache)]
    cache.cpu = 3
    hooks.append(.perfCounter(cache))
    hooks.append(
      .perfCounter(PerfCounter(source: .raw, config: 0x1c2, sampling: .period(9), process: 7)))
    #expect(state.attachments.map(\.hook) == hooks)
    #expect(state.attachments.map(\.instance) == ["cpu0", "cpu3", nil])
    let restored = hooks.map { Hook(spec: $0.spec) }
    #expect(restored == hooks)
    var observed = ObservedState(
      host: HostFacts(
        bootID: "b", kernelRelease: "6.18.0", possibleCPUs: 4, tagAlgorithm: nil, bpffsDevice: 1))
    observed.host.onlineCPUs = [0, 2]
    let addresses = state.resolved(for: observed).attachments.map(\.address.description)
    #expect(
      addresses == [
        "attachment.a/cpu0", "attachment.a/cpu2", "attachment.b/cpu0", "attachment.b/cpu3",
        "attachment.c",
      ])
  }

  @Test(
    "What does not go together is refused",
    arguments: [
      ("a: {program: fw/ingress, xdp: {interface: eth0}}", "wrong-program 6:28"),
      ("a: {program: fw/filter}", "missing-key 6:3"),
      ("a: {program: fw/classic, tcx: {interface: eth0}}", "missing-key 6:28"),
      ("a: {program: fw/ingress, tcx: {interface: eth0, direction: egress}}", "wrong-program 6:28"),
      ("a: {program: fw/skb, cgroup: {path: /x}}", "missing-key 6:24"),
      (
        "a: {program: fw/connect4, cgroup: {path: /x, attach_type: cgroup_inet6_connect}}",
        "wrong-program 6:61"
      ),
      ("a: {program: fw/fliter, xdp: {interface: eth0}}", "unknown-program 6:16"),
      (
        "a: {program: fw/many, kprobe_multi: {functions: do_exit, session: true}}",
        "wrong-program 6:69"
      ),
      (
        "a: {program: fw/many, kprobe_multi: {functions: [a, b], cookies: 1}}",
        "conflicting-keys 6:68"
      ),
      (
        "a: {program: fw/many, kprobe_multi: {functions: \"do_*\", cookies: 1}}",
        "conflicting-keys 6:68"
      ),
      (
        "a: {program: fw/probed, uprobe_multi: {path: libc.so.6, offsets: 1}}", "wrong-program 6:27"
      ),
      (
        "a: {program: fw/probed, usdt: {path: libc.so.6, provider: libc, name: setjmp}}",
        "wrong-program 6:27"
      ),
      ("a: {program: fw/returned}", "missing-key 6:3"),
      (
        "a: {program: fw/returned, kprobe: {function: do_exit, offset: 4}}", "conflicting-keys 6:29"
      ),
      ("a: {program: fw/many, kprobe: {function: do_exit}}", "wrong-program 6:25"),
      (
        "a: {program: fw/filter, uprobe: {path: libc.so.6, function: malloc}}", "wrong-program 6:27"
      ),
      ("a: {program: fw/sampled}", "missing-key 6:3"),
      (
        "a: {program: fw/sampled, perf_event: {type: software, config: cpu-clok, freq: 9}}",
        "unknown-counter 6:65"
      ),
      (
        "a: {program: fw/sampled, perf_event: {type: raw, config: 1, freq: 9, cpu: [all, 1]}}",
        "conflicting-keys 6:78"
      ),
      (
        "a: {program: fw/filter, perf_event: {type: software, config: cpu-clock, freq: 9}}",
        "wrong-program 6:27"
      ),
      ("a: {program: fw/untargeted}", "missing-key 6:16"),
      ("a: {program: fw/filter, cookie: 5, xdp: {interface: eth0}}", "conflicting-keys 6:35"),
      (
        "a: {program: fw/filter, xdp: {interface: eth0}}\n  b: {program: fw/other, xdp: {interface: eth0}}",
        "hook-taken 7:3"
      ),
      ("a: {program: fw/message}", "missing-key 6:3"),
      ("a: {program: fw/stream, sk_skb: {map: fw/sockets}}", "missing-key 6:27"),
      ("a: {program: fw/message, sk_skb: {map: fw/sockets}}", "wrong-program 6:28"),
      ("a: {program: fw/message, sk_msg: {map: fw/flows}}", "wrong-map 6:42"),
      ("a: {program: fw/message, sk_msg: {map: sockets}}", "unknown-map 6:42"),
      ("a: {program: fw/message, sk_msg: {mop: fw/sockets}}", "unknown-key 6:37"),
      (
        "a: {program: fw/message, sk_msg: {map: fw/sockets}}\n"
          + "  b: {program: fw/message, sk_msg: {map: fw/sockets}}", "hook-taken 7:3"
      ),
      (
        "a: {program: fw/ingress, tcx: {interface: eth0, order: first}}\n"
          + "  b: {program: fw/classic, tcx: {interface: eth0, direction: ingress, order: first}}",
        "order-circle 6:51"
      ),
      (
        "a: {program: fw/ingress, tcx: {interface: eth0, order: {before: attachment.b}}}\n"
          + "  b: {program: fw/classic, tcx: {interface: eth1, direction: ingress}}",
        "order-anchor 6:67"
      ),
      (
        "a: {program: fw/connect4, cgroup: {path: /x, preorder: true, "
          + "order: {after: attachment.b}}}\n"
          + "  b: {program: fw/connect4, cgroup: {path: /x}}",
        "order-circle 6:64"
      ),
    ])
  func refused(attachment: String, expected: String) {
    #expect(errors("attachments:\n  \(attachment)\n") == [expected])
  }

  @Test("Hooks on maps of sockets")
  func socketMaps() throws {
    let state = try resolve(
      "attachments:\n  m: {program: fw/message, sk_msg: {map: fw/sockets}}\n"
        + "  p: {program: fw/parser, sk_skb: {map: fw/sockets}}\n")
    #expect(
      state.state.attachments.map(\.hook) == [
        Hook.socketMap(map: "fw/sockets", attachType: .skMsgVerdict),
        .socketMap(map: "fw/sockets", attachType: .skSkbStreamParser),
      ])
  }

  @Test("Cgroups in each other have pins of their own")
  func nestedCgroups() throws {
    let text = "attachments:\n  a: {program: fw/connect4, cgroup: {path: [/a, /a/b]}}\n"
    #expect(
      try resolve(text).state.attachments.map(\.pin.path) == [
        "/sys/fs/bpf/bpfapply/edge/attachments/a/a",
        "/sys/fs/bpf/bpfapply/edge/attachments/a/a%2Fb",
      ])
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

@Suite("What changes hands")
struct TakeoverResolutionTests {
  private func resolve(_ text: String) throws -> DesiredState {
    let head = "apiVersion: bpfapply/v1\nname: edge\nobjects:\n  fw: {file: fw.bpf.o}\n"
    let memory = MemoryFiles(files: ["dir/fw.bpf.o": try Compiled.resolution.get()])
    return try Manifest.parse(Array((head + text).utf8), file: "dir/m.yaml")
      .resolve(files: memory, accounts: memory).state
  }

  private func errors(_ text: String) -> [String] {
    let error = #expect(throws: ManifestError.self) { try resolve(text) }
    return (error?.diagnostics ?? []).map {
      "\($0.code) \($0.location.map { "\($0.line):\($0.column)" } ?? "-")"
    }
  }

  static let attached =
    "attachments:\n  up: {program: fw/filter, xdp: {interface: eth0}, adopt: true}\n"

  @Test func adopt() throws {
    let state = try resolve(
      Self.attached
        + "maps: {fw/flows: {adopt: /sys/fs/bpf/a, protect: false}}\n"
        + "programs: {fw/filter: {adopt: /sys/fs/bpf/b}}\n")
    #expect(state.attachments[0].adopt == .legacy)
    #expect(state.programs[0].adopt == "/sys/fs/bpf/b")
    let flows = state.maps.first { $0.ref == "fw/flows" }
    #expect(flows?.adopt == "/sys/fs/bpf/a" && flows?.declaresProtection == true)
    #expect(
      errors("attachments:\n  up: {program: fw/filter, adopt: x, xdp: {interface: eth0}}\n")
        == ["invalid-value 6:35"])
    #expect(
      errors(
        "attachments:\n  up: {program: fw/filter, adopt: /sys/fs/bpf/x, xdp: {interface: [a, b]}}\n"
      ) == ["ambiguous-adoption 6:35"])
    #expect(
      errors("maps: {m: {external: /sys/fs/bpf/x, adopt: /sys/fs/bpf/y}}\n")
        == ["conflicting-keys 5:44"])
  }

  @Test func movedAndForgotten() throws {
    let state = try resolve(
      Self.attached + "moved: {map.old: map.fw/flows, attachment.was: attachment.up}\n"
        + "forget: [pin.x, program.fw/gone]\n")
    #expect(
      state.moves.map { "\($0.from) \($0.to)" } == [
        "map.old map.fw/flows", "attachment.was attachment.up",
      ])
    #expect(state.forgotten == [.pin("x"), .program("fw/gone")])
    func wrong(_ text: String) -> [String] { errors(Self.attached + text) }
    #expect(wrong("moved: {maps.a: map.fw/flows}\n") == ["invalid-name 7:9"])
    #expect(wrong("moved: {map.a: map.fw/flow}\n") == ["unknown-address 7:16"])
    #expect(wrong("moved: {map.fw/flows: map.fw/tails}\n") == ["moved-and-declared 7:9"])
    #expect(wrong("moved: {map.a: program.fw/filter}\n") == ["invalid-move 7:16"])
    #expect(
      wrong("moved: {map.a: map.fw/flows, map.b: map.fw/flows}\n") == ["duplicate-move 7:37"])
    #expect(wrong("forget: [map.fw/flows]\n") == ["forgotten-and-declared 7:10"])
  }
}
