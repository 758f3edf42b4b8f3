import BPFObject
import Planning
import Reconciling
import Sandbox
import Testing

/// A host that goes through random manifests, kills and tampering; after each round one undisturbed
/// apply must bring exactly what the manifest asks for.
struct Ordeal<K: Kernel> {
  /// The kernel as a new process has it.
  let process: () -> K
  let manifests: RandomManifest
  var random: SplitMix
  private var kernel: K

  init(_ manifests: RandomManifest, seed: UInt64, process: @escaping () -> K) {
    self.process = process
    self.manifests = manifests
    random = SplitMix(seed: seed)
    kernel = process()
  }

  /// `name` is for the messages.
  mutating func round(_ name: String) throws {
    let wanted = manifests.desired(&random)
    var story: [String] = []
    for _ in 0..<Int.random(in: 0...3, using: &random) {
      story.append(Bool.random(using: &random) ? try killedApply() : try tamper())
    }
    let when = "\(name) after \(story.isEmpty ? "nothing" : story.joined(separator: ", "))"
    let ending: Reconciliation<K>.Ending
    kernel = process()
    do {
      ending = try reconciliation(kernel).apply(wanted) { _ in true }
    } catch {
      Issue.record("\(when): \(error)")
      throw error
    }
    let isDone = Self.isDone(ending)
    try #require(isDone, "\(when): \(Self.explain(ending))")
    // Release is asynchronous: what an apply before let go can take some milliseconds.
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(5)
    var differences: [String]
    repeat {
      differences = try self.differences(from: wanted)
    } while differences != [] && clock.now < deadline
    try #require(differences == [], "\(when), \(Self.explain(ending))")
  }

  private func reconciliation<L: Kernel>(_ kernel: L) -> Reconciliation<L> {
    Reconciliation(kernel: kernel, makePlan: { plan($0, $1) })
  }

  // MARK: What happens to the host

  private mutating func killedApply() throws -> String {
    let call = Int.random(in: 1...150, using: &random)
    let mortal = MortalKernel(process(), diesAt: call)
    let other = manifests.desired(&random)
    do throws(KernelFailure) {
      _ = try reconciliation(mortal).apply(other) { _ in true }
    } catch {
      guard mortal.isDead else { throw error }
    }
    return mortal.isDead ? "an apply killed at call \(call)" : "an apply"
  }

  /// One deed behind the tool's back, on what is pinned in the owner's directory.
  private mutating func tamper() throws -> String {
    let seen = try observe()
    // An intent knows the links that it announces by where they are pinned: these pins are not
    // exchanged.
    let pins = seen.pins.filter {
      PinPath.isBelow(manifests.root, $0.path) && $0.path != PinPath.inventory(root: manifests.root)
        && !PinPath.isBelow(PinPath.stagingRoot(manifests.root), $0.path)
    }
    guard let pin = pins.randomElement(using: &random) else { return "nothing to tamper with" }
    switch Int.random(in: 0..<6, using: &random) {
    case 0:
      try kernel.removePin(pin.path)
      return "\(pin.path) unpinned"
    case 1:
      try kernel.setPinAttributes(PinSpec(path: pin.path, mode: 0o666, owner: 0, group: 3))
      return "chmod of \(pin.path)"
    case 2 where pin.kind != .link || seen.inventory?.state == .final:
      let others = pins.filter { $0.kind == pin.kind && $0.path != pin.path }
      guard let other = others.randomElement(using: &random) else { return "nothing exchanged" }
      _ = try kernel.exchangePin(pin.path, with: other.path)
      return "\(pin.path) exchanged with \(other.path)"
    case 3:
      guard let link = pins.filter({ $0.kind == .link }).randomElement(using: &random) else {
        return "no link to detach"
      }
      _ = try kernel.detach(kernel.open(.link, id: link.id))
      return "\(link.path) detached"
    case 4:
      guard let link = pins.filter({ $0.kind == .link }).randomElement(using: &random),
        let running = seen.links.first(where: { $0.id == link.id && $0.isAttached })?.programID,
        let old = seen.programs.first(where: { $0.id == running })
      else { return "no link to swap" }
      let image = Fixture.image("intruder", type: old.type, returning: 1)
      try kernel.updateLink(
        kernel.open(.link, id: link.id),
        to: kernel.loadProgram(ProgramLoad(image: image, maps: [:])),
        expected: kernel.open(.program, id: running))
      return "the program of \(link.path) swapped"
    default:
      let maps = seen.maps.filter { map in
        [.hash, .array, .percpuHash].contains(map.type) && map.flags == 0
          && pins.contains { $0.kind == .map && $0.id == map.id }
      }
      guard let map = maps.randomElement(using: &random) else { return "no map to write" }
      let key = UInt64.random(in: 1...3, using: &random)
      let object = try kernel.open(.map, id: map.id)
      if map.type != .array, Bool.random(using: &random) {
        try kernel.remove(key: Fixture.bytes(key, 4), from: object)
        return "key \(key) of \(map.name) removed"
      }
      try kernel.write(
        Fixture.table(keySize: 4, valueSize: Int(map.valueSize), [key: 77]), to: object)
      return "key \(key) of \(map.name) written"
    }
  }

  // MARK: What must be there

