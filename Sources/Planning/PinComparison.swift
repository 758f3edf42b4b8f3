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

  private var ownership: Ownership { situation.ownership }
  private var atDesired: ObservedPin? { ownership.pin(at: desired.path) }

  private var isRightObject: Bool {
    atDesired.map { $0.kind == kind && $0.id == id } ?? false
  }

  /// The pin at the place where the object was pinned before, if it is still its own.
  private var former: ObservedPin? {
    guard let path = last?.spec.text("pin.path"), path != desired.path,
      let pin = ownership.pin(at: path), pin.kind == kind, pin.id == id
    else { return nil }
    return pin
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

  /// The tasks for the differing fields of a live object's pin.
  func repair(_ differences: [FieldDifference], in draft: inout Draft) {
    let fields = Set(differences.map(\.field).filter { $0.hasPrefix("pin.") })
    guard !fields.isEmpty else { return }
    if fields.contains("pin.path") {
      if let id { draft.tasks.insert(.restorePin(id: id)) }
      placeNew(in: &draft)
    } else {
      draft.tasks.insert(.setPinAttributes)
    }
  }

  /// A pin is about to be made at the desired path: what stands against it, what follows.
  func placeNew(in draft: inout Draft) {
    if let path = last?.spec.text("pin.path"), path != desired.path,
      let old = ownership.pin(at: path), old.kind == kind, old.id == (id ?? last?.id)
    {
      draft.tasks.insert(.removePin(path: path))
    }
    guard let other = atDesired, !(other.kind == kind && other.id == (id ?? last?.id)) else {
      // The old pin of a replaced object changes places with the new one.
      if atDesired != nil {
        draft.tasks.insert(.removePin(path: PinPath.staging(of: address, root: ownership.root)))
      }
      return
    }
    if ownership.hasPinned(address, at: desired.path) {
      draft.tasks.insert(.removePin(path: PinPath.staging(of: address, root: ownership.root)))
    } else {
      draft.change.blocks.append(
        Block(
          code: "foreign-pin",
          message:
            "\(desired.path) is already taken by \(situation.phrase(other)), which is not ours",
          hints: [
            "choose another path", "remove that pin if nobody needs it: rm \(desired.path)",
          ]))
    }
  }
}
