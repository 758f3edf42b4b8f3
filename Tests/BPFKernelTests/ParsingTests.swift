import BPFObject
import Testing

@testable import BPFKernel

@Suite struct ParsingTests {
  @Test func `errors of the kernel have names and words`() {
    #expect(Errno.notPermitted.description == "Operation not permitted (EPERM)")
    #expect(Errno.notSupportedByKernel.name == "ENOTSUPP")
    #expect(Errno(rawValue: 999).name == "errno 999")
    #expect(Errno.notSupportedByKernel.description.contains("not supported"))
  }

  @Test func `descriptions are call, context, cause, hint, log`() {
    let log = (1...20).map { "line \($0)" }.joined(separator: "\n")
    let error = KernelError("BPF_PROG_LOAD", .accessDenied, on: "program x (xdp)", verifierLog: log)
    let lines = error.description.split(separator: "\n")
    #expect(lines.first == "BPF_PROG_LOAD of program x (xdp): Permission denied (EACCES)")
    #expect(lines.contains("verifier log (last 12 of 20 lines):"))
    #expect(lines.last == "  line 20")
    #expect(!error.description.contains("line 8\n"))
  }

  @Test func `mounts are read with their escapes`() {
    let text = """
      22 1 0:20 / / rw shared:1 - ext4 /dev/root rw
      30 22 0:26 / /sys/fs/bpf rw,nosuid shared:9 master:2 - bpf bpf rw,mode=700
      31 22 0:27 /sub /mnt/with\\040blank rw - bpf bpf rw
      garbage
      """
    #expect(
      MountPoint.parse(Array(text.utf8)) == [
        MountPoint(path: "/", type: "ext4", root: "/"),
        MountPoint(path: "/sys/fs/bpf", type: "bpf", root: "/"),
        MountPoint(path: "/mnt/with blank", type: "bpf", root: "/sub"),
      ])
  }

  @Test(arguments: [
    ("0", 1), ("0-3", 4), ("0-1,4-5", 6), ("", nil), ("x", nil), ("0-", nil), ("-1", nil),
    ("0-99999999", nil),
  ])
  func `lists of CPUs are counted`(_ text: String, _ count: Int?) {
    #expect(HostFacts.count(ofList: text) == count)
  }

  @Test(arguments: [
    ("6.18.44-amd64", KernelVersion(6, 18, 44)), ("5.10", KernelVersion(5, 10)),
    ("7.0-rc1", KernelVersion(7, 0)), ("linux", nil), ("6", nil),
  ])
  func `versions are read from releases`(_ text: String, _ version: KernelVersion?) {
    #expect(KernelVersion(text) == version)
  }

  @Test func `fdinfo is read`() {
    let text = "pos:\t0\nflags:\t02000002\nmap_type:\t2\nmemlock:\t4096\nfrozen:\t1\n"
    let info = MapDescriptorInfo(text: Array(text.utf8))
    #expect(info.isFrozen)
    #expect(info.lockedMemory == 4096)
    #expect(MapDescriptorInfo(text: []).lockedMemory == nil)
  }

  @Test func `netlink attributes that do not fit are left out`() {
    let good = NetlinkAttribute.encode(3, Array("eth0\0".utf8))
    #expect(good.count == 12)
    let parsed = NetlinkAttribute.all(in: (good + NetlinkAttribute.encode(10, [1, 0, 0, 0]))[...])
    #expect(parsed.map(\.type) == [3, 10])
    #expect(parsed[0].text == "eth0")
    #expect(parsed[1].number == 1)
    #expect(NetlinkAttribute.all(in: [200, 0, 3, 0, 1][...]).isEmpty)
    #expect(NetlinkAttribute.all(in: [0, 0, 3, 0, 1][...]).isEmpty)
    #expect(NetlinkAttribute.all(in: good.prefix(7)).isEmpty)
  }

  @Test func `the structs that are passed as they are have the kernel's layout`() {
    #expect(MemoryLayout<Instruction>.stride == 8)
    #expect(MemoryLayout<Instruction>.offset(of: \.immediate) == 4)
    #expect(MemoryLayout<FunctionInfo>.stride == 8)
    #expect(MemoryLayout<LineInfo>.stride == 16)
    #expect(MemoryLayout<LineInfo>.offset(of: \.position) == 12)
  }

  @Test func `the probe's tags tell the algorithm`() {
    let sha1 = ProgramTag(bytes: [0xa0, 0x4f, 0x5e, 0xef, 0x06, 0xa7, 0xf5, 0x55])
    #expect(sha1.flatMap(TagAlgorithm.algorithm) == .sha1)
    #expect(ProgramTag(bytes: [1, 2, 3]) == nil)
    #expect(ProgramTag(bytes: [UInt8](repeating: 0, count: 8)).flatMap(TagAlgorithm.algorithm) == nil)
  }
}
