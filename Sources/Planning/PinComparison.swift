/// What is seen of the pin of a live object, and what it takes to put it right; the same for maps,
/// programs, links and the pins of the manifest's own.
struct PinComparison {
  let situation: Situation
  let address: Address
  let desired: PinSpec
  let last: AppliedResource?
  let kind: ObjectKind
  /// The object that ought to be pinned; nil = a new one of this plan.
  let id: UInt32?
  /// What a pin of the manifest's own is for.
  var resource: Address?

  private var ownership: Ownership { situation.ownership }
  private var atDesired: ObservedPin? { ownership.pin(at: desired.path) }

  private var isRightObject: Bool {
    atDesired.map { $0.kind == kind && $0.id == id } ?? false
  }

  /// Where the object was pinned before. An interrupted apply may have come to either place.
  private var formerPaths: [String] {
    let applied = ownership.inventory?.resources[address]?.current
    return Set([last, applied].compactMap { $0?.spec.text("pin.path") })
      .subtracting([desired.path]).sorted()
  }

  /// The pin at the place where the object was pinned before, if it is still its own.
  private var former: ObservedPin? {
    formerPaths.lazy.compactMap { ownership.pin(at: $0) }.first { $0.kind == kind && $0.id == id }
  }

  /// The pin's part of the observation.
  var observation: Comparison.Observation {
    if let pin = isRightObject ? atDesired : former {
      return .init(
        seen: PinSpec(path: pin.path, mode: pin.mode, owner: pin.owner, group: pin.group).spec,
        unseen: [])
    }
    var seen = Spec()
    if let other = atDesired { seen["pin.path"] = .text(situation.phrase(other)) }
    return .init(seen: seen, unseen: ["pin.mode", "pin.owner", "pin.group"])
  }

  /// What is wrong, in words.
  func reason(for difference: FieldDifference) -> String? {
    guard difference.field.hasPrefix("pin.") else { return nil }
    if difference.field != "pin.path" { return attributeReason(difference) }
    if let other = atDesired { return "its pin is \(situation.phrase(other))" }
    return former == nil ? "its pin is gone" : "its pin moves"
  }

  private func attributeReason(_ difference: FieldDifference) -> String {
    func number(_ value: SpecValue?) -> String {
      guard case .number(let number)? = value else { return "unknown" }
      return difference.field == "pin.mode" ? "0" + String(number, radix: 8) : String(number)
    }
    let (found, wanted) = (number(difference.before), number(difference.after))
    return switch difference.field {
    case "pin.mode": "the mode of its pin is \(found), not \(wanted)"
    case "pin.owner": "its pin belongs to user \(found), not \(wanted)"
    default: "its pin belongs to group \(found), not \(wanted)"
    }
  }

  // MARK: Adoption

  private var isAdopted: Bool { ownership.adoptions[address] != nil }

  /// What is adopted gets a pin of ours beside the one that it has.
  func adopt(in draft: inout Draft) {
    guard isAdopted, let id else { return }
    draft.tasks.insert(.restorePin(id: id))
    placeNew(in: &draft)
  }

  /// That its pin is not there yet is no difference of what is adopted.
  func withoutAdopted(_ differences: [FieldDifference]) -> [FieldDifference] {
    isAdopted ? differences.filter { !$0.field.hasPrefix("pin.") } : differences
  }

  // MARK: Repair

  /// The tasks for the differing fields of a live object's pin.
  func repair(_ differences: [FieldDifference], in draft: inout Draft) {
    let fields = Set(differences.map(\.field).filter { $0.hasPrefix("pin.") })
    guard !fields.isEmpty else { return }
    if fields.contains("pin.path"), atDesired == nil, let former,
      [former.path, desired.path].allSatisfy({ PinPath.isBelow(ownership.root, $0) })
    {
      draft.tasks.insert(.movePin(from: former.path, to: desired.path))
      if fields.count > 1 { draft.tasks.insert(.setPinAttributes) }
    } else if fields.contains("pin.path") {
      if let id { draft.tasks.insert(.restorePin(id: id)) }
      placeNew(in: &draft)
    } else {
      draft.tasks.insert(.setPinAttributes)
    }
  }

  /// A pin is about to be made at the desired path: what stands against it, what follows.
  func placeNew(in draft: inout Draft) {
    for path in formerPaths {
      guard let old = ownership.pin(at: path), old.kind == kind, old.id == (id ?? last?.id) else {
        continue
      }
      draft.tasks.insert(.removePin(path: path))
    }
    guard let other = atDesired, !(other.kind == kind && other.id == (id ?? last?.id)) else {
      // The old pin of a replaced object changes places with the new one.
      if atDesired != nil {
        draft.tasks.insert(.removePin(path: PinPath.staging(of: address, root: ownership.root)))
      }
      return
    }
    if ownership.hasPinned(address, at: desired.path) || ownership.recognizes(other)
      || ownership.adoptions.values.contains(where: { $0.path == other.path })
    {
      draft.tasks.insert(.removePin(path: PinPath.staging(of: address, root: ownership.root)))
    } else {
      draft.change.blocks.append(
        Block(
          code: "foreign-pin",
          message:
            "\(desired.path) is already taken by \(situation.phrase(other)), which is not ours",
          hints: situation.waysOut(of: resource ?? address, other.kind, other.id, at: other.path)
            + [
              "choose another path", "remove that pin if nobody needs it: rm \(desired.path)",
            ]))
    }
  }
}
