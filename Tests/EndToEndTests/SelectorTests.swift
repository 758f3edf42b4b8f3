import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

/// Interfaces that come and go under a selector.
@Suite struct SelectorTests {
  private static func manifest(_ deployment: borrowing Deployment) -> String {
    """
    apiVersion: bpfapply/v1
    name: \(deployment.owner)
    objects: {h: {file: hooks.bpf.o}}
    attachments:
      ports:
        program: h/at_tcx_ingress
        tcx: {interface: {name: "port*", except: port9*, kind: veth}, direction: ingress}
    """
  }

  private static func ip(_ words: String) throws {
    try Sandbox.run(["ip"] + words.split(separator: " ").map(String.init)).succeeded()
  }

  @Test(.kernel) func `what matches is attached, and what vanishes or comes back is planned`() async
  {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("selector")
        try deployment.compile("hooks")
        try deployment.write(SelectorTests.manifest(deployment))
        // Nothing matches, which is no error.
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        for name in ["port0", "port1", "port90", "other"] {
          try SelectorTests.ip("link add \(name) type veth peer name p-\(name)")
        }
        try SelectorTests.ip("link add port2 type bridge")
        try deployment.plan(status: 2, saying: "attachment.ports/port0", "attachment.ports/port1")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        let pins = "\(deployment.pins)/attachments/ports"
        for name in ["port90", "other", "port2"] {
          try check(access("\(pins)/\(name)", F_OK) != 0, "\(name) has a link")
        }
        let kept = try Pinned.link("\(pins)/port1").info().id
        for (name, count) in ["port0": 1, "port1": 1, "port2": 0, "port90": 0, "other": 0] {
          guard let index = try NetworkInterface.index(of: name) else { continue }
          let there = try HookPrograms(on: .interface(index), type: .tcxIngress).entries.count
          try check(there == count, "\(there) programs run on \(name)")
        }

        try SelectorTests.ip("link delete port0")
        try deployment.plan(status: 2, saying: "attachment.ports/port0", "interface port0 is gone")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try check(access("\(pins)/port0", F_OK) != 0, "the pin of port0 is still there")
        try SelectorTests.ip("link add port0 type veth peer name p-port0")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        // Gone and made again between two applies.
        try SelectorTests.ip("link delete port0")
        try SelectorTests.ip("link add port0 type veth peer name p-port0")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try check(Pinned.link("\(pins)/port1").info().id == kept, "port1 has another link")

        let ours = try Objects.reachable(from: deployment.pins)
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        try eventually("the release of \(ours.remaining())") { try ours.remaining().isEmpty }
      }
    }
  }

  @Test(.kernel) func `an attachment gets instances and loses them again`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("forms")
        try deployment.compile("hooks")
        for name in ["port0", "port1"] {
          try SelectorTests.ip("link add \(name) type veth peer name p-\(name)")
        }
        let pin = "\(deployment.pins)/attachments/place"
        for (hook, paths) in [
          ("at_sk_lookup", [""]), ("at_tcx_ingress, tcx: {interface: port0}", ["/port0"]),
          ("at_netfilter, netfilter: {pf: ipv4, hook: input}", [""]),
          ("at_tcx_egress, tcx: {interface: {name: port*}}", ["/port0", "/port1"]),
          ("at_sk_lookup, sk_lookup: {}", [""]),
        ] {
          try deployment.write(
            """
            apiVersion: bpfapply/v1
            name: \(deployment.owner)
            objects: {h: {file: hooks.bpf.o}}
            attachments: {place: {program: h/\(hook)}}
            """)
          try deployment.apply(saying: "Done")
          try deployment.isSettled()
          for path in paths {
            try check(access(pin + path, F_OK) == 0, "\(hook): \(pin)\(path) is missing")
          }
        }
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
      }
    }
  }

  @Test(.kernel) func `200 interfaces appear and vanish while apply runs in a loop`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("churn")
        try deployment.compile("hooks")
        try deployment.write(SelectorTests.manifest(deployment))
        try deployment.write(
          """
          set -e
          for i in $(seq 200); do
            ip link add port$i type veth peer name peer$i
            if [ $i -gt 8 ]; then ip link delete port$((i - 8)); fi
          done
          for i in $(seq 193 200); do ip link delete port$i; done
          touch churned
          """, to: "churn.sh")
        let churn = try Sandbox.start(["bash", "churn.sh"], directory: deployment.directory)
        var applies = 0
        var attached = 0
        repeat {
          let result = try Sandbox.run(
            [Deployment.executable, "apply", "--auto-approve", "manifest.yaml"],
            directory: deployment.directory)
          applies += 1
          let text = result.output + result.errors
          if result.status == 0, text.contains("attachment.ports/port") { attached += 1 }
          // What vanishes after it was seen is skipped; to find nothing wrong with a host that changed
          // while it was looked at takes another apply.
          try check(
            result.status == 0 || result.status == 3,
            "apply \(applies) ended with \(result.status):\n\(text)")
        } while access(deployment.path("churned"), F_OK) != 0 && applies < 2000
        try churn.wait().succeeded()
        try check(attached > 0, "none of \(applies) applies attached anything")
        try deployment.apply()
        try deployment.isSettled()
        // A link that leaked would keep its program.
        let ours = try Objects.reachable(from: deployment.pins)
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        try eventually("the release of \(ours.remaining())") { try ours.remaining().isEmpty }
        let left = try Snapshot.take().lines
        try check(left.isEmpty, "\(left)")
      }
    }
  }
}
