import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

/// Other processes make and delete maps, programs, links and interfaces of their own all the time.
@Suite struct BusyHostTests {
  static let looks = Sandbox.isRequired ? 1_000 : 50

  @Test(.kernel) func `an untouched host shows no drift while others come and go`() async {
    await #expect(processExitsWith: .success) { [looks = BusyHostTests.looks as Int] in
      endToEnd {
        try Uplink.make()
        let cgroup = try TemporaryCgroup()
        let deployment = try Deployment("busy")
        try deployment.applyWatch(
          cgroup: cgroup.path,
          extra: """
            pins:
              shared: {map: w/blocked, path: /sys/fs/bpf/shared/blocked, mode: "0640"}
            """)
        let neighbour = try BusyNeighbour(besides: deployment)
        let churn = Churn()
        for look in 1...looks {
          let result = try Sandbox.run(
            [Deployment.executable, "drift", "manifest.yaml"], directory: deployment.directory)
          try check(
            result.status == 0 && result.output.contains("no drift")
              && !result.output.contains("Incomplete"),
            "look \(look) ended with \(result.status): \(result.errors)\(result.output)")
        }
        try check(churn.end() > looks, "nothing was made meanwhile")
        try neighbour.end()
        try deployment.isSettled()
      }
    }
  }
}

/// Another owner that is applied and destroyed over and over, on the same hook and on an interface that
/// comes and goes.
private struct BusyNeighbour: ~Copyable {
  private let deployment: Deployment
  private let command: RunningCommand

  init(besides other: borrowing Deployment) throws {
    let deployment = try Deployment("neighbour")
    try deployment.compile("watch")
    try deployment.write(
      """
      apiVersion: bpfapply/v1
      name: \(deployment.owner)
      objects: {w: {file: watch.bpf.o}}
      attachments:
        old: {program: w/classify, tcx: {interface: uplink}}
        new: {program: w/receive, xdp: {interface: passing, mode: generic}}
      """)
    try deployment.write("", to: "goes-on")
    let tool = try Deployment.executable
    let command = try Sandbox.start(
      [
        "bash", "-euc",
        """
        rounds=0
        while [[ -e goes-on ]]; do
          ip link add passing type veth peer name passed
          "\(tool)" apply --auto-approve manifest.yaml >log 2>&1 || { cat log; exit 1; }
          "\(tool)" destroy --auto-approve manifest.yaml >log 2>&1 || { cat log; exit 1; }
          ip link delete passing
          rounds=$((rounds + 1))
        done
        echo "$rounds rounds"
        """,
      ], directory: deployment.directory)
    self.deployment = deployment
    self.command = command
  }

  consuming func end() throws {
    unlink(deployment.path("goes-on"))
    let result = command.wait()
    try check(
      result.status == 0 && !result.output.hasPrefix("0 "),
      "the neighbour ended with \(result.status): \(result.output)\(result.errors)")
  }
}

/// A thread that makes maps, programs and links as fast as it can, and lets them go.
private final class Churn: @unchecked Sendable {
  private let flag = Flag()
  private var thread = pthread_t()
  private var rounds = 0

  init() {
    let context = Unmanaged.passRetained(self).toOpaque()
    pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Churn>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context)
  }

  private func run() {
    let pass = [Instruction(opcode: 0xb7, immediate: 2), Instruction(opcode: 0x95)]
    let loopback = (try? NetworkInterface.index(of: "lo")).flatMap { $0 } ?? 1
    while !flag.isSet {
      let maps = (1...8).map { size in
        try? Map.create(
          MapParameters(
            type: .hash, name: "passing", keySize: 4, valueSize: 8, maxEntries: UInt32(size)))
      }
      let program = try? Program.load(
        ProgramParameters(
          type: .xdp, name: "passing", instructions: pass, license: "GPL",
          expectedAttachType: .xdp))
      if let program {
        _ = try? Link.create(program, on: .xdp(interface: loopback, mode: .generic))
      }
      rounds += maps.count
    }
  }

  /// How many maps were made.
  func end() -> Int {
    flag.set()
    pthread_join(thread, nil)
    return rounds
  }
}
