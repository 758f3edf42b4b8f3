import BPFKernel
import Sandbox
import Testing

@Suite struct UnchangedTests {
  @Test(.kernel) func `a second apply has nothing to do and changes nothing`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let cgroup = try TemporaryCgroup()
        let deployment = try Deployment()
        try deployment.applyWatch(
          cgroup: cgroup.path,
          extra: """
            pins:
              shared: {map: w/blocked, path: /sys/fs/bpf/shared/blocked, mode: "0640"}
            """)
        let before = try Snapshot.take()
        let inventory = try Pinned.map("\(deployment.pins)/inventory").info.id
        try deployment.apply(saying: "No changes.")
        try deployment.plan(saying: "No changes.")
        try before.isUnchanged(in: Snapshot.take(), after: "a second apply")
        try check(
          Pinned.map("\(deployment.pins)/inventory").info.id == inventory,
          "the inventory was written anew")
      }
    }
  }

  /// Observing takes opening, enumerating, asking; everything else changes something.
  @Test(.kernel, arguments: [["apply", "--auto-approve"], ["plan"], ["drift"], ["show"]])
  func `nothing to do means no system call that changes something`(arguments: [String]) async {
    await #expect(processExitsWith: .success) { [arguments = arguments as [String]] in
      endToEnd {
        try Uplink.make()
        let cgroup = try TemporaryCgroup()
        let deployment = try Deployment()
        try deployment.applyWatch(cgroup: cgroup.path)
        let calls =
          "bpf,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,mknod,mknodat,chmod,"
          + "fchmod,fchmodat,chown,fchown,fchownat,lchown,link,linkat,symlink,symlinkat,"
          + "mount,umount2,sendto,sendmsg,sendmmsg,perf_event_open,ioctl,ftruncate,setns,unshare"
        try Sandbox.run(
          ["strace", "-f", "-qq", "-o", "trace", "-e", "trace=\(calls)"]
            + ["-e", "signal=none", Deployment.executable] + arguments + ["manifest.yaml"],
          directory: deployment.directory
        ).ended(0)
        let trace = String(
          decoding: try Sandbox.read(deployment.path("trace")), as: UTF8.self)
        let lines = trace.split(separator: "\n")
        try check(lines.contains { $0.contains("BPF_OBJ_GET_INFO_BY_FD") }, "no trace:\n\(trace)")
        let mutating = lines.filter { !observes($0) }
        try check(
          mutating.isEmpty, "\(arguments) did more than look:\n\(mutating.joined(separator: "\n"))")
      }
    }
  }
}

/// Whether a line of strace's is a call that only looks.
private func observes(_ line: Substring) -> Bool {
  let looks = [
    "BPF_OBJ_GET,", "BPF_OBJ_GET_INFO_BY_FD", "GET_NEXT_ID", "GET_FD_BY_ID", "BPF_PROG_QUERY",
    "BPF_MAP_LOOKUP_ELEM", "BPF_MAP_GET_NEXT_KEY", "BPF_MAP_LOOKUP_BATCH",
  ]
  if line.contains("bpf(") || line.contains("bpf resumed") {
    return line.contains("resumed") || looks.contains { line.contains($0) }
  }
  // Requests to rtnetlink, which strace cannot always name: RTM_GETLINK, RTM_GETTFILTER and their like;
  // the terminal's size is asked by ioctl.
  if line.contains("sendto(") || line.contains("sendmsg(") {
    return ["nlmsg_type=0x12", "nlmsg_type=0x2e", "RTM_GET"].contains { line.contains($0) }
  }
  if line.contains("ioctl(") { return line.contains("TCGETS") || line.contains("TIOCGWINSZ") }
  return line.contains("resumed") || line.contains("+++") || line.contains("---")
}
