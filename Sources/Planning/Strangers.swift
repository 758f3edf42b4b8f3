internal import BPFObject

/// How a plan speaks of what is not ours, in one way everywhere: what it is, whose, who holds it, and
/// the ways out.
extension Situation {
  // MARK: What and whose

  /// "xdp_drop, tag 3b185187f1855c4c, pinned at /sys/fs/bpf/x, held by agent (process 312)".
  func phrase(program id: UInt32, link: UInt32? = nil) -> String {
    guard let program = ownership.programsByID[id] else { return "unknown" }
    let dispatcher = observed.dispatcherPhrase(program).map { ", \($0)" } ?? ""
    return "\(name(program.name)), tag \(program.tag)" + dispatcher
      + standing(.program, id, link: link)
  }

  /// "another map (flows, hash)".
  func phrase(_ pin: ObservedPin) -> String {
    let standing = standing(pin.kind, pin.id, except: pin.path)
    return switch pin.kind {
    case .map:
      ownership.mapsByID[pin.id].map { "another map (\(name($0.name)), \($0.type)\(standing))" }
        ?? "another map"
    case .program: "another program (\(phrase(program: pin.id)))"
    case .link:
      ownership.linksByID[pin.id].map { "another link (\($0.type)\(standing))" } ?? "another link"
    }
  }

  private func name(_ name: String) -> String { name.isEmpty ? "unnamed" : name }

  /// Whose it is and where else it is known, as far as that was found out; begins with a comma.
  private func standing(
    _ kind: ObjectKind, _ id: UInt32, link: UInt32? = nil, except path: String? = nil
  ) -> String {
    let seen = [foreign(kind, id), link.flatMap { foreign(.link, $0) }].compactMap(\.self)
    var parts: [String] = []
    if let owner = holder(kind, id), owner != ownership.owner || isElsewhere(kind, id) {
      parts.append("of '\(owner)'" + (isElsewhere(kind, id) ? " on another bpffs" : ""))
    }
    let pins = seen.flatMap(\.pins).filter { $0 != path }
    if !pins.isEmpty { parts.append("pinned at \(pins.prefix(3).joined(separator: " and "))") }
    var processes: [ForeignObject.Process] = []
    for process in seen.flatMap(\.processes) where !processes.contains(process) {
      processes.append(process)
    }
    if !processes.isEmpty {
      let names = processes.prefix(3).map { "\($0.command) (process \($0.id))" }
      parts.append("held by \(names.joined(separator: " and "))")
    }
    return parts.map { ", \($0)" }.joined()
  }

  private func foreign(_ kind: ObjectKind, _ id: UInt32) -> ForeignObject? {
    observed.foreign.first { $0.kind == kind && $0.id == id }
  }

  /// The owner that bpfapply knows for an object: a program carries it, a pin in an owner's directory
  /// shows it.
  func holder(_ kind: ObjectKind, _ id: UInt32) -> String? {
    if let pin = foreign(kind, id)?.pins.lazy.compactMap({ ownersPin($0) }).first {
      return pin.owner
    }
    return metadata(kind, id)?.owner
  }

  private func metadata(_ kind: ObjectKind, _ id: UInt32) -> ProgramMetadata? {
    switch kind {
    case .map: nil
    case .program: ownership.programsByID[id]?.metadata
    case .link:
      ownership.linksByID[id].flatMap { ownership.programsByID[$0.programID] }?.metadata
    }
  }

  private func isElsewhere(_ kind: ObjectKind, _ id: UInt32) -> Bool {
    metadata(kind, id).map { $0.bpffsDevice != host.bpffsDevice } ?? false
  }

  /// Whose default pin a path is, and for what.
  private func ownersPin(_ path: String) -> (owner: String, address: Address)? {
    guard let slash = ownership.root.lastIndex(of: "/") else { return nil }
    let owners = String(ownership.root[..<slash])
    guard PinPath.isBelow(owners, path) else { return nil }
    let rest = path.dropFirst(owners.count + 1)
    guard let end = rest.firstIndex(of: "/") else { return nil }
    let owner = String(rest[..<end])
    return PinPath.address(of: path, root: "\(owners)/\(owner)").map { (owner, $0) }
  }

  // MARK: Ways out

