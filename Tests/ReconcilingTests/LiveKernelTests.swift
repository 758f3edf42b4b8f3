import Planning
import Reconciling
import Sandbox
import Testing

/// The live kernel keeps what the applier relies on, as the fake does (`FakeKernelTests`).
@Suite struct LiveKernelTests {
  @Test(.kernel, arguments: KernelContract<LiveKernel>.cases.keys.sorted())
  func `keeps the contract`(_ name: String) async {
    await #expect(processExitsWith: .success) { [name] in
      sandboxed {
        try Sandbox.mountTracefs()
        try Sandbox.makeVethPair("c0", "c1")
        let contract = KernelContract(
          kernel: LiveKernel(), root: "/sys/fs/bpf/bpfapply/contract",
          interface: InterfaceName(name: "c0"))
        let run = try #require(KernelContract<LiveKernel>.cases[name])
        try run(contract)
      }
    }
  }
}
