import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

@Suite struct HostTests {
  @Test(.kernel) func `network namespaces are entered and left`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        try Sandbox.mount("tmpfs", at: "/run", type: "tmpfs")
        try Sandbox.run(["ip", "netns", "add", "inner"]).succeeded()
        try Sandbox.run(["ip", "-n", "inner", "link", "add", "d0", "type", "veth"]).succeeded()
        let own = try NetworkNamespace.current()
        let inner = try NetworkNamespace("inner")
        #expect(inner.inode != own.inode, "another one")
        #expect(try NetworkNamespace("/run/netns/inner").inode == inner.inode, "by its path")
        let names = try inner.run { () throws(KernelError) in
          try NetworkInterface.all().map(\.name)
        }
        #expect(names.contains("d0"), "its interfaces: \(names)")
        #expect(try NetworkInterface.index(of: "d0") == nil, "the thread is back")
        let inside = failure { () throws(KernelError) in
          try inner.run { () throws(KernelError) in
            throw KernelError("probe", refused: "on purpose", on: "here")
          }
        }
        #expect(inside?.call == "probe", "what is thrown inside comes out")
        #expect(try NetworkNamespace.current().inode == own.inode, "and the thread is back")
        let absent = failure { () throws(KernelError) in _ = try NetworkNamespace("absent") }
        #expect(absent?.description.contains("network namespace absent") == true, "by its name")
        let file = failure { () throws(KernelError) in _ = try NetworkNamespace("/etc/passwd") }
        #expect(file?.description.contains("is no namespace") == true, "a file")
      }
    }
  }

  @Test(.kernel) func `interfaces are told with kind, state and master`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        try Sandbox.makeVethPair("v0", "v1")
        try Sandbox.run(["ip", "link", "add", "br0", "type", "bridge"]).succeeded()
        try Sandbox.run(["ip", "link", "set", "v1", "master", "br0"]).succeeded()
        let bridge = try #require(try NetworkInterface.named("br0"), "the bridge")
        let port = try #require(try NetworkInterface.named("v1"), "its port")
        #expect(bridge.kind == "bridge" && !bridge.isUp, "a bridge, down")
        #expect(port.kind == "veth" && port.isUp && port.master == bridge.index, "a port, up")
        #expect(try NetworkInterface.index(of: "v1") == port.index, "by its name")
        #expect(try NetworkInterface.named("nope") == nil, "not another")
      }
    }
  }

  @Test(.kernel) func `cgroups are opened below the root only`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let root = try Cgroup("/")
        #expect(root.path == "/" && root.id == 1, "the root")
        let temporary = try TemporaryCgroup()
        #expect(try Cgroup(temporary.path + "/").id == Cgroup(temporary.path).id, "slashes")
        let up = failure { () throws(KernelError) in _ = try Cgroup("/../../etc") }
        #expect(up?.description.contains("leads upwards") == true, "no way out")
        let absent = failure { () throws(KernelError) in _ = try Cgroup("/no-such-cgroup") }
        #expect(absent?.errno == .noEntry, "absent")
        #expect(absent?.context.contains("cgroup /no-such-cgroup") == true, "is named")
      }
    }
  }

  @Test(.kernel) func `a lock excludes, names its holder, and notices a new directory`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let filesystem = try BPFFilesystem()
        let directory = try filesystem.directory(["locked"], creating: 0o700)
        let lock = try FileLock.acquire(directory)
        var refused: FileLock.Failure?
        do throws(FileLock.Failure) {
          _ = try FileLock.acquire(directory, timeout: .milliseconds(20))
        } catch {
          refused = error
        }
        #expect(refused == .held(by: getpid(), path: lock.path), "the holder is named")
        // Made again, it is another directory, which nobody has locked.
        try filesystem.root.removeDirectory("locked")
        _ = try FileLock.acquire(try filesystem.directory(["locked"], creating: 0o700))
        let file = try FileLock.acquire(file: "/tmp/bpfapply-lock-\(getpid())")
        unlink(file.path)
        // Another file of that name is another lock.
        let second = try FileLock.acquire(file: file.path)
        unlink(second.path)
      }
    }
  }

  @Test(.kernel) func `this kernel has what its version promises`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let version = try HostFacts.kernelVersion()
        for feature in Feature.all where version >= feature.since {
          #expect(feature.isSupported == true, "\(feature) on \(version)")
        }
        let never = Feature("never", since: KernelVersion(99, 0)) { () throws(KernelError) in nil }
        #expect(never.isSupported == nil, "inconclusive")
      }
    }
  }

  @Test(.kernel) func `facts about the host`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        #expect(try HostFacts.bootID().count == 36, "a UUID")
        #expect(try HostFacts.possibleCPUs() > 0, "CPUs")
        ResourceLimit.raiseLockedMemory()
        let before = try Capabilities.current().effective
        #expect(before.contains("CAP_SYS_ADMIN"), "root has it")
        try Capabilities.drop()
        let after = try Capabilities.current().effective
        #expect(after == before.intersection(Capabilities.needed), "only what is needed is kept")
        #expect(!after.contains("CAP_SYS_MODULE"), "not this one")
        _ = try makeMap(.array)
      }
    }
  }
}
