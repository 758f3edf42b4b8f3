import BPFObject
import Planning

/// What the kernel of a few lines says of links.
extension ModelKernel {
  func link(
    of attachment: DesiredAttachment, on target: UInt64, _ program: UInt32, _ run: Run
  ) -> (LinkType, LinkTarget) {
    switch attachment.hook {
    case .xdp: (.xdp, .interface(index: UInt32(target), attachType: nil))
    case .tcx(_, let type): (.tcx, .interface(index: UInt32(target), attachType: type))
    case .netkit(_, let type): (.netkit, .interface(index: UInt32(target), attachType: type))
    case .cgroup(_, let type): (.cgroup, .cgroup(id: target, attachType: type))
    case .cgroupSecurity: (.cgroup, .cgroup(id: target, attachType: .lsmCgroup))
    case .networkNamespace(_, let type):
      (.netns, .networkNamespace(inode: UInt32(target), attachType: type))
    case .netfilter(let place, _): (.netfilter, .netfilter(place))
    case .tracepoint(_, let name): (.perfEvent, .tracepoint(name: name))
    case .rawTracepoint(let name): (.rawTracepoint, .rawTracepoint(name: name))
    case .kernelProbe(let probe):
      (
        .perfEvent,
        .kernelProbe(function: probe.function, offset: probe.offset, isReturn: probe.isReturn)
      )
    case .userProbe(let probe):
      (
        .perfEvent,
        .userProbe(path: probe.path, offset: probe.offset, isReturn: probe.isReturn)
      )
    case .kernelProbes(let probes):
      (
        .kprobeMulti,
        .kernelProbes(
          count: UInt32(probes.functions.count), digest: target, isReturn: probes.isReturn)
      )
    case .userProbes(let probes):
      (
        .uprobeMulti,
        .userProbes(
          path: probes.path, count: UInt32(probes.functions.count), digest: target,
          isReturn: probes.isReturn, process: probes.process ?? 0)
      )
    case .staticProbe(let probe):
      (
        .uprobeMulti,
        .userProbes(
          path: probe.path, count: 1, digest: target, isReturn: false,
          process: probe.process ?? 0)
      )
    case .perfCounter(let counter):
      (.perfEvent, .perfCounter(type: counter.source.number, config: counter.config))
    case .iterator(let iterator):
      (
        .iter,
        .iterator(
          ObservedIterator(
            target: iterator.target,
            mapID: attachment.hook.mapRef.flatMap { run.liveID(.map($0)) } ?? 0))
      )
    case .extension(let extended):
      (
        .tracing,
        .tracing(
          attachType: AttachType(rawValue: 0), targetObjectID: extendedID(extended, run),
          targetBTFID: 7)
      )
    case .tracing(let type, _):
      (.tracing, .tracing(attachType: type, targetObjectID: 1, targetBTFID: 7))
    case .structOps: (.structOps, .map(id: program))
    case .filter(let filter):
      (LinkType(rawValue: .max), .filter(filter, interface: UInt32(target)))
    case .socketMap(let map, let type):
      (.sockmap, .socketMap(id: run.liveID(.map(map))!, attachType: type))
    }
  }

  func extendedID(_ hook: ExtensionHook, _ run: Run) -> UInt32 {
    switch hook.target {
    case .program(let ref): run.liveID(.program(ref)) ?? 0
    case .pin(let path): observed.pins.first { $0.path == path }?.id ?? 0
    }
  }
}
