import Planning

/// Pins: made under `next/`, exchanged into place, what they displaced removed at the end.
extension Execution {
  func stagePin(_ address: Address) throws(KernelFailure) {
    let pin = try pinSpec(for: address)
    let path = stagingPath(address)
    // An interrupted apply's staging may still be there; it is not what we are about to publish.
    if pins[path] != nil { try removePin(path) }
    try stageBase(of: address)
    try place(object(for: address), live: nil, at: path, like: pin)
    try journalMigration(of: address)
  }

  func publishPin(_ address: Address) throws(KernelFailure) {
    let pin = try pinSpec(for: address)
    try exchange(stagingPath(address), with: pin.path)
  }

  func restorePin(_ address: Address, id: UInt32) throws(KernelFailure) {
    guard let kind = kind(of: address) else { throw missing(address) }
    let pin = try pinSpec(for: address)
    let path = stagingPath(address)
    if pins[path] != nil { try removePin(path) }
    try place(open(kind, id), live: LiveObject(kind: kind, id: id), at: path, like: pin)
    try exchange(path, with: pin.path)
  }

  func movePin(_ source: String, to path: String) throws(KernelFailure) {
    try exchange(source, with: path)
    try removeDirectories(above: source)
  }

  func setPinAttributes(_ address: Address) throws(KernelFailure) {
    let pin = try pinSpec(for: address)
    let old = pins[pin.path]?.attributes
    try kernel.setPinAttributes(pin)
    pins[pin.path]?.attributes = pin
    guard let old, old != pin else { return }
    journal.record(currentStep, "mode and owner of \(pin.path)") {
      [self] () throws(KernelFailure) in
      try kernel.setPinAttributes(old)
      pins[pin.path]?.attributes = old
    }
  }

  /// Unpins what is at the path, holding it so that it can be pinned again.
  func removePin(_ path: String) throws(KernelFailure) {
    guard let old = pins[path] else {
      try kernel.removePin(path)
      return
    }
    let object = try hold(old)
    try kernel.removePin(path)
    pins[path] = nil
    journal.record(currentStep, "removal of the pin \(path)") { [self] () throws(KernelFailure) in
      _ = try kernel.makeDirectories(for: path, root: desired.root)
      try pinAgain(object, old, at: path)
    }
    try removeDirectories(above: path)
  }

  /// Removes what publishing displaced, and the empty directories of `next/`.
  func sweepStaging() throws(KernelFailure) {
    let paths = pins.keys.filter { PinPath.isBelow(PinPath.stagingRoot(desired.root), $0) }
    // As long as a map is there that was replaced, so is what tells what of it was carried over.
    let isBase = { [root = desired.root] in PinPath.isBase($0, root: root) }
    for path in paths.filter({ !isBase($0) }).sorted() + paths.filter(isBase).sorted() {
      guard pins[path]?.object != nil || displaced.contains(path) else { continue }
      try removePin(path)
    }
    var directories = Set(staged.map(PinPath.parent))
    if observed.inventory?.state == .intent {
      // An interrupted apply may have left some; they are not seen, but it is known where they
      // would be.
      let addresses = declaredAddresses + (observed.inventory?.resources.keys.sorted() ?? [])
      for address in addresses {
        for path in [
          PinPath.staging(of: address, root: desired.root),
          PinPath.base(0, of: address, root: desired.root),
          PinPath.unmerged(0, of: address, root: desired.root),
        ] { directories.insert(PinPath.parent(path)) }
      }
      directories.insert(PinPath.stagingRoot(desired.root))
      try sweepFormerPlaces()
    }
    for directory in directories.sorted(by: >) {
      try kernel.removeEmptyDirectories(from: directory, upTo: desired.root)
    }
  }

  /// Directories of pins that an interrupted apply removed, if it came no further.
  private func sweepFormerPlaces() throws(KernelFailure) {
    var paths: Set<String> = []
    for resource in observed.inventory?.resources.values ?? [:].values {
      for record in [resource.current, resource.next] {
        if case .text(let path) = record?.spec["pin.path"], pins[path] == nil {
          paths.insert(path)
        }
      }
    }
    for path in paths.sorted(by: >) { try removeDirectories(above: path) }
  }

