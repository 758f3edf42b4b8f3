internal import CBPF

/// The kinds of links that report a name: it is fetched by a second call with a buffer.
extension LinkInfo {
  /// Paths are at most this long, and tracepoints and functions much shorter.
  private static let nameLimit = 4096

  static func rawTracepoint(_ descriptor: Int32) throws(KernelError) -> Target {
    var request = cbpf_link_named()
    request.name_len = 256
    let (name, raw) = try named(descriptor, &request, \.name, size: 256)
    return .rawTracepoint(name: name, cookie: detail(raw, cbpf_link_named.self).cookie)
  }

  static func iterator(_ descriptor: Int32) throws(KernelError) -> Target {
    var request = cbpf_link_iter()
    request.target_name_len = 256
    let (name, raw) = try named(descriptor, &request, \.target_name, size: 256)
    let scope = detail(raw, cbpf_link_iter.self)
    let task = detail(raw, cbpf_link_iter_task.self)
    let isTask = name.hasPrefix("task")
    return .iterator(
      Iterator(
        name: name, mapID: scope.map_id, cgroupID: isTask ? 0 : scope.cgroup_id,
        order: isTask ? 0 : scope.order, thread: isTask ? task.tid : 0,
        process: isTask ? task.pid : 0))
  }

  static func uprobeMulti(_ descriptor: Int32) throws(KernelError) -> Target {
    var request = cbpf_link_uprobe_multi()
    request.path_size = UInt32(nameLimit)
    let (path, raw) = try named(descriptor, &request, \.path, size: nameLimit)
    let probes = detail(raw, cbpf_link_uprobe_multi.self)
    var set = ProbeSet(count: probes.count, flags: probes.flags, places: [], cookies: [])
    try fill(&set, descriptor) { places, cookies in
      cbpf_link_uprobe_multi(
        path: 0, offsets: places, ref_ctr_offsets: 0, cookies: cookies, path_size: 0,
        count: probes.count, flags: 0, pid: 0)
    }
    return .uprobeMulti(path: path, set, pid: probes.pid)
  }

  static func kprobeMulti(
    _ first: cbpf_link_info, _ descriptor: Int32
  ) throws(KernelError) -> Target {
    let probes = detail(first, cbpf_link_kprobe_multi.self)
    var set = ProbeSet(count: probes.count, flags: probes.flags, places: [], cookies: [])
    try fill(&set, descriptor) { places, cookies in
      cbpf_link_kprobe_multi(
        addrs: places, count: probes.count, flags: 0, missed: 0, cookies: cookies)
    }
    return .kprobeMulti(set, missed: probes.missed)
  }

  /// The kernel lets a link have so many places.
  private static let placeLimit: UInt32 = 1 << 20

  /// Asks with buffers for as many places and cookies as the link has.
  private static func fill<Detail>(
    _ set: inout ProbeSet, _ descriptor: Int32, _ request: (UInt64, UInt64) -> Detail
  ) throws(KernelError) {
    guard (1...placeLimit).contains(set.count) else { return }
    var places = [UInt64](repeating: 0, count: Int(set.count))
    var cookies = places
    let result = places.withMutableAddress { placeAddress in
      cookies.withMutableAddress { cookieAddress in
        let detail = request(placeAddress, cookieAddress)
        var raw = cbpf_link_info()
        unsafe withUnsafeMutableBytes(of: &raw.detail) { bytes in
          unsafe withUnsafeBytes(of: detail) { unsafe bytes.copyMemory(from: $0) }
        }
        return objectInfo(descriptor, &raw)
      }
    }
    try check(result, Command.objectInfo.name, on: "link descriptor \(descriptor)")
    set.places = places
    set.cookies = cookies
  }

  static func perfTarget(
    _ first: cbpf_link_info, _ descriptor: Int32
  ) throws(KernelError) -> PerfTarget {
    // enum bpf_perf_event_type
    let kind = detail(first, cbpf_link_perf_name.self).type
    if kind == 6 {
      let event = detail(first, cbpf_link_perf_event.self)
      return .event(type: event.event_type, config: event.config, cookie: event.cookie)
    }
    guard (1...5).contains(kind) else { return .unknown }
    var request = cbpf_link_perf_name()
    request.name_len = UInt32(nameLimit)
    let (name, raw) = try named(descriptor, &request, \.name, size: nameLimit)
    let probe = detail(raw, cbpf_link_perf_name.self)
    switch kind {
    case 1, 2:
      return .uprobe(
        path: name, offset: probe.offset, isReturn: kind == 2, cookie: probe.first)
    case 3, 4:
      return .kprobe(
        function: name, offset: probe.offset, address: probe.first, isReturn: kind == 4,
        missed: probe.second, cookie: probe.third)
    default: return .tracepoint(name: name, cookie: probe.first)
    }
  }

  /// Asks with a buffer for the name, whose address goes into the field at `address`.
  private static func named<Detail>(
    _ descriptor: Int32, _ request: inout Detail,
    _ address: WritableKeyPath<Detail, UInt64>, size: Int
  ) throws(KernelError) -> (String, cbpf_link_info) {
    var buffer = [UInt8](repeating: 0, count: size)
    var raw = cbpf_link_info()
    let result = buffer.withMutableAddress { pointer in
      request[keyPath: address] = pointer
      unsafe withUnsafeMutableBytes(of: &raw.detail) { detail in
        unsafe withUnsafeBytes(of: request) { unsafe detail.copyMemory(from: $0) }
      }
      return objectInfo(descriptor, &raw)
    }
    try check(result, Command.objectInfo.name, on: "link descriptor \(descriptor)")
    return (text(in: buffer), raw)
  }
}
