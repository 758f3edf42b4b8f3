import BPFKernel
import BPFObject
import Sandbox
import Testing

/// Hooks on maps of sockets follow their map.
@Suite struct SocketMapTests {
  private static func manifest(_ deployment: borrowing Deployment, entries: Int) throws {
    try deployment.write(
      """
      apiVersion: bpfapply/v1
      name: \(deployment.owner)
      objects: {o: {file: o.bpf.o}}
      maps: {o/sockets: {max_entries: \(entries), on_replace: recreate}}
      attachments: {messages: {program: o/filter, sk_msg: {map: o/sockets}}}
      """)
  }

  @Test(.kernel, .since(6, 10)) func `the link goes along when the map is replaced`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("sockets")
        let object = try Sandbox.compile(file: "examples/hooks/sk_msg/sk_msg.bpf.c")
        try deployment.write(Sandbox.read(object), to: "o.bpf.o")
        try SocketMapTests.manifest(deployment, entries: 16)
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        func link() throws -> LinkInfo {
          try Pinned.link("\(deployment.pins)/attachments/messages").info()
        }
        func isOnMap() throws -> Bool {
          let map = try Pinned.map("\(deployment.pins)/maps/o/sockets").info.id
          return try link().target == .sockmap(mapID: map, .skMsgVerdict)
        }
        let first = try link()
        try check(isOnMap(), "\(first)")

        try SocketMapTests.manifest(deployment, entries: 32)
        try deployment.plan(
          status: 2, saying: "map.o/sockets will be replaced",
          "attachment.messages will be replaced")
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        let second = try link()
        try check(second.id != first.id && isOnMap(), "\(first) became \(second)")

        // Somebody else's program on the map is not displaced.
        try deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        try Sandbox.run(
          [
            "bpftool", "map", "create", "/sys/fs/bpf/theirs", "type", "sockhash", "key", "4",
            "value", "8", "entries", "32", "name", "sockets",
          ]
        ).succeeded()
        try deployment.write(
          """
          apiVersion: bpfapply/v1
          name: \(deployment.owner)
          objects: {o: {file: o.bpf.o, bind: {sockets: theirs}}}
          maps: {theirs: {external: /sys/fs/bpf/theirs}}
          attachments: {messages: {program: o/filter, sk_msg: {map: theirs}}}
          """)
        let theirs = try Pinned.map("/sys/fs/bpf/theirs")
        let program = try Program.load(
          ProgramParameters(
            type: .skMsg,
            instructions: [
              Instruction(opcode: 0xb7, immediate: 1), Instruction(opcode: 0x95),
            ], license: "GPL", expectedAttachType: .skMsgVerdict))
        try program.attach(to: .map(theirs), type: .skMsgVerdict)
        try deployment.bpfapply("plan", "manifest.yaml", status: 4, saying: "hook-occupied")
        try program.detach(from: .map(theirs), type: .skMsgVerdict)
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        let taken = try link()
        try check(taken.target == .sockmap(mapID: theirs.info.id, .skMsgVerdict), "\(taken)")
        try deployment.bpfapply("drift", deployment.owner, saying: "no drift")
        try Link(id: link().id).detach()
        try deployment.bpfapply("drift", deployment.owner, status: 2, saying: "detached")
      }
    }
  }
}
