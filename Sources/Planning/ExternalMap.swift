internal import BPFObject

/// A map that somebody else owns: it has to be there and to fit; nothing else is asked or done.
struct ExternalMap {
  let situation: Situation
  let goal: Goal
  let ref: String

  func draft() -> Draft {
    var draft = Draft(goal.address, goal: goal, last: nil)
    let path = goal.spec.text("external") ?? ""
    guard let live = situation.liveMap(ref) else {
      draft.change.blocks.append(
        Block(
          code: "external-missing", message: "no map is pinned at \(path)",
          hints: ["let its owner create it first", "correct external: of maps.\(ref)"]))
      return draft
    }
    draft.change.liveID = live.id
    let observed = KernelNormalisation.reported(live.attributes, host: situation.host)
    draft.observed = observed
    guard let wanted = goal.map?.map, wanted.type != .unspecified else { return draft }
    let desired = KernelNormalisation.reported(wanted.attributes, host: situation.host)
    let differences = Comparison.differences(
      desired: desired, observed: observed.adding(unseen(desired)), last: nil,
      cost: MapComparison.cost)
    guard !differences.isEmpty else { return draft }
    draft.add(differences)
    let words = differences.map {
      "\($0.field) is \($0.before?.description ?? "absent"), not \($0.after?.description ?? "absent")"
    }
    draft.change.blocks.append(
      Block(
        code: "external-incompatible",
        message: "the map at \(path) does not fit: \(words.joined(separator: ", "))",
        hints: ["describe maps.\(ref) as it is", "let its owner change it"]))
    return draft
  }

  private func unseen(_ desired: Spec) -> Spec {
    Spec(desired.fields.filter { MapComparison.unseen.contains($0.key) })
  }
}
