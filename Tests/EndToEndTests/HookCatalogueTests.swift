import BPFObject
import Glibc
import Sandbox
import Testing

/// Every hook with a directory in examples/hooks: its manifest is applied and works, stays as it is,
/// is missed when somebody undoes it, goes over to the next release while it is live, and is given up
/// without a trace. Where the kernel has no such hook, the plan says so and nothing is done; where the
/// machine forbids such programs, the apply says so and leaves nothing.
@Suite struct HookCatalogueTests {
  @Test(.kernel, arguments: HookExample.all.map(\.name))
  func `each hook is taken, watched, upgraded and given up`(_ name: String) async {
    await #expect(processExitsWith: .success) { [name = name as String] in
      endToEnd {
        let example = try #require(HookExample.all.first { $0.name == name }, "a row")
        try Uplink.make()
        try HookTrial(HookScene(example)).run()
      }
    }
  }

  @Test func `every directory of examples/hooks has a row, and every row a directory`() throws {
    let listed = try Sandbox.run(["ls", HookScene.directory]).succeeded().output
    let directories = listed.split(separator: "\n").map(String.init)
    #expect(directories.sorted() == HookExample.all.map(\.name).sorted())
  }
}

/// The columns of the table in Tests/README.md.
enum HookColumn: String, CaseIterable {
  case attach, unchanged, tampering, upgrade, detach

  /// Where `Tests/matrix/run` collects the results: a line of JSON each.
  private static let report = getenv("BPFAPPLY_HOOK_REPORT").map { String(cString: $0) }

  func report(_ result: String, of hook: String) throws {
    guard let path = Self.report else { return }
    let line = Array(
      #"{"matrix":"hook","hook":"\#(hook)","column":"\#(self)","result":"\#(result)"}"#.utf8 + [10])
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    defer { close(file) }
    guard write(file, line, line.count) == line.count else {
      throw SandboxError("\(path): errno \(errno)")
    }
  }
}

/// One example, tried from nothing to nothing.
private struct HookTrial: ~Copyable {
  let scene: HookScene
  private var example: HookExample { scene.example }

  init(_ scene: consuming HookScene) { self.scene = scene }

  func run() throws {
    try scene.compile(release: 1)
    if let words = try example.needs.refusal() {
      return try all("refused") { try isRefused(words) }
    }
    if example.needs.mayBeForbidden, try scene.isForbidden() {
      return try all("forbidden") { try isForbidden() }
    }
    try column(.attach) { try attach() }
    try column(.unchanged) { try isUnchanged() }
    try column(.tampering) { try tamper() }
    try column(.upgrade) { try upgrade() }
    try column(.detach) { try detach() }
  }

  /// There is nothing to be seen but that nothing is done.
  private func all(_ result: String, _ body: () throws -> Void) throws {
    try column(.attach, result, body)
    for column in HookColumn.allCases.dropFirst() {
      try column.report(result, of: example.name)
    }
  }

  private func column(
    _ column: HookColumn, _ success: String = "passed", _ body: () throws -> Void
  ) throws {
    do {
      try body()
    } catch {
      try column.report("failed", of: example.name)
      throw SandboxError("\(example.name), \(column): \(error)")
    }
    try column.report(success, of: example.name)
  }

  /// The effect can be late: release is asynchronous, and a packet may get lost on a busy machine.
  private func effect(is expected: Bool, _ when: String) throws {
    try eventually("\(expected ? "an" : "no") effect \(when)") {
      try example.effect(scene) == expected
    }
  }

  private func isRefused(_ words: [String]) throws {
    try scene.bpfapply("plan", status: 4, saying: ["BLOCKED", "attachment."] + words)
    try scene.bpfapply("apply", "--auto-approve", status: 4, saying: words)
    try check(access(scene.deployment.pins, F_OK) != 0, "\(scene.deployment.pins) was made")
  }

  /// Only the kernel can tell, and it does when the programs are staged.
  private func isForbidden() throws {
    try scene.bpfapply("plan", "--detailed-exitcode", status: 2)
    try scene.bpfapply("apply", "--auto-approve", status: 6, saying: ["not permitted"])
    try check(
      Objects.reachable(from: scene.deployment.pins).ids.isEmpty, "something was left behind")
  }

  private func attach() throws {
    try example.prepare(scene)
    try check(!example.effect(scene), "there is an effect before anything is applied")
    try scene.bpfapply("apply", "--auto-approve", saying: ["Done"])
    try effect(is: true, "after the apply")
    try scene.agrees()
  }

  private func isUnchanged() throws {
    try scene.bpfapply("plan", "--detailed-exitcode", saying: ["No changes."])
    try scene.bpfapply("drift", saying: ["no drift"])
  }

  private func tamper() throws {
    try example.deed.commit(scene)
    try effect(is: false, "after the tampering")
    try scene.bpfapply("drift", status: 2, saying: ["attachment."] + example.deed.findings)
    try scene.bpfapply("apply", "--auto-approve", saying: ["Done"])
    try effect(is: true, "after the repair")
    try isUnchanged()
  }

  private func upgrade() throws {
    let programs = try scene.programs()
    let links = try scene.links()
    try scene.compile(release: 2)
    try scene.bpfapply("apply", "--auto-approve", saying: ["Done"])
    try effect(is: true, "after the upgrade")
    let newPrograms = try scene.programs()
    try check(Set(newPrograms.keys) == Set(programs.keys), "\(programs) became \(newPrograms)")
    // A program that the second release leaves as it was stays, and its link too.
    let changed = programs.filter { newPrograms[$0.key] != $0.value }
    try check(!changed.isEmpty, "no program is new: \(programs)")
    let newLinks = try scene.links()
    for (pin, link) in links where link.holds.isMap || changed.values.contains(link.holds.id) {
      try check(newLinks[pin]?.holds != link.holds, "\(pin) is as it was")
      try check(
        // An extension's stays with the program that it was made for.
        (newLinks[pin]?.id == link.id) == (example.keepsLinks && link.type != .tracing),
        "\(pin) was link \(link.id) and is \(newLinks[pin]?.id ?? 0)")
    }
    try scene.agrees()
    try isUnchanged()
  }

  private func detach() throws {
    let ours = try Objects.reachable(from: scene.deployment.pins)
    try scene.bpfapply("destroy", "--auto-approve", saying: ["Done"])
    try effect(is: false, "after the destruction")
    try eventually("the release of \(ours.remaining())") { try ours.remaining().isEmpty }
    try check(access(scene.deployment.pins, F_OK) != 0, "\(scene.deployment.pins) is still there")
  }
}
