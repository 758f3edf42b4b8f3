import BPFObject
import FoundationEssentials
import Planning
import Reconciling

extension FakeKernel {
  /// In three calls, like the real one: create the map, pin it beside, rename it over the old one.
  public func writeInventory(_ inventory: Inventory, root: String) throws(KernelFailure) {
    let staged = "\(root)/next/inventory"
    let path = "\(root)/inventory"
    try enter("writeInventory", "create")
    let bytes = try encode(inventory)
    var spec = MapSpec(
      name: "inventory", type: .array, keySize: 4, valueSize: UInt32(bytes.count), maxEntries: 1)
    spec.flags = 1 << 7
    var record = MapRecord(spec: spec)
    record.contents = [[0, 0, 0, 0]: bytes]
    record.frozen = true
    let map = handle(insert(.map, .map(record)))
    var made: [String] = []
    do throws(KernelFailure) {
      try enter("writeInventory", "pin")
      made = try makeParents(of: staged, root: root)
      unpin(staged)
      try place(map.key, at: staged)
      try enter("writeInventory", "rename")
    } catch {
      // A dead process tidies up nothing.
      if !isKilled {
        unpin(staged)
        if let first = made.first, let last = made.last {
          removeEmpty(from: last, upTo: parent(first))
        }
      }
      throw error
    }
    unpin(path)
    pins[path] = pins.removeValue(forKey: staged)
    removeEmpty(from: "\(root)/next", upTo: root)
  }

  public func removeInventory(root: String) throws(KernelFailure) {
    try enter("removeInventory", root)
    unpin("\(root)/inventory")
    removeEmpty(from: root, upTo: FakeKernel.mount)
  }

  public func inventory(root: String) -> Inventory? {
    guard let pin = pins["\(root)/inventory"], let bytes = map(pin.key)?.contents[[0, 0, 0, 0]]
    else { return nil }
    // Ids are not used twice and the map is frozen, so what was read once stays.
    if let known = decoded[pin.key] { return known }
    let inventory = try? JSONDecoder().decode(Inventory.self, from: Data(bytes))
    decoded[pin.key] = inventory
    return inventory
  }

  private func encode(_ inventory: Inventory) throws(KernelFailure) -> [UInt8] {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return Array(try encoder.encode(inventory))
    } catch {
      throw KernelFailure(operation: "encode", subject: "inventory", message: "\(error)")
    }
  }

  public func lock(owner: String, root: String, timeoutSeconds: Int) throws(KernelFailure)
    -> any OwnerLock
  {
    try enter("lock", root, mutating: false)
    if locks[root]?.lock != nil {
      throw KernelFailure(
        operation: "flock", subject: root, message: "another apply of \(owner) is running")
    }
    _ = try makeParents(of: "\(root)/inventory", root: root)
    let lock = FakeLock()
    locks[root] = WeakLock(lock: lock)
    return lock
  }

  /// Objects go at once here, so there is nothing to wait for.
  public func waitUntilGone(_ ids: [(ObjectKind, UInt32)], seconds: Int) throws(KernelFailure)
    -> [(ObjectKind, UInt32)]
  {
    try enter("waitUntilGone", mutating: false)
    return ids.filter { records[Key(kind: Kind($0.0), id: $0.1)] != nil }
  }
}
