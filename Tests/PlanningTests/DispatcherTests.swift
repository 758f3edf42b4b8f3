import BPFObject
import Planning
import Testing

@Suite struct DispatcherTests {
  private static func constants(_ head: [UInt8], words: [Int: UInt32], count: Int) -> [UInt8] {
    var bytes = head + [UInt8](repeating: 0, count: count - head.count)
    for (index, word) in words {
      for byte in 0..<4 {
        bytes[4 + index * 4 + byte] = UInt8(truncatingIfNeeded: word >> (8 * byte))
      }
    }
    return bytes
  }

  @Test func bothVersionsAreRead() throws {
    let second = try #require(
      Dispatcher(
        programName: "xdp_dispatcher",
        constants: Self.constants([236, 2, 2, 1], words: [10: 20, 11: 50], count: 124)))
    #expect(second.version == 2 && second.count == 2 && second.hasFragments)
    #expect(second.priorities == [20, 50])
    let first = try #require(
      Dispatcher(
        programName: "xdp_dispatcher",
        constants: Self.constants([1, 0, 0, 0], words: [10: 70], count: 84)))
    #expect(first.version == 1 && first.priorities == [70])
  }

  @Test func otherBytesAreNoDispatcher() {
    for (head, count) in [
      ([236, 3, 1, 0], 124), ([236, 2, 11, 0], 124), ([1, 0, 0, 0], 83), ([], 0),
    ]
      as [([UInt8], Int)]
    {
      let bytes = count == 0 ? [] : Self.constants(head, words: [:], count: count)
      #expect(Dispatcher(programName: "xdp_dispatcher", constants: bytes) == nil)
    }
    let good = Self.constants([1, 0, 0, 0], words: [:], count: 84)
    #expect(Dispatcher(programName: "firewall", constants: good) == nil)
  }

  @Test func theProgramsBehindItAreNamed() {
    var scenario = Scenario()
    let hook = scenario.kernel.observed.hooks.firstIndex { $0.hook.interface != nil }!
    var dispatcher = ObservedProgram(id: 71, name: "xdp_dispatcher", type: .xdp, tag: "d0")
    dispatcher.dispatcher = Dispatcher(
      programName: "xdp_dispatcher",
      constants: Self.constants([236, 2, 2, 0], words: [:], count: 124))
    scenario.kernel.observed.programs += [
      dispatcher, ObservedProgram(id: 72, name: "drop", type: .ext, tag: "d1"),
      ObservedProgram(id: 73, name: "count", type: .ext, tag: "d2"),
    ]
    for (link, program) in [(81, 72), (82, 73)] as [(UInt32, UInt32)] {
      scenario.kernel.observed.links.append(
        ObservedLink(
          id: link, type: .tracing, programID: program,
          target: .tracing(
            attachType: AttachType(rawValue: 0), targetObjectID: 71, targetBTFID: 5)))
    }
    scenario.kernel.observed.hooks[hook].occupants = [.init(programID: 71, linkID: nil)]
    let block = scenario.plan().changes.flatMap(\.blocks).first { $0.code == "hook-occupied" }
    #expect(
      block?.message.contains(
        "a dispatcher (libxdp's form, version 2) of 2 programs: drop, count") == true,
      "\(block?.message ?? "no block")")
  }
}
