/// What a rename looks like to a plan that was not told of it, and what stands against one that was.
struct MoveHints {
  let situation: Situation

  /// A delete and a create of one kind and one spec: perhaps it only has another name now.
  func notes(_ drafts: [Draft]) -> [Note] {
    let created = drafts.filter { $0.change.action == .create && $0.last == nil }
    return drafts.filter { $0.change.action == .delete }.compactMap { old in
      let twin = created.first { new in
        old.address.isSameKind(as: new.address) && old.last?.spec.essence == new.goal?.spec.essence
      }
      guard let twin else { return nil }
      return Note(
        code: "perhaps-moved", address: old.address,
        message: "\(twin.address) is made with the same spec; if it is only another name, "
          + "moved: {\(old.address): \(twin.address)} keeps what is there")
    }
  }

  /// The manifest has it moved to an address that is applied already.
  func refuseTaken(_ drafts: inout [Address: Draft]) {
    for move in situation.ownership.moves {
      for address in drafts.keys.sorted() where move.from.covers(address) {
        let target = move.to.renaming(address)
        let isLost = situation.ownership.inventory == nil
        guard drafts[address]?.change.action == .delete, isLost || situation.last(target) != nil
        else { continue }
        drafts[address]?.change.blocks.append(
          Block(
            code: "moved-taken",
            message: isLost
              ? "the inventory, which \(address) would be moved in, is lost"
              : "\(target) is applied already, so that \(address) cannot move there",
            hints: [
              isLost
                ? "apply it once under the name \(address)"
                : "forget: [\(address)] to leave it in the kernel",
              "remove it from moved: to have \(address) deleted",
            ]))
      }
    }
  }

  /// What was applied under another name says so.
  func mark(_ drafts: inout [Address: Draft]) {
    for (address, origin) in situation.ownership.origins {
      guard drafts[address]?.last != nil else { continue }
      drafts[address]?.change.movedFrom = origin
      drafts[address]?.reasons.insert("it was \(origin)", at: 0)
      drafts[address]?.become(.update)
    }
  }
}

extension Spec {
  /// Without what follows from the name.
  fileprivate var essence: Spec {
    Spec(fields.filter { !$0.key.hasPrefix("pin.") && $0.key != "target" })
  }
}

extension Address {
  fileprivate func isSameKind(as other: Address) -> Bool {
    switch (self, other) {
    case (.map, .map), (.program, .program), (.attachment, .attachment): true
    // A pin is nothing but its path.
    default: false
    }
  }
}
