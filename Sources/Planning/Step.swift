/// One thing that an apply does. Plans hold them in order; each is executed once, and everything
/// from `writeIntent` on is journaled with its undo.
public enum Step: Hashable, Sendable, Codable {
  // Staging: unpinned, invisible, gone with the process.

  /// Create the map with the desired spec, fill it with its entries (values that are bytes, maps
  /// or, for prog arrays, programs) and freeze it if it is read-only data or `freeze` is asked for.
  case createMap(ref: String)
  /// Fill the slots of a new prog array or map of maps once their targets are loaded, then freeze it
  /// if that is asked for. For a devmap or cpumap this comes after `writeIntent`: the programs in it
  /// would keep it alive if the apply were killed.
  case fillReferences(ref: String)
  /// Load the program bound to the maps as planned, and bind the owner's metadata to it.
  case loadProgram(ref: String)
  /// Copy what is in the live map into the new one, and remember what was copied. Undone, what
  /// programs wrote to the new map goes back into the old one.
  case copyEntries(ref: String, source: UInt32)
  /// Run the program's tests, on a second load with maps of its own.
  case testProgram(ref: String)

  // Commit: visible, journaled.

  case writeIntent
  /// Pin the new object under `next/` in the owner's directory, with the mode and owner that it is
  /// to have. With a map that another's contents were copied into, what was copied is pinned.
  case stagePin(Address)
  /// Attach: create the link (staged as a descriptor until it is pinned).
  case createLink(Address)
  /// Swap the program of the live link, if it still runs `expectedProgram`.
  case updateLink(Address, link: UInt32, expectedProgram: UInt32)
  /// Detach the live link and create a new one: the hook is empty in between.
  case recreateLink(Address, link: UInt32?)
  /// Take a program off the hook that is attached there without a link; the address's new link takes
  /// its place.
  case detachLegacy(Address, program: UInt32)
  /// Put what is pinned under `next/` in its final place, exchanging it with what is there.
  case publishPin(Address)
  /// Pin again an object that is alive but whose pin is gone or is another object's, with mode and
  /// owner.
  case restorePin(Address, id: UInt32)
  /// Rename a pin of ours, below the owner's directory.
  case movePin(Address, from: String, to: String)
  /// Write, replace and delete the entries named in the address's change.
  case changeEntries(ref: String)
  case setPinAttributes(Address)
  /// Last, since it has no undo.
  case freezeMap(ref: String)

  // Prune.

  case detachLink(Address, link: UInt32)
  /// Delete the program values of a devmap or cpumap, which would keep themselves alive.
  case clearReferences(Address)
  /// Once no program writes to the old map any more: carry over what changed since it was copied.
  case mergeEntries(ref: String, source: UInt32)
  /// The same after an interrupted apply: what its base does not have yet is carried over. Where nobody
  /// knows what was copied, it is the keys that are missing.
  case completeMigration(ref: String, UnfinishedMigration)
  case removePin(Address, path: String)
  /// Leftovers below the owner's directory that nothing claims (an interrupted apply's staging).
  case removeLeftover(path: String)
  case writeFinal
  /// Remove the inventory and the owner's directories: nothing is left to own.
  case removeInventory
}

extension Step {
  /// The resource that the step works on; nil for those on the inventory and on leftovers.
  public var address: Address? {
    switch self {
    case .createMap(let ref), .fillReferences(let ref), .changeEntries(let ref),
      .freezeMap(let ref), .copyEntries(let ref, _), .mergeEntries(let ref, _),
      .completeMigration(let ref, _):
      .map(ref)
    case .loadProgram(let ref), .testProgram(let ref): .program(ref)
    case .stagePin(let address), .createLink(let address), .updateLink(let address, _, _),
      .recreateLink(let address, _), .publishPin(let address), .restorePin(let address, _),
      .setPinAttributes(let address), .detachLink(let address, _), .clearReferences(let address),
      .removePin(let address, _), .movePin(let address, _, _), .detachLegacy(let address, _):
      address
    case .writeIntent, .removeLeftover, .writeFinal, .removeInventory: nil
    }
  }
}
