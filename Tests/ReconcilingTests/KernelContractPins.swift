import BPFObject
import Planning
import Reconciling
import Testing

extension KernelContract {
  // MARK: Pins

  func pinning() throws {
    let path = "\(root)/maps/fw/blocklist"
    let made = try kernel.makeDirectories(for: path, root: root)
    #expect(made.suffix(3) == [root, "\(root)/maps", "\(root)/maps/fw"], "outermost first")
    #expect(try kernel.makeDirectories(for: path, root: root).isEmpty, "they are there now")

    var map: K.Object? = try kernel.createMap(
      MapCreation(map: MapSpec(name: "m", type: .array, keySize: 4, valueSize: 4, maxEntries: 1)))
    let id = try #require(map).id
    try kernel.pin(#require(map), at: path)
    expectFailure(17, "a taken path is EEXIST") {
      if let map { try kernel.pin(map, at: path) }
    }
    map = nil
    #expect(try kernel.waitUntilGone([(.map, id)], seconds: 0).count == 1, "the pin keeps it")
    let seen = try observe().pins.first { $0.path == path }
    #expect(seen == ObservedPin(path: path, kind: .map, id: id), "0600, ours")

    try kernel.removeEmptyDirectories(from: "\(root)/maps/fw", upTo: root)
    #expect(try observe().pins.contains { $0.path == path }, "a directory in use stays")
    try kernel.removePin(path)
    try kernel.removePin(path)
    #expect(try kernel.waitUntilGone([(.map, id)], seconds: 2).isEmpty, "unpinned, it goes")
    try removeDirectories(made)
    #expect(
      try kernel.makeDirectories(for: path, root: root) == made, "empty directories were removed")
    try removeDirectories(made)
  }

  func pinExchange() throws {
    let (first, second) = (try load("first", returning: 1), try load("second", returning: 2))
    let (staged, final) = ("\(root)/next/p", "\(root)/p")
    let made = try kernel.makeDirectories(for: staged, root: root)
    try kernel.pin(first, at: staged)
    #expect(try kernel.exchangePin(staged, with: final) == false, "nothing was there")
    try kernel.pin(second, at: staged)
    #expect(try kernel.exchangePin(staged, with: final), "something was there")
    let ids = Dictionary(uniqueKeysWithValues: try observe().pins.map { ($0.path, $0.id) })
    #expect(ids == [final: second.id, staged: first.id], "they changed places")
    expectFailure(2, "a source that is not there is ENOENT") {
      _ = try kernel.exchangePin("\(root)/next/none", with: final)
    }
    try kernel.removePin(staged)
    try kernel.removePin(final)
    try removeDirectories(made)
  }

  func pinAttributes() throws {
    let path = "\(root)/p"
    let made = try kernel.makeDirectories(for: path, root: root)
    try kernel.pin(load("p", returning: 2), at: path)
    let wanted = PinSpec(path: path, mode: 0o640, owner: 0, group: 7)
    try kernel.setPinAttributes(wanted)
    let seen = try observe().pins.first { $0.path == path }
    #expect(seen?.mode == 0o640 && seen?.owner == 0 && seen?.group == 7, "mode and group are set")
    try kernel.removePin(path)
    expectFailure(2, "no pin, no attributes") { try kernel.setPinAttributes(wanted) }
    try removeDirectories(made)
  }