  // MARK: Pieces

  private func stagingPath(_ address: Address) -> String {
    PinPath.staging(of: address, root: desired.root)
  }

  /// Pins the object at a staging path with the attributes that it will have.
  func place(
    _ object: K.Object, live: LiveObject?, at path: String, like pin: PinSpec
  ) throws(KernelFailure) {
    try makeDirectories(for: path)
    staged.insert(path)
    try kernel.pin(object, at: path)
    var attributes = PinSpec(path: path)
    pins[path] = Pinned(object: object, live: live, attributes: attributes)
    journal.record(currentStep, "pin \(path)") { [self] () throws(KernelFailure) in
      try kernel.removePin(path)
      pins[path] = nil
    }
    attributes.mode = pin.mode
    attributes.owner = pin.owner
    attributes.group = pin.group
    if attributes != PinSpec(path: path) { try kernel.setPinAttributes(attributes) }
    pins[path]?.attributes = attributes
  }

  private func exchange(_ source: String, with path: String) throws(KernelFailure) {
    try makeDirectories(for: path)
    let expected = pins[path]
    // Held before it is displaced: its last pin may be what keeps it alive.
    if let expected { _ = try hold(expected) }
    let wasThere = try kernel.exchangePin(source, with: path)
    swapPins(source, path)
    if wasThere { displaced.insert(source) }
    journal.record(currentStep, "pin \(path)") { [self] () throws(KernelFailure) in
      // The end of the apply may have swept them away.
      _ = try kernel.makeDirectories(for: source, root: desired.root)
      _ = try kernel.exchangePin(path, with: source)
      swapPins(source, path)
      displaced.remove(source)
    }
    if wasThere != (expected != nil) {
      throw KernelFailure(
        operation: "rename", subject: path,
        message: wasThere
          ? "something was pinned at \(path) since the plan was made"
          : "what was pinned at \(path) when the plan was made is gone",
        hints: ["plan again"])
    }
  }

  private func swapPins(_ left: String, _ right: String) {
    let first = pins[left]
    let second = pins[right]
    pins[left] = second
    pins[right] = first
    pins[left]?.attributes.path = left
    pins[right]?.attributes.path = right
  }

  func pinAgain(_ object: K.Object, _ old: Pinned, at path: String) throws(KernelFailure) {
    try kernel.pin(object, at: path)
    pins[path] = old
    pins[path]?.object = object
    if old.attributes != PinSpec(path: path) { try kernel.setPinAttributes(old.attributes) }
  }

  private func hold(_ pinned: Pinned) throws(KernelFailure) -> K.Object {
    if let object = pinned.object { return object }
    guard let live = pinned.live else {
      throw KernelFailure(
        operation: "BPF_OBJ_GET", subject: pinned.attributes.path,
        message: "nothing is known of what is pinned there")
    }
    return try open(live.kind, live.id)
  }

  // MARK: Directories

  func makeDirectories(for path: String) throws(KernelFailure) {
    let new = try kernel.makeDirectories(for: path, root: desired.root)
    guard let first = new.first, let last = new.last else { return }
    if !isOurs(path) { madeDirectories += new }
    journal.record(currentStep, "directory \(first)") { [self] () throws(KernelFailure) in
      try kernel.removeEmptyDirectories(from: last, upTo: PinPath.parent(first))
      madeDirectories.removeAll { new.contains($0) }
    }
  }

  /// Directories that lead to the path, as far as they are empty and were made by us.
  private func removeDirectories(above path: String) throws(KernelFailure) {
    let parent = PinPath.parent(path)
    if isOurs(path) {
      try kernel.removeEmptyDirectories(from: parent, upTo: desired.root)
      return
    }
    let ours = (observed.inventory?.directories ?? []) + madeDirectories
    guard ours.contains(parent) else { return }
    var outermost = parent
    while ours.contains(PinPath.parent(outermost)) {
      outermost = PinPath.parent(outermost)
    }
    try kernel.removeEmptyDirectories(from: parent, upTo: PinPath.parent(outermost))
  }

  func isOurs(_ path: String) -> Bool { PinPath.isBelow(desired.root, path) }
}

extension PinPath {
  /// The directory that the path is in.
  static func parent(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }
}
