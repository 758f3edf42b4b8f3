import FakeKernel
import Planning
import Reconciling
import Testing

@Suite("The fake kernel")
struct FakeKernelTests {
  @Test("keeps the contract", arguments: KernelContract<FakeKernel>.cases.keys.sorted())
  func contract(name: String) throws {
    let kernel = FakeKernel()
    kernel.addInterface("veth0")
    let before = kernel.state
    let contract = KernelContract(
      kernel: kernel, root: "\(FakeKernel.mount)/bpfapply/contract",
      interface: InterfaceName(name: "veth0"))
    let run = try #require(KernelContract<FakeKernel>.cases[name])
    try run(contract)
    #expect(kernel.state.differences(from: before) == [])
    #expect(kernel.handles == 0)
  }
}
