internal import BPFObject

/// A pin that the manifest asks for besides the default ones: it shows the live object of its
/// target, or will show the one that the apply makes.
struct ExtraPinComparison {
  let situation: Situation
  let goal: Goal
  let target: Address
  /// The target's draft; nil for a target that the manifest does not have.
  let targetDraft: Draft?

  private var kind: ObjectKind {
    switch target {
    case .map: .map
    case .program: .program
    case .attachment, .pin: .link
    }
  }

  /// A link that is updated keeps its id; one that is made anew does not.
  private var isTargetNew: Bool { targetDraft?.isNew ?? false }

  func draft() -> Draft {
    let last = situation.last(goal.address)
    var draft = Draft(goal.address, goal: goal, last: last)
    guard let desired = goal.pin else { return draft }
    let id = isTargetNew ? nil : targetID
    let pin = PinComparison(
      situation: situation, address: goal.address, desired: desired, last: last, kind: kind, id: id,
      resource: target)
    let there = situation.ownership.pin(at: desired.path)
    draft.change.liveID = there?.id
    if isTargetNew {
      follow(there, last, pin, &draft)
      return draft
    }
    guard targetID != nil else { return draft }
    let observed = observation(pin, last).completed(desired: goal.spec, last: last?.spec)
    draft.observed = observed
    let differences = Comparison.differences(
      desired: goal.spec, observed: observed, last: last?.spec
    ) { _ in .inPlace }
    guard !differences.isEmpty else { return draft }
    if observed["pin.path"] == nil {
      draft.become(.create, because: last == nil ? nil : "it is gone")
      draft.add(Comparison.creation(of: goal.spec, last: last?.spec))
    } else {
      draft.add(differences)
      for difference in differences {
        draft.become(.update, because: pin.reason(for: difference) ?? "it is for another object")
      }
    }
    pin.repair(differences, in: &draft)
    return draft
  }

  private var targetID: UInt32? {
    if case .map(let ref) = target { return situation.liveMap(ref)?.id }
    return situation.ownership.liveID(target)
  }

  private func observation(_ pin: PinComparison, _ last: AppliedResource?)
    -> Comparison.Observation
  {
    var observation = pin.observation
    observation.unseen.insert("target")
    return observation
  }

  private func follow(
    _ there: ObservedPin?, _ last: AppliedResource?, _ pin: PinComparison, _ draft: inout Draft
  ) {
    if there == nil {
      draft.become(.create)
      draft.add(Comparison.creation(of: goal.spec, last: last?.spec))
    } else {
      draft.become(
        .update, because: targetDraft.map(Cascade.reason), cause: targetDraft?.cause)
      draft.observed = last?.spec
    }
    draft.tasks.insert(.publishPin)
    pin.placeNew(in: &draft)
  }
}
