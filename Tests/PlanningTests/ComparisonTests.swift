import BPFObject
import Testing

@testable import Planning

@Suite struct ComparisonTests {
  @Test func causes() {
    #expect(Comparison.cause(desired: 1, observed: 2, last: nil) == .config)
    #expect(Comparison.cause(desired: 1, observed: 2, last: 2) == .config)
    #expect(Comparison.cause(desired: 1, observed: 2, last: 1) == .drift)
    #expect(Comparison.cause(desired: 1, observed: 2, last: 3) == .both)
  }

  @Test(
    arguments: [
      (MapType.devmap, 0, 64, 0x80, 64), (.hash, 0x18, 64, 0, 64), (.perfEventArray, 0, 0, 0, 6),
      (.perfEventArray, 0, 3, 0, 3), (.lruHash, 2, 10, 2, 12), (.lruHash, 0, 10, 0, 10),
      (.ringbuf, 0, 5000, 0, 8192), (.ringbuf, 0, 4096, 0, 4096), (.hash, 0x10000, 1, 0, 1),
    ] as [(MapType, UInt32, UInt32, UInt32, UInt32)])
  func whatIsAskedForComparesEqualToWhatIsReported(
    _ type: MapType, _ flags: UInt32, _ entries: UInt32, _ reportedFlags: UInt32,
    _ reportedEntries: UInt32
  ) {
    let host = HostFacts(
      bootID: "b", kernelRelease: "6.18", possibleCPUs: 6, tagAlgorithm: .sha256, bpffsDevice: 1)
    let asked = MapSpec(
      name: "m", type: type, keySize: 4, valueSize: 4, maxEntries: entries, flags: flags)
    let reported = MapSpec(
      name: "m", type: type, keySize: 4, valueSize: 4, maxEntries: reportedEntries,
      flags: reportedFlags)
    let form = KernelNormalisation.reported(asked.attributes, host: host)
    #expect(form == KernelNormalisation.reported(reported.attributes, host: host))
    #expect(form == KernelNormalisation.reported(form, host: host))
    #expect(form.fields == reported.attributes.fields)
  }

  static let hooks: [Hook] = [
    .xdp(interface: InterfaceName(namespace: .name("own"), name: "e"), mode: .generic),
    .xdp(interface: InterfaceName(namespace: .path("x"), name: "e"), mode: .auto),
    .tcx(interface: InterfaceName(name: "e"), attachType: .tcxEgress),
    .cgroup(path: "/sys/fs/cgroup/a", attachType: .cgroupInet4Connect),
    .cgroupSecurity(path: "/sys/fs/cgroup/a", function: "socket_bind"),
    .networkNamespace(.name("blue"), attachType: .skLookup),
    .networkNamespace(.own, attachType: .flowDissector),
    .netfilter(
      NetfilterHook(protocolFamily: 10, hook: 4, priority: -300, defragment: true),
      namespace: .own),
    .tracepoint(category: "sched", name: "sched_switch"), .rawTracepoint(name: "sys_enter"),
    .tracing(attachType: .traceRawTp, target: "sched_switch"),
    .iterator(IteratorHook(target: "task")),
    .iterator(IteratorHook(target: "bpf_map_elem", scope: .map("fw/flows"))),
    .iterator(
      IteratorHook(target: "cgroup", scope: .cgroup(path: "/web", order: .ancestorsUp))),
    .iterator(IteratorHook(target: "task_file", scope: .process(7))),
    .extension(ExtensionHook(target: .program("fw/filter"), function: "verdict")),
    .extension(ExtensionHook(target: .pin("/sys/fs/bpf/x"), function: "verdict")),
    .structOps(map: "fw/cubic", structure: "tcp_congestion_ops"),
    .filter(
      FilterHook(
        at: InterfaceName(namespace: .name("blue"), name: "e"), isEgress: true, priority: 7,
        handle: 0xffff_ffff)),
    .socketMap(map: "fw/sockets", attachType: .skSkbStreamParser),
    .socketMap(map: "sockets", attachType: .skMsgVerdict),
    .kernelProbe(KernelProbe(function: "do_exit", offset: 8, isReturn: false)),
    .kernelProbe(KernelProbe(function: "openat", isSystemCall: true, isReturn: true)),
    .userProbe(UserProbe(path: "libc.so.6", function: "malloc", isReturn: true, process: 7)),
    .userProbe(UserProbe(path: "/bin/bash", function: nil, offset: 64, isReturn: false)),
  ]

  @Test(arguments: hooks) func hooksAreReadBackFromTheirSpecs(_ hook: Hook) {
    let again = Hook(spec: hook.spec)
    #expect(again?.spec == hook.spec)
    #expect(Set(hook.spec.fields.keys).isSubset(of: Hook.fieldNames))
  }

  @Test func tagsArePredicted() {
    // r0 = 2; exit: as bpftool shows it on Linux 6.18, and on older kernels.
    let image = ProgramImage(
      name: "f", section: "xdp", type: .xdp,
      instructions: [
        Instruction(opcode: 0xb7, immediate: 2), Instruction(opcode: 0x95),
      ])
    #expect(TagPrediction.tag(of: image, algorithm: .sha1) == "3b185187f1855c4c")
    #expect(TagPrediction.tag(of: image, algorithm: .sha256) == "614b434cd8324ecc")
    // The descriptor of a map is not in the tag.
    var load = image
    load.instructions.insert(
      contentsOf: [Instruction(opcode: 0x18, registers: 1), Instruction(opcode: 0)], at: 0)
    load.references = [MapReference(instruction: 0, map: "flows")]
    let tag = TagPrediction.tag(of: load, algorithm: .sha256)
    load.instructions[0].immediate = 7
    #expect(tag != nil && TagPrediction.tag(of: load, algorithm: .sha256) == tag)
    load.references[0].valueOffset = 4
    #expect(TagPrediction.tag(of: load, algorithm: .sha256) != tag)
    var call = image
    call.instructions.insert(Instruction(opcode: 0x85, registers: 0x20), at: 0)
    #expect(TagPrediction.tag(of: call, algorithm: .sha1) == nil)
  }
}
