import BPFKernel
import Glibc
import Sandbox
import Testing

/// Counters of a CPU and of a process, and those that are not there.
@Suite struct CounterTests {
  @Test(.kernel) func `a counter follows its process and ends with it`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("counter")
        let busy = try Sandbox.start(["sh", "-c", "while :; do :; done"])
        let victim = try Sandbox.start(["sleep", "600"])
        try deployment.write(
          counter: "type: software, config: task-clock, period: 1000000, pid: \(busy.process)")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        let runs = "\(deployment.pins)/maps/p/runs"
        try eventually("a sample") { try Pinned.counter(runs, 0) > 0 }

        try deployment.write(
          counter: "type: software, config: task-clock, period: 1000000, pid: \(victim.process)")
        try deployment.plan(status: 2, saying: "pid", "the new one takes over")
        try deployment.apply(saying: "Done")
        // The old link is gone, and with it the counter of the busy process.
        try eventually("an end of samples") {
          let before = try Pinned.counter(runs, 0)
          burn()
          return try Pinned.counter(runs, 0) == before
        }
        busy.signal(SIGKILL)
        let id = victim.process
        victim.signal(SIGKILL)
        _ = victim.wait()
        try deployment.drift(status: 2, saying: "process \(id)", "there is no such process")
        try deployment.plan(status: 4, saying: "there is no such process")
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
      }
    }
  }

  @Test(.kernel) func `each CPU has an attachment, and those that are named are few`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("counter")
        try deployment.write(counter: "type: software, config: cpu-clock, period: 1000000")
        try deployment.apply(saying: "Done")
        let online = try HostFacts.onlineCPUs()
        func pins() throws -> [String] {
          try Sandbox.run(["ls", "\(deployment.pins)/attachments/it"]).succeeded().output
            .split(separator: "\n").map(String.init)
        }
        let made = try pins()
        try check(made.sorted() == online.map { "cpu\($0)" }.sorted(), "\(made)")
        for cpu in online {
          let link = try Pinned.link("\(deployment.pins)/attachments/it/cpu\(cpu)").info()
          guard case .perfEvent(let event) = link.target else {
            throw SandboxError("\(link)")
          }
          // Before 6.6 the kernel does not tell, before 6.9 not the cookie.
          guard case .event(_, let config, let cookie) = event else { continue }
          try check(config == 0, "\(link)")
          try check(cookie == 5 || Sandbox.kernelVersion < (6, 9), "\(link)")
        }
        try Sandbox.run(["rm", "\(deployment.pins)/attachments/it/cpu0"]).succeeded()
        try deployment.drift(status: 2, saying: "attachment.it/cpu0", "its link is gone")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()

        try deployment.write(counter: "type: software, config: cpu-clock, period: 1000000, cpu: 0")
        try deployment.apply("--max-deletes", "64", saying: "Done")
        try check(pins() == ["cpu0"], "there are others than cpu0")
        try deployment.isSettled()

        try deployment.write(counter: "type: software, config: cpu-clock, period: 1, cpu: 4095")
        try deployment.plan(status: 4, saying: "CPU 4095", "not online")
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
      }
    }
  }

  @Test(.kernel) func `counters of the processor are refused where there are none`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("counter")
        try deployment.write(counter: "type: hardware, config: cpu-cycles, freq: 99, cpu: 0")
        // Found out without bpfapply's help.
        guard access("/sys/bus/event_source/devices/cpu", F_OK) == 0 else {
          try deployment.plan(status: 4, saying: "has no hardware counters", "virtual machine")
          return
        }
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
      }
    }
  }
}

extension Deployment {
  fileprivate func write(counter: String) throws {
    try compile("counter")
    try write(
      """
      apiVersion: bpfapply/v1
      name: \(owner)
      objects: {p: {file: counter.bpf.o}}
      attachments: {it: {program: p/sample, cookie: 5, perf_event: {\(counter)}}}
      """)
  }
}

/// Works for 20 ms of processor time.
func burn() {
  var now = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
  let end = now.tv_sec * 1_000_000_000 + now.tv_nsec + 20_000_000
  while now.tv_sec * 1_000_000_000 + now.tv_nsec < end {
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
  }
}
