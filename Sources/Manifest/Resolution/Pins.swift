internal import BPFObject
internal import Planning

extension Resolver {
  func defaultPin(_ address: Address) -> PinSpec {
    PinSpec(
      path: PinPath.path(of: address, root: root), owner: account.user, group: account.group)
  }

  mutating func resolvePins(_ accounts: some AccountNames) {
    for pin in manifest.pins {
      guard let target = target(of: pin) else { continue }
      let owner = accounts.user(pin.owner.value)
      let group = accounts.group(pin.group.value)
      if owner == nil {
        log.error("unknown-account", "there is no user '\(pin.owner.value)'", at: pin.owner.at)
      }
      if group == nil {
        log.error("unknown-account", "there is no group '\(pin.group.value)'", at: pin.group.at)
      }
      guard let owner, let group else { continue }
      var desired = DesiredPin(
        name: pin.name.value, target: target,
        pin: PinSpec(path: pin.path.value, mode: pin.mode, owner: owner, group: group))
      desired.location = location(pin.name.at)
      pins.append(desired)
    }
  }

  private func target(of pin: Manifest.Pin) -> Address? {
    switch pin.target.value {
    case .map(let ref):
      // A map that is bound to another is that one.
      guard let (object, name) = Self.parts(ref) else { return .map(ref) }
      return boundRef(object, name).map { .map($0) }
    case .attachment(let name, nil):
      // With a single instance it need not be named.
      let found = attachments.filter { $0.name == name }
      return found.count == 1 ? found[0].address : nil
    case .program, .attachment, .pin: return pin.target.value
    }
  }

  /// No pin may be where another's directory has to be.
  mutating func checkPinPaths() {
    var owners: [String: (address: Address, location: SourceLocation?)] = [:]
    var all: [(path: String, address: Address, location: SourceLocation?)] = []
    for map in maps.values where map.external == nil {
      all.append((map.pin.path, .map(map.ref), map.location))
    }
    all += programs.values.map { ($0.pin.path, .program($0.ref), $0.location) }
    all += attachments.map { ($0.pin.path, $0.address, $0.location) }
    all += pins.map { ($0.pin.path, .pin($0.name), $0.location) }
    all.sort { ($0.path, $0.address) < ($1.path, $1.address) }
    for entry in all {
      let path = entry.path.withSingleSlashes
      if let other = owners[path] {
        conflict(entry.address, entry.location, with: other, "have the same pin, \(path)")
      } else {
        owners[path] = (entry.address, entry.location)
      }
    }
    // Directories above which nothing is pinned: most pins share them.
    var clear: Set<Substring> = []
    for entry in all {
      var parent = entry.path[...]
      var above: [Substring] = []
      while let slash = parent.lastIndex(of: "/"), slash != parent.startIndex {
        parent = parent[..<slash]
        if clear.contains(parent) { break }
        if let other = owners[String(parent)] {
          conflict(
            entry.address, entry.location, with: other,
            "cannot both be pinned: \(parent) would be a pin and a directory")
          above = []
          break
        }
        above.append(parent)
      }
      clear.formUnion(above)
    }
  }

  private mutating func conflict(
    _ address: Address, _ location: SourceLocation?,
    with other: (address: Address, location: SourceLocation?), _ message: String
  ) {
    log.add(
      Diagnostic(
        code: "pin-conflict", message: "\(other.address) and \(address) \(message)",
        location: location,
        related: other.location.map { [.init(message: "the other one", location: $0)] } ?? []))
  }
}

extension String {
  /// The path as the kernel takes it.
  fileprivate var withSingleSlashes: String {
    guard contains("//") || hasSuffix("/") else { return self }
    return "/" + split(separator: "/").joined(separator: "/")
  }
}
