import Sandbox

extension Deployment {
  /// The manifest of Tests/Fixtures/watch.bpf.c: XDP, TCX and a tracepoint, and a cgroup if one is
  /// given.
  func watch(
    cgroup: String? = nil, counts: String = "{}", tcx: String = "interface: uplink",
    extra: String = ""
  ) -> String {
    """
    apiVersion: bpfapply/v1
    name: \(owner)
    objects:
      w: {file: watch.bpf.o}
    maps:
      w/counts: \(counts)
      w/blocked:
        entries:
          policy: exact
          items:
            - {key: 10.9.0.3, value: 1}
            - {key: 192.0.2.1, value: 2}
    attachments:
      xdp: {program: w/receive, xdp: {interface: uplink, mode: native}}
      tcx: {program: w/classify, tcx: {\(tcx)}}
      exec: {program: w/execute}
    \(cgroup.map { "  cgroup: {program: w/leave, cgroup: {path: \($0)}}" } ?? "")
    \(extra)
    """
  }

  /// Applied, with all that the manifest has.
  func applyWatch(cgroup: String? = nil, extra: String = "") throws {
    try compile("watch")
    try write(watch(cgroup: cgroup, extra: extra))
    try apply()
    try isSettled()
  }
}