  /// Compared without the planner: pins, maps with their contents, programs, links and their hooks;
  /// and nothing else of ours.
  private func differences(from wanted: DesiredState) throws -> [String] {
    var hooks = Set(wanted.attachments.map(\.hook.place))
    for interface in manifests.interfaces {
      hooks.formUnion(RandomManifest.priorities.map { RandomManifest.filter(interface, $0) })
    }
    let seen = try observe(hooks: hooks, paths: Set(wanted.pins.map(\.pin.path)))
    var differences: [String] = []
    func expect(_ isTrue: Bool, _ what: String) { if !isTrue { differences.append(what) } }

    let pins = Dictionary(uniqueKeysWithValues: seen.pins.map { ($0.path, $0) })
    let paths =
      wanted.maps.map(\.pin) + wanted.programs.map(\.pin)
      + wanted.attachments.filter { $0.hook.filter == nil }.map(\.pin)
    for pin in paths + wanted.pins.map(\.pin) {
      expect(
        pins[pin.path].map { ($0.mode, $0.owner, $0.group) == (pin.mode, pin.owner, pin.group) }
          == true, "pin \(pin.path): \(String(describing: pins[pin.path]))")
    }
    let known = Set(
      (paths + wanted.pins.map(\.pin)).map(\.path) + [PinPath.inventory(root: wanted.root)])
    for path in pins.keys where !known.contains(path) { differences.append("\(path) is left") }

    for map in wanted.maps {
      guard let id = pins[map.pin.path]?.id, let there = seen.maps.first(where: { $0.id == id })
      else { continue }
      expect(
        there.type == map.map.type && there.maxEntries == map.map.maxEntries
          && there.name == MapSpec.kernelName(for: map.map.kernelName),
        "\(map.ref): \(there)")
      differences += try contents(of: map, id, seen, pins)
    }
    for program in wanted.programs {
      let there = seen.programs.first { $0.id == pins[program.pin.path]?.id }
      // The fake has tags of its own.
      let tag = seen.host.tagAlgorithm.map { program.image.predictedTag($0).description }
      expect(
        there?.type == program.image.type && (tag == nil || there?.tag == tag),
        "\(program.ref): \(String(describing: there))")
      for ref in program.bindings.values {
        let id = wanted.maps.first { $0.ref == ref }.flatMap { pins[$0.pin.path]?.id }
        expect(id.map { there?.mapIDs.contains($0) == true } == true, "\(program.ref) uses \(ref)")
      }
    }
    for attachment in wanted.attachments {
      let link = seen.links.first {
        attachment.hook.filter == nil
          ? $0.id == pins[attachment.pin.path]?.id : $0.filter == attachment.hook.filter
      }
      let program = wanted.programs.first { $0.ref == attachment.program }
      expect(
        link != nil && link?.programID == program.flatMap { pins[$0.pin.path]?.id },
        "\(attachment.address) runs \(attachment.program): \(String(describing: link))")
      let place = seen.hooks.first { $0.hook == attachment.hook.place }
      expect(
        place?.occupants.contains { $0.programID == link?.programID } == true,
        "\(attachment.address) is on its hook: \(String(describing: place))")
    }
    for hook in seen.hooks {
      let count = wanted.attachments.count { $0.hook.place == hook.hook }
      expect(hook.occupants.count == count, "\(hook.hook) runs \(hook.occupants), not \(count)")
    }
    let ours = seen.programs.filter { $0.metadata?.owner == wanted.owner }.map(\.id)
    let expected = wanted.programs.compactMap { pins[$0.pin.path]?.id }
    expect(ours.sorted() == expected.sorted(), "programs \(ours), wanted \(expected)")
    return differences
  }

  private func contents(
    of map: DesiredMap, _ id: UInt32, _ seen: ObservedState, _ pins: [String: ObservedPin]
  ) throws -> [String] {
    guard let entries = map.entries else { return [] }
    let there = try kernel.read(kernel.open(.map, id: id))
    var rows: [[UInt8]: [UInt8]] = [:]
    for index in 0..<there.count { rows[Array(there.key(index))] = Array(there.value(index)) }
    var differences: [String] = []
    for index in 0..<entries.table.count {
      let key = Array(entries.table.key(index))
      var value = Array(entries.table.value(index))
      if case .program(let ref, _)? = entries.references[key]?.first {
        value = Fixture.bytes(
          UInt64(pins[PinPath.path(of: .program(ref), root: manifests.root)]?.id ?? 0), 4)
      }
      if map.map.type == .percpuHash {
        value = (0..<seen.host.possibleCPUs).flatMap { _ in value }
      }
      if rows.removeValue(forKey: key) != value { differences.append("\(map.ref) at \(key)") }
    }
    if entries.policy == .exact, !rows.isEmpty {
      differences.append("\(map.ref) has \(rows.keys.sorted { $0[0] < $1[0] }) too")
    }
    return differences
  }

  private func observe(hooks: Set<Hook> = [], paths: Set<String> = []) throws(KernelFailure)
    -> ObservedState
  {
    try kernel.observe(
      ObservationScope(owner: manifests.owner, root: manifests.root, paths: paths, hooks: hooks))
  }

  private static func isDone<L: Kernel>(_ ending: Reconciliation<L>.Ending) -> Bool {
    switch ending {
    case .nothingToDo: true
    case .applied(_, let outcome): outcome.result == .successful
    case .blocked, .declined, .awaitsConfirmation, .irrevocable: false
    }
  }

  private static func explain<L: Kernel>(_ ending: Reconciliation<L>.Ending) -> String {
    switch ending {
    case .applied(let plan, let outcome): "\(outcome.result) \(plan.steps.map { "\($0)" })"
    case .blocked(let plan):
      "blocked: \(plan.changes.flatMap { change in change.blocks.map { "\(change.address): \($0)" } })"
    case .nothingToDo, .declined, .awaitsConfirmation, .irrevocable: "\(ending)"
    }
  }
}
