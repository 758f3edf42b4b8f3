public import BPFObject

/// What was last applied for one owner: the content of the frozen map pinned as `inventory` in its
/// directory (versioned JSON).
///
/// Written whole, twice in an apply: as an intent before the first visible step, and final after
/// the last. What an intent says about `next` is a claim only where it is observed.
public struct Inventory: Hashable, Sendable, Codable {
  public static let currentVersion = 1

  public enum State: String, Hashable, Sendable, Codable { case intent, final }

  public var version: Int
  public var state: State
  public var owner: String
  public var manifestPath: String
  public var manifestDigest: String
  public var toolVersion: String
  /// The user id that applied, and when (seconds since 1970).
  public var userID: UInt32
  public var time: Int64
  public var bootID: String
  /// st_dev of the bpffs that the pins are on.
  public var bpffsDevice: UInt64
  /// Object instances: name → digest of the file.
  public var objects: [String: String]
  /// Directories outside the owner's own that were made for its pins, outermost first; they go when
  /// they are empty.
  public var directories: [String]
  public var resources: [Address: InventoryResource]
  /// Until when what was applied has to be confirmed; nil = it stands.
  public var confirmation: PendingConfirmation?

  public init(owner: String, manifestPath: String, manifestDigest: String) {
    version = Inventory.currentVersion
    state = .final
    self.owner = owner
    self.manifestPath = manifestPath
    self.manifestDigest = manifestDigest
    toolVersion = ""
    userID = 0
    time = 0
    bootID = ""
    bpffsDevice = 0
    objects = [:]
    directories = []
    resources = [:]
  }
}

public struct InventoryResource: Hashable, Sendable, Codable {
  /// As it was before the apply (intent), or is now (final); nil = did not exist.
  public var current: AppliedResource?
  /// What the apply is about to put in place; nil in a final inventory.
  public var next: AppliedResource?
  /// The kernel's ids of what applies before it, interrupted too, had or made for this address, as
  /// far as it is still there; nil = nothing.
  public var remains: [UInt32]?
  /// What was given to maps that replace others, as far as the apply that gave it has not ended; nil =
  /// nothing.
  public var bases: [MigrationBase]?
  /// The specs of other hooks at which they left a filter of this address: nothing but its place
  /// tells where one is. nil = none.
  public var strayPlaces: [Spec]?

  public init(
    current: AppliedResource?, next: AppliedResource? = nil, remains: [UInt32]? = nil
  ) {
    self.current = current
    self.next = next
    self.remains = remains
  }

  /// All specs that say where something of this address may be.
  var specs: [Spec] { [next?.spec, current?.spec].compactMap(\.self) + (strayPlaces ?? []) }

  /// All objects that are ours by this record. An announced link has no id yet.
  public var ids: Set<UInt32> {
    Set(
      [current?.id, next?.id].compactMap(\.self) + (remains ?? []) + (bases ?? []).map(\.map)
    ).subtracting([0])
  }
}

/// A resource as applied: its canonical spec and the kernel's identity for it.
public struct AppliedResource: Hashable, Sendable, Codable {
  public var spec: Spec
  /// The kernel's id of the map, program or link; for a pin, the id of what is pinned. 0 = not
  /// known (a link that an intent announces).
  public var id: UInt32
  /// The tag that the kernel reported (programs).
  public var tag: String?
  /// The keys (hex) that a `merge` policy put there, to be removed when they leave the manifest.
  public var mergedKeys: [String]?
  /// The maps (ids) whose contents are on their way into this one; only in an intent.
  public var migratedFrom: [UInt32]?
  /// How values of a map of the manifest's own are laid out, which nothing in the kernel tells; kept
  /// for maps that are to be migrated.
  public var valueLayout: Layout?

  public init(spec: Spec, id: UInt32, tag: String? = nil, mergedKeys: [String]? = nil) {
    self.spec = spec
    self.id = id
    self.tag = tag
    self.mergedKeys = mergedKeys
  }
}

extension Inventory {
  private enum CodingKeys: String, CodingKey {
    case version, state, owner, manifestPath, manifestDigest, toolVersion, userID, time, bootID
    case bpffsDevice, objects, directories, resources, confirmation
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    version = try container.decode(Int.self, forKey: .version)
    guard version == Inventory.currentVersion else {
      throw DecodingError.dataCorruptedError(
        forKey: .version, in: container,
        debugDescription:
          "inventory version \(version), this build reads \(Inventory.currentVersion)")
    }
    state = try container.decode(State.self, forKey: .state)
    owner = try container.decode(String.self, forKey: .owner)
    manifestPath = try container.decode(String.self, forKey: .manifestPath)
    manifestDigest = try container.decode(String.self, forKey: .manifestDigest)
    toolVersion = try container.decode(String.self, forKey: .toolVersion)
    userID = try container.decode(UInt32.self, forKey: .userID)
    time = try container.decode(Int64.self, forKey: .time)
    bootID = try container.decode(String.self, forKey: .bootID)
    bpffsDevice = try container.decode(UInt64.self, forKey: .bpffsDevice)
    objects = try container.decode([String: String].self, forKey: .objects)
    directories = try container.decodeIfPresent([String].self, forKey: .directories) ?? []
    confirmation = try container.decodeIfPresent(
      PendingConfirmation.self, forKey: .confirmation)
    resources = [:]
    for (text, resource) in try container.decode(
      [String: InventoryResource].self, forKey: .resources)
    {
      guard let address = Address(text) else {
        throw DecodingError.dataCorruptedError(
          forKey: .resources, in: container, debugDescription: "not an address: \(text)")
      }
      resources[address] = resource
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(version, forKey: .version)
    try container.encode(state, forKey: .state)
    try container.encode(owner, forKey: .owner)
    try container.encode(manifestPath, forKey: .manifestPath)
    try container.encode(manifestDigest, forKey: .manifestDigest)
    try container.encode(toolVersion, forKey: .toolVersion)
    try container.encode(userID, forKey: .userID)
    try container.encode(time, forKey: .time)
    try container.encode(bootID, forKey: .bootID)
    try container.encode(bpffsDevice, forKey: .bpffsDevice)
    try container.encode(objects, forKey: .objects)
    try container.encode(directories, forKey: .directories)
    try container.encodeIfPresent(confirmation, forKey: .confirmation)
    var byName: [String: InventoryResource] = [:]
    for (address, resource) in resources { byName[address.description] = resource }
    try container.encode(byName, forKey: .resources)
  }
}