  /// What can be done about an object that stands where `address` is to be.
  func waysOut(
    of address: Address, _ kind: ObjectKind, _ id: UInt32, at path: String? = nil
  ) -> [String] {
    var ways = release(kind, id)
    let places = ([path] + (foreign(kind, id)?.pins ?? [])).compactMap(\.self)
    if ways.isEmpty, let adopt = adoption(by: address, kind, at: places.first) {
      ways.append(adopt)
    }
    if case .map(let ref) = address, kind == .map, let place = places.first {
      ways.append("use it and leave it to its owner: external: \(place) on maps.\(ref)")
    }
    return ways
  }

  /// An object of another manifest is given up there first.
  private func release(_ kind: ObjectKind, _ id: UInt32) -> [String] {
    for path in foreign(kind, id)?.pins ?? [] {
      guard let (owner, address) = ownersPin(path), owner != ownership.owner else { continue }
      return ["give it up first: forget: [\(address)] in the manifest of '\(owner)'"]
    }
    guard let owner = holder(kind, id), owner != ownership.owner || isElsewhere(kind, id) else {
      return []
    }
    return ["give it up first: forget: in the manifest of '\(owner)'"]
  }

  private func adoption(by address: Address, _ kind: ObjectKind, at path: String?) -> String? {
    guard isFree(address) else { return nil }
    switch (address, kind, path) {
    case (.map(let ref), .map, let path?):
      return "take it over: adopt: \(path) on maps.\(ref)"
    case (.program(let ref), .program, let path?):
      return "take it over: adopt: \(path) on programs.\(ref)"
    case (.attachment(let name, _), .link, let path?):
      return "take it over: adopt: \(path) on attachments.\(name)"
    case (.attachment(let name, _), .link, nil):
      return "take it over: pin its link, and adopt: that pin on attachments.\(name)"
    case (.attachment(let name, _), .program, _):
      return "take it over: adopt: true on attachments.\(name)"
    default: return nil
    }
  }

  private func isFree(_ address: Address) -> Bool {
    switch address {
    case .map: ownership.isFree(address, .map)
    case .program: ownership.isFree(address, .program)
    case .attachment: ownership.isFree(address, .link)
    case .pin: true
    }
  }
}

// MARK: Adoption

extension Situation {
  /// The draft of a live object that is taken over.
  func adopt(_ draft: inout Draft) {
    guard let adoption = ownership.adoptions[draft.address] else { return }
    draft.change.adopts = adoption
    let programs = goals.values.filter { goal in
      if case .map(let ref) = draft.address { return goal.bindings.values.contains(ref) }
      return false
    }.map(\.address).sorted()
    let source = adoption.path ?? programs.first { ownership.adoptions[$0] != nil }?.description
    draft.become(
      .adopt,
      because: adoption.path == nil
        ? "it comes with \(source ?? "its program")" : "it is pinned at \(source ?? "")")
    refuseOthers(adoption, at: adoption.path, &draft)
  }

  /// What another manifest owns is not taken.
  func refuseOthers(_ adoption: Adoption, at path: String?, _ draft: inout Draft) {
    guard let owner = holder(adoption.kind, adoption.id), owner != ownership.owner else { return }
    draft.change.blocks.append(
      Block(
        code: "owned-by-other",
        message: "\(path ?? "the \(adoption.kind.rawValue)") belongs to '\(owner)', "
          + "which bpfapply manages as well",
        hints: waysOut(of: draft.address, adoption.kind, adoption.id, at: path)
          + ["remove adopt: from \(draft.address.section)"]))
  }

  /// Nothing that could be taken over is where the manifest says.
  func refuseMissing(_ path: String?, _ kind: ObjectKind, _ draft: inout Draft) {
    guard let path, isFree(draft.address), ownership.adoptions[draft.address] == nil else { return }
    let there = ownership.pin(at: path)
    draft.change.blocks.append(
      Block(
        code: "adopt-missing",
        message: there.map {
          "the pin \(path) is of a \($0.kind.rawValue), not of a \(kind.rawValue)"
        }
          ?? "nothing is pinned at \(path), which \(draft.address) is to adopt",
        hints: [
          "correct adopt: of \(draft.address.section)",
          "remove adopt: to have it made anew",
        ]))
  }
}

extension Address {
  /// As the manifest names it: "maps.fw/blocklist".
  var section: String {
    switch self {
    case .map(let ref): "maps.\(ref)"
    case .program(let ref): "programs.\(ref)"
    case .attachment(let name, _): "attachments.\(name)"
    case .pin(let name): "pins.\(name)"
    }
  }
}
