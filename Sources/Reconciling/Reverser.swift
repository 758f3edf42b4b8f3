import BPFObject
import Planning

/// Makes the host as it was before a change, however far that came. Killed at any point, it can be
/// run again. The caller holds the owner's lock.
struct Reverser<K: Kernel> {
  let kernel: K
  let reversal: Reversal

  private var root: String { reversal.root }

  func run() throws(KernelFailure) {
    let paths = Set(reversal.pins.map(\.path)).union(reversal.places)
    let now = try kernel.observe(
      ObservationScope(owner: reversal.owner, root: root, paths: paths))
    let attached = try putBackLinks(now)
    try putBackFilters()
    try putBackPins(now, attached)
    try putBackEntries()
    try removeNew(now)
    try putBackInventory(now, attached)
    try kernel.noteReversal(owner: reversal.owner, happened: true)
  }

  // MARK: Links

  /// Those that had to be attached again, by the id of before.
  private func putBackLinks(_ now: ObservedState) throws(KernelFailure) -> [UInt32: K.Object] {
    let there = Dictionary(now.links.map { ($0.id, $0) }) { first, _ in first }
    let former = Set(reversal.pins.filter { $0.kind == .link }.map(\.id))
    var new = Set(now.pins.filter { $0.kind == .link }.map(\.id)).subtracting(former).sorted()
    var attached: [UInt32: K.Object] = [:]
    for link in reversal.links {
      let program = try kernel.open(.program, id: link.programID)
      if let seen = there[link.id], !seen.isDefunct {
        guard seen.programID != link.programID else { continue }
        try kernel.updateLink(
          kernel.open(.link, id: link.id), to: program,
          expected: kernel.open(.program, id: seen.programID))
        continue
      }
      do throws(KernelFailure) {
        attached[link.id] = try attach(link, program, attached)
      } catch {
        // What took its place has to go first where the hook holds one.
        guard !new.isEmpty else { throw error }
        try clearAway(new, now)
        new = []
        attached[link.id] = try attach(link, program, attached)
      }
    }
    try detach(new)
    return attached
  }

  private func attach(
    _ link: Reversal.FormerLink, _ program: K.Object, _ attached: [UInt32: K.Object]
  ) throws(KernelFailure) -> K.Object {
    var attachment = DesiredAttachment(
      name: link.name, instance: link.instance, program: "", hook: link.hook,
      pin: PinSpec(path: ""))
    attachment.cookie = link.cookie
    attachment.preorder = link.preorder ?? false
    if let extended = link.extended {
      return try kernel.createLink(
        program, to: attachment, on: kernel.open(.program, id: extended))
    }
    if let map = link.mapID {
      return try kernel.createLink(program, to: attachment, on: kernel.open(.map, id: map))
    }
    return try kernel.createLink(
      program, to: attachment, at: link.positions.map { $0.renumbered(attached.mapValues(\.id)) })
  }

  /// A kind that cannot be detached goes with its pin.
  private func detach(_ links: [UInt32]) throws(KernelFailure) {
    for id in links { _ = try kernel.detach(kernel.open(.link, id: id)) }
  }

  /// Takes links off their hooks, those too that go with their pins only.
  private func clearAway(_ links: [UInt32], _ now: ObservedState) throws(KernelFailure) {
    var left: [(ObjectKind, UInt32)] = []
    for id in links where try !kernel.detach(kernel.open(.link, id: id)) {
      for pin in now.pins where pin.kind == .link && pin.id == id {
        try kernel.removePin(pin.path)
      }
      left.append((.link, id))
    }
    _ = try kernel.waitUntilGone(left, seconds: 2)
  }

  // MARK: Pins

  private func putBackPins(
    _ now: ObservedState, _ attached: [UInt32: K.Object]
  ) throws(KernelFailure) {
    let there = Dictionary(now.pins.map { ($0.path, $0) }) { first, _ in first }
    let staging = "\(PinPath.stagingRoot(root))/reversal"
    for pin in reversal.pins where !PinPath.isBelow(PinPath.stagingRoot(root), pin.path) {
      let object = pin.kind == .link ? attached[pin.id] : nil
      if object == nil, there[pin.path] == pin { continue }
      if object != nil || there[pin.path]?.kind != pin.kind || there[pin.path]?.id != pin.id {
        _ = try kernel.makeDirectories(for: staging, root: root)
        try kernel.removePin(staging)
        if let object {
          try kernel.pin(object, at: staging)
        } else {
          try kernel.pin(kernel.open(pin.kind, id: pin.id), at: staging)
        }
        _ = try kernel.makeDirectories(for: pin.path, root: root)
        _ = try kernel.exchangePin(staging, with: pin.path)
        try kernel.removePin(staging)
      }
      try kernel.setPinAttributes(
        PinSpec(path: pin.path, mode: pin.mode, owner: pin.owner, group: pin.group))
    }
  }

