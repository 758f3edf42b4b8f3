import BPFObject
import Manifest
import Planning
import Testing

@Suite("The hooks of a manifest")
struct HookResolutionTests {
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
        .iterator(IteratorHook(target: "task")),
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
      ("a: {program: fw/classic, tc: {interface: eth0}}", "missing-key 6:28"),
      ("a: {program: fw/ingress, tc: {interface: eth0, direction: egress}}", "wrong-program 6:28"),
      ("a: {program: fw/filter, tc: {interface: eth0, direction: egress}}", "wrong-program 6:27"),
      ("a: {program: fw/ingress, tc: {interface: eth0, handle: 0}}", "invalid-value 6:58"),
      ("a: {program: fw/ingress, tc: {interface: eth0, priority: 65536}}", "invalid-value 6:60"),
      ("a: {program: fw/ingress, tc: {interface: [e, e]}}", "duplicate-element 6:48"),
      ("a: {program: fw/ingress, adopt: true, tc: {interface: eth0}}", "missing-key 6:41"),
      (
        "a: {program: fw/ingress, adopt: /sys/fs/bpf/x, tc: {interface: eth0, handle: 1}}",
        "conflicting-keys 6:35"
      ),
      (
        "a: {program: fw/ingress, tc: {interface: e}}\npins: {p: {attachment: a, path: /sys/fs/bpf/p}}",
        "wrong-pin 7:24"
      ),
      ("a: {program: fw/bound}", "missing-key 6:3"),
      ("a: {program: fw/opened, cgroup: {path: /x}}", "wrong-program 6:27"),
      ("a: {program: fw/bound, cgroup: {path: /x}, cookie: 5}", "conflicting-keys 6:54"),
      (
        "a: {program: fw/bound, cgroup: {path: /x, attach_type: cgroup_inet4_bind}}",
        "wrong-program 6:58"
      ),
      ("a: {program: fw/replacement}", "missing-key 6:16"),
      ("a: {program: fw/nameless}", "missing-key 6:16"),
      (
        "a: {program: fw/replacement}\nprograms: {fw/replacement: {attach_to: decide}}",
        "invalid-value 7:40"
      ),
      (
        "a: {program: fw/replacement}\nprograms: {fw/replacement: {attach_to: program.fw/filter}}",
        "unknown-function 7:40"
      ),
      (
        "a: {program: fw/intruder}\nprograms: {fw/intruder: {attach_to: program.fw/open}}",
        "unknown-function 7:37"
      ),
      (
        "a: {program: fw/replacement}\nprograms: {fw/replacement: {attach_to: program.gw/open}}",
        "unknown-object 7:40"
      ),
      (
        "a: {program: fw/replacement}\n"
          + "programs: {fw/replacement: {attach_to: program.fw/replacement}}",
        "invalid-value 7:40"
      ),
      (
        "a: {program: fw/replacement}\n  b: {program: fw/replacement}\n"
          + "programs: {fw/replacement: {attach_to: program.fw/open}}",
        "hook-taken 7:3"
      ),
      (
        "a: {program: fw/replacement, xdp: {interface: eth0}}\n"
          + "programs: {fw/replacement: {attach_to: /sys/fs/bpf/x}}",
        "wrong-program 6:32"
      ),
      ("a: {program: fw/elements}", "missing-key 6:3"),
      ("a: {program: fw/groups}", "missing-key 6:3"),
      ("a: {program: fw/elements, iter: {map: fw/blocklist}}", "wrong-map 6:41"),
      ("a: {program: fw/elements, iter: {map: flows}}", "unknown-map 6:41"),
      ("a: {program: fw/elements, iter: {}}", "missing-key 6:29"),
      ("a: {program: fw/elements, iter: {map: fw/flows, pid: 1}}", "conflicting-keys 6:51"),
      ("a: {program: fw/elements, iter: {cgroup: /x}}", "wrong-program 6:29"),
      ("a: {program: fw/groups, iter: {cgroup: /x, order: sideways}}", "invalid-value 6:53"),
      ("a: {program: fw/tasks, iter: {pid: 0}}", "invalid-value 6:38"),
      ("a: {program: fw/tasks, iter: {pid: 1, order: self_only}}", "conflicting-keys 6:41"),
      ("a: {program: fw/traced, iter: {pid: 1}}", "wrong-program 6:27"),
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

  @Test("Filters of tc have a handle of their own, whatever is not said")
  func filters() throws {
    let hooks = try resolve(
      "attachments:\n  a: {program: fw/ingress, tc: {interface: [eth0, eth1]}}\n"
        + "  b: {program: fw/classic, tc: {interface: eth0, direction: egress, handle: 0x10}}\n"
    ).state.attachments.map(\.hook)
    let handle = FilterHook.defaultHandle(owner: "edge", name: "a")
    #expect(
      hooks
        == [
          FilterHook(
            at: InterfaceName(name: "eth0"), isEgress: false, priority: 50, handle: handle),
          FilterHook(
            at: InterfaceName(name: "eth1"), isEgress: false, priority: 50, handle: handle),
          FilterHook(at: InterfaceName(name: "eth0"), isEgress: true, priority: 50, handle: 16),
        ].map { Hook.filter($0) })
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

  @Test("Security hooks of a cgroup, and iterators of one object")
  func targeted() throws {
    let state = try resolve(
      """
      attachments:
        a: {program: fw/bound, cgroup: {path: [/a, b/]}}
        b: {program: fw/elements, iter: {map: fw/flows}}
        c: {program: fw/groups, iter: {cgroup: /a/, order: ancestors_up}}
        d: {program: fw/groups, iter: {cgroup: /}}
        e: {program: fw/tasks, iter: {pid: 7}}

      """
    ).state
    #expect(
      state.attachments.map(\.hook) == [
        .cgroupSecurity(path: "/a", function: "socket_bind"),
        .cgroupSecurity(path: "/b", function: "socket_bind"),
        .iterator(IteratorHook(target: "bpf_map_elem", scope: .map("fw/flows"))),
        .iterator(
          IteratorHook(target: "cgroup", scope: .cgroup(path: "/a", order: .ancestorsUp))),
        .iterator(
          IteratorHook(
            target: "cgroup", scope: .cgroup(path: "/", order: .descendantsFirstToLast))),
        .iterator(IteratorHook(target: "task", scope: .process(7))),
      ])
    #expect(state.maps.contains { $0.ref == "fw/flows" })
  }

  @Test("Extensions are of a program of the manifest, or of one that is pinned")
  func extensions() throws {
    func state(_ target: String) throws -> DesiredState {
      try resolve(
        "attachments: {a: {program: fw/replacement}}\n"
          + "programs: {fw/replacement: {attach_to: \(target)}}\n"
      ).state
    }
    let own = try state("program.fw/open")
    #expect(
      own.attachments.map(\.hook) == [
        .extension(ExtensionHook(target: .program("fw/open"), function: "decide"))
      ])
    #expect(own.programs.map(\.ref) == ["fw/open", "fw/replacement"])
    let foreign = try state("/sys/fs/bpf/theirs")
    #expect(
      foreign.attachments.map(\.hook) == [
        .extension(ExtensionHook(target: .pin("/sys/fs/bpf/theirs"), function: "decide"))
      ])
    #expect(foreign.programs.map(\.ref) == ["fw/replacement"])
    #expect(ObservationScope(desired: foreign).paths.contains("/sys/fs/bpf/theirs"))
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
}
