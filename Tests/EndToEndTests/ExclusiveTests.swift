import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

/// Who else is on a hook, or takes part in it from elsewhere.
@Suite struct ExclusiveTests {
  private static func manifest(_ owner: String, _ attachment: String) -> String {
    """
    apiVersion: bpfapply/v1
    name: \(owner)
    objects: {h: {file: hooks.bpf.o}}
    attachments: {alone: {program: h/\(attachment)}}
    """
  }

  @Test(.kernel) func `a foreign program on the parent of an exclusive cgroup is drift`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("alone")
        try deployment.compile("hooks")
        let cgroup = try TemporaryCgroup()
        let child = "\(cgroup.directory)/child"
        guard mkdir(child, 0o755) == 0 else { throw SandboxError("mkdir \(child): \(errno)") }
        defer { rmdir(child) }
        try deployment.write(
          ExclusiveTests.manifest(
            deployment.owner,
            "at_skb_egress, cgroup: {path: \(cgroup.path)/child, exclusive: true}"))
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        let parent = AttachTarget.cgroup(try Cgroup(cgroup.path))
        let foreign = try foreignProgram(.cgroupSkb, .cgroupInetEgress, returning: 1)
        try foreign.attach(to: parent, type: .cgroupInetEgress, flags: AttachFlag.allowMulti)
        try deployment.drift(status: 2, saying: "attachment.alone", "foreign programs", "foreign")
        try deployment.plan(status: 4, saying: "BLOCKED", "is exclusive, and runs foreign")
        try foreign.detach(from: parent, type: .cgroupInetEgress)
        try deployment.isSettled()
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
      }
    }
  }

  @Test(.kernel) func `a foreign socket lookup beside an exclusive one is drift`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("alone")
        try deployment.compile("hooks")
        try deployment.write(
          ExclusiveTests.manifest(deployment.owner, "at_sk_lookup, sk_lookup: {exclusive: true}"))
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        let foreign = try foreignProgram(.skLookup, .skLookup, returning: 1)
        let link = try Link.create(
          foreign, on: .namespace(try NetworkNamespace.current(), type: .skLookup))
        try deployment.drift(status: 2, saying: "attachment.alone", "foreign programs")
        try link.detach()
        try deployment.isSettled()
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
      }
    }
  }

  @Test(.kernel, .enabled(if: Sandbox.kernelVersion >= (6, 4)))
  func `a netfilter program of another network namespace is in nobody's way`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment("alone")
        try deployment.compile("hooks")
        try deployment.write(
          ExclusiveTests.manifest(
            deployment.owner, "at_netfilter, netfilter: {pf: ipv4, hook: input, priority: 7}"))
        let foreign = try foreignProgram(.netfilter, .netfilter, returning: 1)
        let place = Hook.netfilter(family: 2, hook: 1, priority: 7, defragment: false)
        let elsewhere = try NetworkNamespace("peer").run { () throws(KernelError) in
          try Link.create(foreign, on: place)
        }
        let plan = try deployment.plan(status: 2, saying: "attachment.alone")
        try check(!plan.output.contains("foreign"), plan.output)
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        // In the same namespace it is, and the plan knows.
        let here = try Link.create(foreign, on: place)
        try deployment.plan(
          status: 4, saying: "netfilter ipv4 input, priority 7", "is taken by", "foreign")
        try here.detach()
        try deployment.apply(saying: "Done")
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        try elsewhere.detach()
      }
    }
  }

  @Test(.kernel) func `a dispatcher that holds the hook is called what it is`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment("alone")
        try deployment.compile("hooks")
        try deployment.compile("dispatcher")
        try deployment.write(
          ExclusiveTests.manifest(deployment.owner, "at_xdp_generic, xdp: {interface: uplink}"))
        let pin = "/sys/fs/bpf/dispatcher"
        try Sandbox.run([
          HookWitness.bpftool, "prog", "load", deployment.path("dispatcher.bpf.o"), pin,
        ]).succeeded()
        try Sandbox.run([
          HookWitness.bpftool, "net", "attach", "xdpgeneric", "pinned", pin, "dev", "uplink",
        ]).succeeded()
        let words = "a dispatcher (libxdp's form, version 2) of 2 programs"
        try deployment.plan(status: 4, saying: "hook-occupied", "xdp_dispatcher", words)
        let shown = try Sandbox.run([Deployment.executable, "show"]).succeeded().output
        try check(shown.contains(words), shown)
      }
    }
  }
}