  /// What the change pinned at places where nothing was.
  private func removeNew(_ now: ObservedState) throws(KernelFailure) {
    let former = Set(reversal.pins.map(\.path))
    let inventory = PinPath.inventory(root: root)
    for pin in now.pins where !former.contains(pin.path) && pin.path != inventory {
      if PinPath.isBelow(PinPath.formerRoot(root), pin.path) { continue }
      if pin.kind == .map { try clear(pin.id, now) }
      try kernel.removePin(pin.path)
      if PinPath.isBelow(root, pin.path) {
        try kernel.removeEmptyDirectories(from: PinPath.parent(pin.path), upTo: root)
      }
    }
    try kernel.removeEmptyDirectories(from: PinPath.stagingRoot(root), upTo: root)
    let kept = Set(reversal.inventory?.directories ?? [])
    for directory in (now.inventory?.directories ?? []).reversed() where !kept.contains(directory) {
      try kernel.removeEmptyDirectories(from: directory, upTo: PinPath.parent(directory))
    }
  }

  // MARK: Contents

  private func putBackEntries() throws(KernelFailure) {
    for entries in reversal.entries {
      let map = try kernel.open(.map, id: entries.mapID)
      for key in entries.absent { try kernel.remove(key: key, from: map) }
      for table in entries.plain { try kernel.write(table, to: map) }
      var slots: [MapSlot<K.Object>] = []
      for slot in entries.slots {
        try slots.append(
          MapSlot(
            key: slot.key, value: slot.value, offset: slot.offset,
            target: kernel.open(slot.kind, id: slot.id)))
      }
      try kernel.write(slots, to: map)
    }
  }

  /// Programs in a devmap or cpumap would keep it and themselves alive.
  private func clear(_ id: UInt32, _ now: ObservedState) throws(KernelFailure) {
    guard let type = now.maps.first(where: { $0.id == id })?.type else { return }
    switch type {
    case .devmap, .devmapHash, .cpumap: break
    default: return
    }
    let map = try kernel.open(.map, id: id)
    let contents = try kernel.read(map)
    for row in 0..<contents.count
    where ReferenceSlot(type: type, value: Array(contents.value(row))) != nil {
      try kernel.remove(key: Array(contents.key(row)), from: map)
    }
  }

  // MARK: Inventory

  private func putBackInventory(
    _ now: ObservedState, _ attached: [UInt32: K.Object]
  ) throws(KernelFailure) {
    guard var inventory = reversal.inventory else {
      try kernel.removeInventory(root: root)
      try dropFormer(now.pins)
      // The directory could not go before.
      return try kernel.removeInventory(root: root)
    }
    for (address, resource) in inventory.resources {
      if let id = resource.current?.id, let link = attached[id], address.mayNameLink {
        inventory.resources[address]?.current?.id = link.id
      }
    }
    try kernel.writeInventory(inventory, root: root)
    try dropFormer(now.pins)
  }

  /// What was kept to go back, and what a killed apply staged. The lock is held: nobody works there.
  func dropFormer(_ pins: [ObservedPin]) throws(KernelFailure) {
    for directory in [PinPath.formerRoot(root), PinPath.stagingRoot(root)] {
      for pin in pins where PinPath.isBelow(directory, pin.path) { try kernel.removePin(pin.path) }
      try kernel.removeEmptyDirectories(from: directory, upTo: root)
    }
  }
}

extension Address {
  /// An attachment, or a pin, which may be one's.
  fileprivate var mayNameLink: Bool {
    switch self {
    case .attachment, .pin: true
    case .map, .program: false
    }
  }
}

extension LinkPosition {
  /// With the new ids of links that were attached again.
  func renumbered(_ ids: [UInt32: UInt32]) -> LinkPosition {
    switch self {
    case .behind(let link): .behind(link: ids[link] ?? link)
    case .before(let link): .before(link: ids[link] ?? link)
    case .behindProgram, .beforeProgram, .first, .last: self
    }
  }
}

extension Kernel {
  /// Attaches at the first of the positions that there still is, or at the end.
  func createLink(
    _ program: Object, to attachment: DesiredAttachment, at positions: [LinkPosition]
  ) throws(KernelFailure) -> Object {
    for position in positions {
      do throws(KernelFailure) {
        return try createLink(program, to: attachment, at: position)
      } catch {
        // A neighbour that is gone (ENOENT, ERANGE), or a kernel that knows no order here (EINVAL):
        // the next one.
        guard let number = error.errorNumber, [2, 22, 34].contains(number) else { throw error }
      }
    }
    return try createLink(program, to: attachment)
  }
}
