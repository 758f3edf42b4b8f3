internal import BPFObject

/// A program: the kernel tells its type, tag and maps. Whether it is the program that was applied
/// the inventory's id says exactly; without it the predicted tag must do.
struct ProgramComparison {
  let situation: Situation
  let goal: Goal
  let ref: String

  static func cost(_ field: String) -> Comparison.Cost {
    field.hasPrefix("pin.") ? .inPlace : .replacement
  }

  func draft() -> Draft {
    let last = situation.last(goal.address)
    var draft = Draft(goal.address, goal: goal, last: last)
    guard let live = situation.ownership.liveProgram(ref) else {
      draft.become(.create, because: last == nil ? nil : "it is gone")
      draft.add(Comparison.creation(of: goal.spec, last: last?.spec))
      situation.refuseMissing(goal.program?.adopt, .program, &draft)
      return draft
    }
    draft.change.liveID = live.id
    draft.tag = live.tag
    situation.adopt(&draft)
    let pin = goal.pin.map {
      PinComparison(
        situation: situation, address: goal.address, desired: $0, last: last, kind: .program,
        id: live.id)
    }
    let observation = observation(live, pin, last)
    let observed = observation.completed(desired: goal.spec, last: last?.spec)
    draft.observed = observed
    let found = Comparison.differences(
      desired: goal.spec, observed: observed, last: last?.spec, cost: ProgramComparison.cost)
    let differences = pin?.withoutAdopted(found) ?? found
    pin?.adopt(in: &draft)
    draft.add(differences)
    for difference in differences {
      draft.become(
        difference.forcesReplacement ? .replace : .update,
        because: pin?.reason(for: difference) ?? reason(for: difference))
    }
    if draft.change.action == .update { pin?.repair(differences, in: &draft) }
    return draft
  }

  private func observation(
    _ live: ObservedProgram, _ pin: PinComparison?, _ last: AppliedResource?
  ) -> Comparison.Observation {
    let pins = pin?.observation ?? .init(seen: Spec(), unseen: [])
    var seen = pins.seen
    var unseen = pins.unseen.union(["expected_attach_type", "flags", "attach_to", "function"])
    seen["type"] = .text(live.type.description)
    if let digest = observedDigest(live, last) {
      seen["digest"] = digest
    } else {
      unseen.insert("digest")
    }
    for (map, ref) in goal.bindings {
      let field = "maps.\(map)"
      // Bound to another map of the manifest: what was applied is what is there.
      let applied = last?.spec.text(field)
      let current = applied ?? ref
      guard let id = situation.liveMap(current)?.id else {
        seen[field] = applied.map(SpecValue.text) ?? .text(ref)
        continue
      }
      seen[field] = .text(live.mapIDs.contains(id) ? current : "another map")
    }
    for (map, ref) in last?.spec.bindings ?? [:] where seen["maps.\(map)"] == nil {
      seen["maps.\(map)"] = .text(ref)
    }
    return .init(seen: seen, unseen: unseen)
  }

  /// nil = what was applied, or nothing speaks against its being what is desired.
  private func observedDigest(_ live: ObservedProgram, _ last: AppliedResource?) -> SpecValue? {
    if last != nil { return nil }
    guard let program = goal.program else { return nil }
    if let algorithm = situation.host.tagAlgorithm,
      let tag = TagPrediction.tag(of: program.image, algorithm: algorithm)
    {
      return tag == live.tag ? nil : .text("tag \(live.tag)")
    }
    return .text("tag \(live.tag), which cannot be compared")
  }

  private func reason(for difference: FieldDifference) -> String {
    switch difference.field {
    case "digest":
      return difference.before?.description.hasPrefix("tag ") == true
        ? "it is not the program that the manifest describes"
        : "its code or what decides it changed"
    case _ where difference.field.hasPrefix("maps."):
      let ref = difference.after?.description ?? ""
      return difference.before == "another map"
        ? "it does not use the live map.\(ref)" : "\(difference.field) changed"
    default: return "\(difference.field) cannot be changed in place"
    }
  }
}