  private func removeDirectories(_ made: [String]) throws {
    let outermost = try #require(made.first)
    let parent = String(outermost[..<(try #require(outermost.lastIndex(of: "/")))])
    try kernel.removeEmptyDirectories(from: #require(made.last), upTo: parent)
  }

  // MARK: Links

  func xdpLinks() throws {
    let hook = Hook.xdp(interface: interface, mode: .generic)
    let (old, new) = (try load("old", returning: 2), try load("new", returning: 1))
    let attachment = Fixture.attachment("x", hook)
    var link: K.Object? = try kernel.createLink(old, to: attachment)
    let id = try #require(link).id
    let seen = try observe(hooks: [.xdp(interface: interface, mode: .auto)])
    let place = try #require(seen.hooks.first)
    #expect(place.occupants.map(\.programID) == [old.id], "the hook runs the program")
    #expect(place.xdpMode == .generic, "in the mode that was asked for")
    let observed = seen.links.first { $0.id == id }
    #expect(observed?.programID == old.id && observed?.type == .xdp, "the link runs the program")
    #expect(
      observed?.target == .interface(index: UInt32(place.targetID), attachType: nil),
      "the link is on the interface")
    expectFailure(16, "a second XDP link is EBUSY") {
      _ = try kernel.createLink(new, to: attachment)
    }
    expectFailure(1, "an unexpected old program is EPERM") {
      if let link { try kernel.updateLink(link, to: new, expected: new) }
    }
    try kernel.updateLink(#require(link), to: new, expected: old)
    #expect(
      try observe().links.first { $0.id == id }?.programID == new.id,
      "the same link, another program")
    #expect(try kernel.detach(#require(link)), "XDP links can be detached")
    #expect(try kernel.detach(#require(link)), "twice is no error")
    #expect(
      try observe().links.first { $0.id == id }?.target == .interface(index: 0, attachType: nil),
      "a detached link is nowhere")
    link = nil
    #expect(try kernel.waitUntilGone([(.link, id)], seconds: 2).isEmpty, "it goes when released")
    let again = try kernel.createLink(old, to: attachment)
    #expect(again.id != id, "the hook is free, the id is new")
    _ = try kernel.detach(again)
  }

  func tcxLinks() throws {
    let hook = Hook.tcx(interface: interface, attachType: .tcxIngress)
    let first = try load("first", returning: 0, type: .schedCls)
    let second = try load("second", returning: -1, type: .schedCls)
    let links = [
      try kernel.createLink(first, to: Fixture.attachment("a", hook)),
      try kernel.createLink(second, to: Fixture.attachment("b", hook)),
    ]
    let place = try observe(hooks: [hook]).hooks.first
    #expect(
      place?.occupants
        == [
          .init(programID: first.id, linkID: links[0].id),
          .init(programID: second.id, linkID: links[1].id),
        ], "in the order of attaching, with their links")
    #expect(place?.revision != nil, "TCX tells its revision")
    expectFailure(17, "a program that is there already is EEXIST") {
      _ = try kernel.createLink(first, to: Fixture.attachment("c", hook))
    }
    for link in links { #expect(try kernel.detach(link), "TCX links can be detached") }
    #expect(try observe(hooks: [hook]).hooks.first?.occupants == [], "the hook is empty again")
  }

  func linksWithoutDetach() throws {
    let hook = Hook.tracepoint(category: "sched", name: "sched_switch")
    let program = try load("traced", returning: 0, type: .tracepoint)
    var link: K.Object? = try kernel.createLink(program, to: Fixture.attachment("t", hook))
    let id = try #require(link).id
    #expect(try kernel.detach(#require(link)) == false, "it goes with its last reference")
    #expect(try observe().links.contains { $0.id == id }, "until then it stays")
    link = nil
    #expect(try kernel.waitUntilGone([(.link, id)], seconds: 2).isEmpty, "released, it goes")
  }

  // MARK: Owner

  func inventory() throws {
    #expect(try observe().inventory == nil, "there is none at first")
    var inventory = Inventory(owner: "contract", manifestPath: "m.yaml", manifestDigest: "00")
    inventory.resources[.map("fw/.rodata")] = InventoryResource(
      current: AppliedResource(spec: Spec(["type": "array"]), id: 7, mergedKeys: ["00"]))
    inventory.resources[.attachment("uplink", instance: "eth0")] = InventoryResource(
      current: AppliedResource(
        spec: Hook.xdp(interface: InterfaceName(name: "eth0"), mode: .native).spec, id: 8))
    inventory.directories = ["/sys/fs/bpf/shared"]
    try kernel.writeInventory(inventory, root: root)
    #expect(try observe().inventory == inventory, "it is read as it was written")
    inventory.state = .intent
    try kernel.writeInventory(inventory, root: root)
    let seen = try observe()
    #expect(seen.inventory == inventory, "it was replaced")
    #expect(
      seen.pins.filter { $0.path != "\(root)/inventory" } == [], "nothing else is left there")
    try kernel.removeInventory(root: root)
    try kernel.removeInventory(root: root)
    #expect(try observe().inventory == nil, "it is gone")
    let made = try kernel.makeDirectories(for: "\(root)/x", root: root)
    #expect(made.last == root, "so was its directory")
    try removeDirectories(made)
  }

  func locking() throws {
    var lock: (any OwnerLock)? = try kernel.lock(owner: "contract", root: root, timeoutSeconds: 0)
    #expect(throws: KernelFailure.self, "one holder at a time") {
      _ = try kernel.lock(owner: "contract", root: root, timeoutSeconds: 0)
    }
    withExtendedLifetime(lock) {}
    lock = nil
    lock = try kernel.lock(owner: "contract", root: root, timeoutSeconds: 0)
    withExtendedLifetime(lock) {}
    lock = nil
    try kernel.removeInventory(root: root)
  }
}
