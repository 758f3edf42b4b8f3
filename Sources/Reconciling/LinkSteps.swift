import BPFObject
import Planning

internal import struct BPFKernel.Errno

/// Links: created, swapped in place, and attached again when that has to be undone.
extension Execution {
  func createLink(_ address: Address) throws(KernelFailure) {
    guard let attachment = attachments[address] else { throw missing(address) }
    let program = try object(for: attachment.subject)
    if let filter = attachment.hook.filter { return try createFilter(address, filter, program) }
    let link: K.Object
    do throws(KernelFailure) {
      if let target = attachment.hook.target {
        link = try kernel.createLink(program, to: attachment, on: object(of: target))
      } else {
        link = try attachWhereItIs(program, attachment)
      }
    } catch {
      guard attachment.isSelected, error.isErrno(.noDevice) else { throw error.about(address) }
      vanished.insert(address)
      return
    }
    made[address] = link
    journal.record(currentStep, "\(address)") { [self] () throws(KernelFailure) in
      _ = try kernel.detach(link)
      made[address] = nil
    }
  }

  /// An interface that vanishes between the look at it and the call is EINVAL for some kinds of links;
  /// a second look finds it missing (ENODEV).
  private func attachWhereItIs(
    _ program: K.Object, _ attachment: DesiredAttachment
  ) throws(KernelFailure) -> K.Object {
    do throws(KernelFailure) {
      return try attach(program, attachment)
    } catch {
      guard attachment.isSelected, error.isErrno(.invalid) else { throw error }
      return try attach(program, attachment)
    }
  }

  /// In its place where somebody asks for an order on the hook.
  private func attach(
    _ program: K.Object, _ attachment: DesiredAttachment
  ) throws(KernelFailure) -> K.Object {
    guard let neighbours = changes[attachment.address]?.neighbours else {
      return try kernel.createLink(program, to: attachment)
    }
    var failure: KernelFailure?
    for position in positions(neighbours) {
      do throws(KernelFailure) {
        return try kernel.createLink(program, to: attachment, at: position)
      } catch {
        // A neighbour that went meanwhile (ENOENT), or that is in the other list of a cgroup's
        // (EINVAL): the next one.
        guard error.isErrno(.noEntry) || error.isErrno(.invalid) else { throw error }
        failure = error
      }
    }
    if let failure, !failure.isErrno(.noEntry) { throw failure }
    return try kernel.createLink(program, to: attachment)
  }

  private func positions(_ neighbours: LinkNeighbours) -> [LinkPosition] {
    if neighbours.isFirst { return [.first] }
    if neighbours.isLast { return [.last] }
    /// What stands on the hook now. A link that is attached anew, and is not yet, does not count:
    /// it has its old place.
    func link(_ address: Address) -> UInt32? {
      if let link = made[address] { return link.id }
      guard let change = changes[address], change.action != .replace, change.action != .create
      else {
        return nil
      }
      return change.liveID
    }
    func position(
      _ neighbour: LinkNeighbours.Neighbour, _ side: (UInt32) -> LinkPosition,
      _ programSide: (UInt32) -> LinkPosition
    ) -> LinkPosition? {
      switch neighbour {
      case .link(let id): side(id)
      case .program(let id): programSide(id)
      case .attachment(let address): link(address).map(side)
      }
    }
    return neighbours.behind.compactMap {
      position($0, LinkPosition.behind(link:), LinkPosition.behindProgram)
    }
      + neighbours.before.compactMap {
        position($0, LinkPosition.before(link:), LinkPosition.beforeProgram)
      }
  }

  func updateLink(_ address: Address, link id: UInt32, expectedProgram: UInt32)
    throws(KernelFailure)
  {
    guard let attachment = attachments[address] else { throw missing(address) }
    let program = try object(for: attachment.subject)
    if let filter = seen(link: id)?.filter {
      return try replaceFilter(address, filter, expectedProgram, by: program)
    }
    let link = try open(.link, id)
    let old = try open(attachment.subject.isMap ? .map : .program, expectedProgram)
    do throws(KernelFailure) {
      try kernel.updateLink(link, to: program, expected: old)
    } catch {
      // Its interface is gone (ENOLINK); the link stays as dead as it is, and the next plan removes it.
      guard attachment.isSelected, error.isErrno(.noLink) else { throw error.about(address) }
      vanished.insert(address)
      return
    }
    journal.record(currentStep, "program of \(address)") { [kernel] () throws(KernelFailure) in
      try kernel.updateLink(link, to: old, expected: program)
    }
  }

  func recreateLink(_ address: Address, link id: UInt32?) throws(KernelFailure) {
    if let id {
      if attachments[address]?.hook.isLeftByUnpinning == true {
        try releaseLink(address, id)
      } else {
        try detachLink(address, id)
      }
    }
    try createLink(address)
  }

