import BPFObject
import Planning
import Reconciling
import Testing

extension KernelContract {
  func testRuns() throws {
    let packet = (0..<60).map { UInt8($0) }
    let program = try load("two", returning: 2)
    guard case .ran(let output) = try kernel.run(program, TestRun(type: .xdp, packet: packet))
    else {
      Issue.record("XDP programs can be run")
      return
    }
    #expect(output.returnCode == 2, "what the program returns")
    #expect(output.packet == packet && output.metadata.isEmpty, "the packet comes back as it was")
    let tc = try load("pipe", returning: -1, type: .schedCls)
    guard case .ran(let skb) = try kernel.run(tc, TestRun(type: .schedCls, packet: packet)) else {
      Issue.record("TC programs can be run")
      return
    }
    #expect(skb.returnCode == .max && skb.packet == packet, "the same of TC, with a sign")
    let socket = try load("ops", returning: 1, type: .sockOps)
    guard case .impossible = try kernel.run(socket, TestRun(type: .sockOps)) else {
      Issue.record("sock_ops programs cannot be run")
      return
    }
    #expect(try kernel.index(of: interface) != nil, "an interface has an index")
    #expect(
      try kernel.index(of: InterfaceName(name: "nothere0")) == nil, "one that is not there has none"
    )
  }
}
