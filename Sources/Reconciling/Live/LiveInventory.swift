internal import BPFKernel
internal import BPFObject
internal import FoundationEssentials
public import Planning

/// The owner's inventory: a frozen array of one value, which is its JSON.
extension LiveKernel {
  private static let name = "inventory"

  public func writeInventory(
    _ inventory: Inventory, root: String
  ) throws(KernelFailure) {
    let path = "\(root)/\(Self.name)"
    let staged = "\(root)/next/\(Self.name)"
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(inventory),
      let size = UInt32(exactly: data.count)
    else {
      throw KernelFailure(
        operation: "inventory", subject: path, message: "it cannot be written as JSON")
    }
    let map = try wrap(about: path) { () throws(KernelError) in
      let map = try Map.create(
        MapParameters(
          type: .array, name: Self.name, keySize: 4, valueSize: size, maxEntries: 1))
      try map.update([0, 0, 0, 0], Array(data))
      try map.freeze()
      return map
    }
    _ = try makeDirectories(for: staged, root: root)
    try removePin(staged)
    try pin(LiveObject(map), at: staged)
    // rename(2) and not an exchange: the old inventory goes with its pin.
    guard let from = try place(of: staged), let to = try place(of: path) else {
      throw KernelFailure(
        operation: "rename", subject: path, message: "its directory vanished meanwhile")
    }
    try wrap { () throws(KernelError) in
      try from.directory.rename(from.name, to: to.directory, to.name)
    }
  }

  public func removeInventory(root: String) throws(KernelFailure) {
    try removePin("\(root)/\(Self.name)")
    try removeEmptyDirectories(from: "\(root)/next", upTo: root)
    try removeEmptyDirectories(from: root, upTo: try filesystem(of: root).path)
  }

  /// What the inventory says; nil if there is none. What cannot be read is a failure, which the
  /// observer turns into a limitation.
  func readInventory(root: String) throws(KernelFailure) -> Inventory? {
    let path = "\(root)/\(Self.name)"
    guard let place = try place(of: path),
      let pinned = try wrap({ () throws(KernelError) in try place.directory.open(place.name) })
    else { return nil }
    guard case .map(let map) = pinned, map.info.type == .array,
      let bytes = try wrap({ () throws(KernelError) in try map.lookup([0, 0, 0, 0]) })
    else {
      throw KernelFailure(
        operation: "inventory", subject: path, message: "the pin is not an inventory's map")
    }
    do {
      return try JSONDecoder().decode(Inventory.self, from: Data(bytes))
    } catch let error as DecodingError {
      throw KernelFailure(
        operation: "inventory", subject: path, message: error.reason)
    } catch {
      throw KernelFailure(operation: "inventory", subject: path, message: "\(error)")
    }
  }
}

extension DecodingError {
  /// The decoder's own sentence.
  var reason: String {
    switch self {
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .keyNotFound(_, let context), .dataCorrupted(let context):
      context.debugDescription
    @unknown default: "it is not an inventory"
    }
  }
}
