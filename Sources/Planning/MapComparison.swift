internal import BPFObject

/// A map: its attributes and whether it is frozen can be read back; what it was made for cannot.
struct MapComparison {
  let situation: Situation
  let goal: Goal
  let ref: String

  static func cost(_ field: String) -> Comparison.Cost {
    switch field {
    case "freeze": .inPlace
    case "protect", "sensitive", "entries.policy", "entries.values", "entries.digest": .recorded
    case _ where field.hasPrefix("pin."): .inPlace
    default: .replacement
    }
  }

  /// Of the template of inner maps nothing can be read back.
  static let unseen: Set<String> = [
    "numa_node", "protect", "sensitive", "entries.policy", "entries.values", "variables",
    "inner.type",
    "inner.key_size", "inner.value_size", "inner.max_entries", "inner.map_flags",
    "inner.map_extra", "inner.numa_node",
  ]

  func draft() -> Draft {
    let last = situation.last(goal.address)
    var draft = Draft(goal.address, goal: goal, last: last)
    guard let live = situation.liveMap(ref) else {
      draft.become(.create, because: last == nil ? nil : "it is gone")
      draft.add(Comparison.creation(of: goal.spec, last: last?.spec))
      situation.refuseMissing(goal.map?.adopt, .map, &draft)
      return draft
    }
    draft.change.liveID = live.id
    situation.adopt(&draft)
    let pin = pinComparison(live.id, last)
    let desired = form(goal.spec)
    let observed = observation(live, pin).completed(
      desired: desired, last: last.map { form($0.spec) })
    draft.observed = observed
    let differences = Comparison.differences(
      desired: desired, observed: observed, last: last.map { form($0.spec) },
      cost: MapComparison.cost)
    pin?.adopt(in: &draft)
    judge(differences, live, pin, &draft)
    return draft
  }

  /// The kernel's form, without what is compared entry by entry.
  private func form(_ spec: Spec) -> Spec {
    var spec = KernelNormalisation.reported(spec, host: situation.host)
    spec["entries.digest"] = nil
    return spec
  }

  private func observation(_ live: ObservedMap, _ pin: PinComparison?) -> Comparison.Observation {
    let pins = pin?.observation ?? .init(seen: Spec(), unseen: [])
    var seen = KernelNormalisation.reported(live.attributes, host: situation.host).adding(pins.seen)
    var unseen = pins.unseen.union(MapComparison.unseen)
    for spec in [goal.spec, situation.last(goal.address)?.spec].compactMap(\.self) {
      unseen.formUnion(spec.fields.keys.filter { $0.hasPrefix("operations.") })
    }
    if let frozen = live.frozen { seen["freeze"] = .bool(frozen) } else { unseen.insert("freeze") }
    return .init(seen: seen, unseen: unseen)
  }

  private func judge(
    _ differences: [FieldDifference], _ live: ObservedMap, _ pin: PinComparison?,
    _ draft: inout Draft
  ) {
    var differences = pin?.withoutAdopted(differences) ?? differences
    for index in differences.indices {
      // There is no way back from a frozen map.
      if differences[index].field == "freeze" && differences[index].after != true {
        differences[index].forcesReplacement = true
      }
    }
    draft.add(differences)
    let forcing = differences.filter(\.forcesReplacement).map(\.field)
    if !forcing.isEmpty {
      draft.become(
        .replace, because: "\(forcing.joined(separator: " and ")) cannot be changed in place")
      return
    }
    for difference in differences {
      let reason = pin?.reason(for: difference)
      switch difference.field {
      case "freeze":
        draft.become(.update, because: "it is not frozen")
        draft.tasks.insert(.freeze)
      case _ where reason != nil: draft.become(.update, because: reason)
      default: draft.become(.update, because: "\(difference.field) is recorded")
      }
    }
    pin?.repair(differences, in: &draft)
  }

  private func pinComparison(_ id: UInt32?, _ last: AppliedResource?) -> PinComparison? {
    goal.pin.map {
      PinComparison(
        situation: situation, address: goal.address, desired: $0, last: last, kind: .map, id: id)
    }
  }
}
