import BPFKernel
import Sandbox
import Testing

/// A pipeline of tail calls changes as a whole.
@Suite struct PipelineTests {
  @Test(.kernel) func `every packet runs through the programs of one release`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        for command in [
          "ip link add uplink type veth peer name outside", "ip link set uplink up",
          "ip link set outside up",
        ] {
          try Sandbox.run(command.split(separator: " ").map(String.init)).succeeded()
        }
        let deployment = try Deployment("pipeline")
        try deployment.write(
          """
          apiVersion: bpfapply/v1
          name: \(deployment.owner)
          objects: {p: {file: pipeline.bpf.o}}
          programs: {p/emit: {}}
          attachments: {up: {program: p/entry, xdp: {interface: uplink, mode: native}}}
          """)
        try deployment.compile("pipeline")
        try deployment.apply(saying: "Done")
        func seen(_ slot: UInt32) throws -> UInt64 {
          UInt64(try Pinned.counter("\(deployment.pins)/maps/p/seen", slot))
        }
        let storm = try PacketStorm(
          Pinned.program("\(deployment.pins)/programs/p/emit"), into: "outside")
        for release: UInt32 in [1, 2, 1, 2, 1] {
          try deployment.compile("pipeline", options: ["-DRELEASE=\(release)"])
          try deployment.apply()
          let before = try seen(release - 1)
          try eventually("packets through release \(release)") {
            try seen(release - 1) > before + 1000
          }
        }
        storm.end()
        let (mixed, lost) = (try seen(2), try seen(3))
        try check(mixed == 0 && lost == 0, "\(mixed) packets saw two releases, \(lost) were lost")
        try deployment.isSettled()
      }
    }
  }
}
