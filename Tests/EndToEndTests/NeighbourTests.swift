import BPFKernel
import BPFObject
import Sandbox
import Testing

/// Two owners on one hook: what one does never touches the other.
@Suite struct NeighbourTests {
  @Test(.kernel) func `two owners of one TCX hook leave each other alone`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        try Uplink.make()
        let first = try Neighbour("first")
        let second = try Neighbour("second")
        let index = try NetworkInterface.index(of: "uplink") ?? 0
        /// The links in their order, as the owners' pins name them.
        func order(_ wanted: [String], _ when: String) throws {
          let programs = try HookPrograms(on: .interface(index), type: .tcxIngress)
          let order = programs.entries.map { entry in
            first.name(of: entry.linkID) ?? second.name(of: entry.linkID) ?? "a stranger"
          }
          try check(order == wanted, "\(when): \(order)")
        }

        try first.attach(["a"])
        try second.attach(["a"])
        try order(["first a", "second a"], "at first")

        // One is upgraded in its place, and the other does not notice.
        let neighbour = try second.objects()
        try first.attach(["a"], release: 2)
        try order(["first a", "second a"], "after an upgrade")
        try check(second.objects() == neighbour, "an upgrade touched the neighbour")
        try second.deployment.isSettled()

        // A second link of the one goes to the end of the hook, and leaves a gap of its own only.
        try second.attach(["a", "b"])
        try order(["first a", "second a", "second b"], "at first")
        let others = try first.objects()
        try second.attach(["b"])
        try order(["first a", "second b"], "after a removal")
        try check(first.objects() == others, "a removal touched the neighbour")

        let left = try second.objects()
        try first.deployment.bpfapply("destroy", "--auto-approve", "manifest.yaml", saying: "Done")
        try order(["second b"], "after a destruction")
        try check(second.objects() == left, "a destruction touched the neighbour")
        try second.deployment.isSettled()
      }
    }
  }
}

private struct Neighbour: ~Copyable {
  let deployment: Deployment
  let owner: String

  init(_ owner: String) throws {
    self.owner = owner
    deployment = try Deployment(owner)
  }

  /// Has programs on the hook under these names, each an object of its own.
  func attach(_ names: [String], release: Int = 1) throws {
    try deployment.compile("watch", options: ["-DRELEASE=\(release)"])
    var lines = ["apiVersion: bpfapply/v1", "name: \(deployment.owner)", "objects:"]
    lines += names.map { "  \($0): {file: watch.bpf.o}" } + ["attachments:"]
    lines += names.map { "  \($0): {program: \($0)/classify, tcx: {interface: uplink}}" }
    try deployment.write(lines.joined(separator: "\n"))
    try deployment.apply(saying: "Done")
    try deployment.isSettled()
  }

  /// "first a", if the link is pinned for an attachment of this owner's.
  func name(of link: UInt32) -> String? {
    let directory = "\(deployment.pins)/attachments/"
    let pins = (try? BPFFilesystem().root.walk().pins) ?? []
    let pin = pins.first { $0.path.hasPrefix(directory) && $0.object?.id == link }
    return pin.map { "\(owner) \($0.path.dropFirst(directory.count).prefix(1))" }
  }

  /// The ids of everything that is pinned for the owner, by path.
  func objects() throws -> [String: UInt32] {
    var ids: [String: UInt32] = [:]
    for pin in try BPFFilesystem().root.walk().pins where pin.path.hasPrefix(deployment.pins + "/")
    {
      ids[pin.path] = pin.object?.id
    }
    return ids
  }
}
