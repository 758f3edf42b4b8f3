import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

@Suite struct PinTests {
  @Test(.kernel) func `objects are pinned, opened, renamed over, told of, removed`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let filesystem = try BPFFilesystem()
        let directory = try filesystem.directory(["bpfapply", "test"], creating: 0o700)
        #expect(directory.path == "/sys/fs/bpf/bpfapply/test", "the path")
        #expect(try filesystem.root.status("bpfapply")?.mode == 0o700, "directories are 0700")
        let map = try makeMap(.array, name: "one")
        let other = try makeMap(.array, name: "two")
        try directory.pin(map, as: "map")
        #expect(try directory.status("map")?.mode == 0o600, "pins are 0600")
        let taken = failure { () throws(KernelError) in try directory.pin(other, as: "map") }
        #expect(taken?.errno == .exists, "a name is pinned once")
        #expect(taken?.context == "/sys/fs/bpf/bpfapply/test/map", "the error names the path")
        guard case .map(let opened)? = try directory.open("map") else {
          Issue.record("it opens as a map")
          return
        }
        #expect(opened.info == map.info, "the same map")
        #expect(try directory.open("nothing")?.kind == nil, "nothing there")

        try directory.pin(other, as: "next")
        try directory.rename("next", to: directory, "map")
        guard case .map(let replaced)? = try directory.open("map") else {
          Issue.record("it still opens as a map")
          return
        }
        #expect(replaced.info.id == other.info.id, "renamed over")
        #expect(try directory.status("next") == nil, "and the old name is gone")
        try directory.pin(map, as: "again")
        let exclusive = failure { () throws(KernelError) in
          try directory.renameExclusively("again", to: directory, "map")
        }
        #expect(exclusive?.errno == .exists, "not over another when told so")
        if Sandbox.kernelVersion >= (5, 17) {
          try directory.exchange("again", with: directory, "map")
          #expect(try directory.open("map")?.mapID == map.info.id, "exchanged")
        }

        try directory.setMode("map", 0o640)
        try directory.setOwner("map", user: 12, group: 34)
        let status = try #require(try directory.status("map"), "the status")
        #expect(status.mode == 0o640 && status.userID == 12 && status.groupID == 34, "as set")
        try directory.setOwner("map", user: nil, group: 35)
        #expect(try directory.status("map")?.userID == 12, "nil leaves it")