  /// Detaches a live link. Undoing attaches its program again where it was, by a new link that takes
  /// over the old one's pins.
  func detachLink(_ address: Address, _ id: UInt32) throws(KernelFailure) {
    if let seen = seen(link: id), let filter = seen.filter {
      return try detachFilter(address, filter, seen.programID)
    }
    let link = try open(.link, id)
    guard let seen = seen(link: id), !seen.isDefunct else {
      // Detached behind our back: there is nothing to put back.
      _ = try kernel.detach(link)
      return
    }
    let program = try open(seen.subjectKind, seen.subjectID)
    let former = formerAttachment(link: id)
    let positions = positions(of: id)
    let map = try seen.hookTarget.map { target throws(KernelFailure) in
      try open(target.kind, target.id)
    }
    // A kind without LINK_DETACH stays attached for as long as it is held here.
    guard try kernel.detach(link) else { return }
    journal.record(currentStep, "link \(id)") { [self] () throws(KernelFailure) in
      guard let former else {
        throw KernelFailure(
          operation: "BPF_LINK_CREATE", subject: "link \(id)",
          message: "where it was attached is not recorded")
      }
      let here = positions.map { $0.renumbered(reattached) }
      let again =
        if let map {
          try kernel.createLink(program, to: former, on: map)
        } else {
          try kernel.createLink(program, to: former, at: here)
        }
      try takeOver(again, from: id, address)
    }
  }

  /// Takes off what somebody else attached without a link. Undoing puts it back where it was.
  func detachLegacy(_ address: Address, _ id: UInt32) throws(KernelFailure) {
    guard let attachment = attachments[address],
      let hook = observed.hooks.first(where: { $0.hook.place == attachment.hook.place })
    else { throw missing(address) }
    let program = try open(.program, id)
    do throws(KernelFailure) {
      try kernel.detach(program, from: hook)
    } catch {
      throw error.about(address)
    }
    journal.record(currentStep, "program \(id) of \(address)") {
      [kernel] () throws(KernelFailure) in
      try kernel.attach(program, to: hook)
    }
  }

  /// The new link replaces the old one in the inventory and at its pins. Killed at any point, it is
  /// either gone, or pinned below `next/`, or claimed by the intent.
  func takeOver(_ link: K.Object, from id: UInt32, _ address: Address)
    throws(KernelFailure)
  {
    reattached[id] = link.id
    let old = LiveObject(kind: .link, id: id)
    let new = LiveObject(kind: .link, id: link.id)
    opened[new] = link
    let paths = pins.keys.filter { pins[$0]?.live == old }.sorted()
    guard !paths.isEmpty else { return }

    let staging = PinPath.staging(of: address, root: desired.root)
    _ = try kernel.makeDirectories(for: staging, root: desired.root)
    try kernel.pin(link, at: staging)
    try claim(new, besides: id)
    for (index, path) in paths.enumerated() {
      guard var pinned = pins[path] else { continue }
      if index > 0 { try kernel.pin(link, at: staging) }
      _ = try kernel.exchangePin(staging, with: path)
      pinned.live = new
      pinned.object = link
      pins[path] = pinned
      if pinned.attributes != PinSpec(path: path) { try kernel.setPinAttributes(pinned.attributes) }
      try kernel.removePin(staging)
    }
    try kernel.removeEmptyDirectories(from: PinPath.parent(staging), upTo: desired.root)
  }

  /// Writes down that the link may be found in the place of the one with that id.
  private func claim(_ new: LiveObject, besides id: UInt32) throws(KernelFailure) {
    guard var inventory = written else { return }
    for (address, resource) in inventory.resources {
      guard kind(recorded: address) == .link, var next = resource.current, next.id == id else {
        continue
      }
      next.id = new.id
      inventory.resources[address]?.next = next
    }
    inventory.state = .intent
    try write(inventory)
  }

  /// An attachment, or a pin (whose target may not be declared any more).
  private func kind(recorded address: Address) -> ObjectKind? {
    switch address {
    case .attachment: .link
    case .pin:
      if let path = ownership.inventory?.resources[address]?.current?.spec["pin.path"],
        case .text(let path) = path
      {
        observed.pins.first { $0.path == path }?.kind
      } else {
        nil
      }
    case .map, .program: nil
    }
  }

  /// The attachment as it was applied: from the inventory, else from the hook that lists the link.
  func formerAttachment(link id: UInt32) -> DesiredAttachment? {
    for (address, resource) in ownership.inventory?.resources ?? [:] {
      guard case .attachment(let name, let instance) = address else { continue }
      for record in [resource.current, resource.next] {
        guard let record, record.id == id, let hook = Hook(spec: record.spec) else { continue }
        var attachment = DesiredAttachment(
          name: name, instance: instance, program: "", hook: hook, pin: PinSpec(path: ""))
        if case .number(let cookie) = record.spec["cookie"] { attachment.cookie = cookie }
        attachment.preorder = record.spec["preorder"] == true
        return attachment
      }
    }
    guard let hook = observed.hooks.first(where: { $0.occupants.contains { $0.linkID == id } })
    else { return nil }
    var place = hook.hook
    if case .xdp(let interface, _) = place, let mode = hook.xdpMode {
      place = .xdp(interface: interface, mode: mode)
    }
    return DesiredAttachment(
      name: "link \(id)", instance: nil, program: "", hook: place, pin: PinSpec(path: ""))
  }
}

extension ObservedLink {
  /// What it was attached to is gone, or it was detached.
  var isDefunct: Bool {
    switch target {
    case .interface(let index, _): index == 0
    case .cgroup(let id, _): id == 0
    case .networkNamespace(let inode, _): inode == 0
    case .map(let id), .socketMap(let id, _): id == 0
    default: false
    }
  }
}

extension Address {
  fileprivate var isMap: Bool { if case .map = self { true } else { false } }
}
