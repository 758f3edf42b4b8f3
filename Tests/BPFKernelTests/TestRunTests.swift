import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

@Suite struct TestRunTests {
  @Test(.kernel) func `a thread stays on its CPU for as long as it is asked to`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        func allowed() throws -> String {
          let text = String(decoding: try Sandbox.read("/proc/thread-self/status"), as: UTF8.self)
          return text.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }
            .map(String.init) ?? ""
        }
        let before = try allowed()
        let (cpu, within) = try CurrentCPU.pinned { cpu in (cpu, (try? allowed()) ?? "") }
        #expect((0..<sysconf(Int32(_SC_NPROCESSORS_CONF))).contains(cpu), "it is one of the CPUs")
        let after = try allowed()
        #expect(after == before && !before.isEmpty, "afterwards it may run where it could before")
        #expect(sysconf(Int32(_SC_NPROCESSORS_ONLN)) == 1 || within != before, "it was pinned")
      }
    }
  }
}