        #expect(try directory.remove("map"), "removed")
        #expect(try !directory.remove("map"), "and then not there")
        let parent = try filesystem.directory(["bpfapply"])
        #expect(try !parent.removeDirectory("test"), "not while there is something in it")
        #expect(try directory.remove("again"), "the last one")
        #expect(try parent.removeDirectory("test"), "then it goes")
      }
    }
  }

  @Test(.kernel) func `a tree is walked with the kinds and ids of its pins`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let filesystem = try BPFFilesystem()
        let directory = try filesystem.directory(["a", "b"], creating: 0o700)
        let map = try makeMap(.array)
        let program = try load(.rawTracepoint, returning: 0)
        let link = try Link.openRawTracepoint("sched_switch", program: program)
        try directory.pin(map, as: "map")
        try directory.pin(program, as: "program")
        try directory.pin(link, as: "link%2Ename")
        symlink("/sys/fs/bpf/a/b/map", "/sys/fs/bpf/a/alias")
        let tree = try filesystem.root.walk()
        #expect(
          tree.pins.map(\.path) == [
            "/sys/fs/bpf/a/b/link%2Ename", "/sys/fs/bpf/a/b/map", "/sys/fs/bpf/a/b/program",
          ], "all pins")
        #expect(
          try tree.pins.map(\.object) == [
            Pin.Object(kind: .link, id: link.info().id),
            Pin.Object(kind: .map, id: map.info.id),
            Pin.Object(kind: .program, id: program.info().id),
          ], "what they hold")
        #expect(tree.directories == ["/sys/fs/bpf/a", "/sys/fs/bpf/a/b"], "directories")
        #expect(tree.skipped == ["/sys/fs/bpf/a/alias"], "a symlink is not followed")
        guard case .program? = try directory.open("program"),
          case .link? = try directory.open("link%2Ename")
        else {
          Issue.record("they open as what they are")
          return
        }
      }
    }
  }

  @Test(.kernel) func `what is not on a bpffs is refused`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let elsewhere = refusal { () throws(KernelError) in _ = try BPFFilesystem(at: "/tmp") }
        #expect(elsewhere.contains("no bpffs is mounted there"), "another file system")
        let path = refusal { () throws(KernelError) in
          _ = try BPFFilesystem.containing("/tmp/pin")
        }
        #expect(path.contains("a bpffs is mounted at /sys/fs/bpf"), "says where one is")
        let longer = refusal { () throws(KernelError) in
          _ = try BPFFilesystem.containing("/sys/fs/bpfx/p")
        }
        #expect(longer.contains("not on a bpffs"), "a longer name is no prefix")
        let filesystem = try BPFFilesystem.containing("/sys/fs/bpf/shared/blocklist")
        let names = try filesystem.components(of: "/sys/fs/bpf/shared/blocklist")
        #expect(names == ["shared", "blocklist"], "the names below the mount")
        _ = try filesystem.directory(["inside"], creating: 0o700)
        let inside = refusal { () throws(KernelError) in
          _ = try BPFFilesystem(at: "/sys/fs/bpf/inside")
        }
        #expect(inside.contains("name its mount point"), "a directory in it")
        for name in ["with.dot", "a/b", "", "..", "zero\0"] {
          let map = try makeMap(.array)
          let refused = failure { () throws(KernelError) in
            try filesystem.root.pin(map, as: name)
          }
          #expect(refused?.call == "pin", "the name \"\(name)\"")
        }
        umount2("/sys/fs/bpf", Int32(MNT_DETACH))
        let none = refusal { () throws(KernelError) in _ = try BPFFilesystem() }
        #expect(none.contains("mount -t bpf bpf /sys/fs/bpf"), "none mounted: how to mount one")
      }
    }
  }

  @Test(.kernel) func `hostile directories are refused`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let filesystem = try BPFFilesystem()
        mkdir("/sys/fs/bpf/real", 0o700)
        symlink("/sys/fs/bpf/real", "/sys/fs/bpf/link")
        #expect(refusal(of: "link", in: filesystem).contains("it is a symlink"), "a symlink")
        mkdir("/sys/fs/bpf/theirs", 0o700)
        chown("/sys/fs/bpf/theirs", 1000, 1000)
        #expect(
          refusal(of: "theirs", in: filesystem).contains("belongs to user 1000"),
          "another's directory")
        mkdir("/sys/fs/bpf/open", 0o700)
        chmod("/sys/fs/bpf/open", 0o777)
        #expect(
          refusal(of: "open", in: filesystem).contains("others can write to it (mode 0777)"),
          "everybody's")
        chmod("/sys/fs/bpf/open", 0o770)
        #expect(refusal(of: "open", in: filesystem).contains("others can write to it"), "a group's")
        let map = try makeMap(.array)
        try filesystem.root.pin(map, as: "pin")
        #expect(refusal(of: "pin", in: filesystem).contains("it is no directory"), "a pin")
        mkdir("/sys/fs/bpf/other", 0o700)
        try Sandbox.mount("bpf", at: "/sys/fs/bpf/other", type: "bpf")
        #expect(
          refusal(of: "other", in: filesystem).contains("another file system"), "another bpffs")
        symlink("/sys/fs/bpf/pin", "/sys/fs/bpf/alias")
        let alias = failure { () throws(KernelError) in _ = try filesystem.root.open("alias") }
        #expect(alias?.description.contains("it is no pin") == true, "a symlink for a pin")
        let mode = failure { () throws(KernelError) in
          try filesystem.root.setMode("alias", 0o666)
        }
        #expect(mode != nil, "no mode through a symlink")
        #expect(try filesystem.root.status("pin")?.mode == 0o600, "the pin keeps its own")
      }
    }
  }
}

extension PinnedObject {
  var mapID: UInt32? {
    if case .map(let map) = self { return map.info.id }
    return nil
  }
}
