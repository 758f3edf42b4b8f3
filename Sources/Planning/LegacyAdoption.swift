internal import BPFObject

/// What is attached without a link (netlink XDP, PROG_ATTACH) and becomes a link of ours.
struct LegacyAdoption {
  let situation: Situation
  let address: Address
  let hook: Hook
  let place: ObservedHook?
  let programRef: String?

  /// What is there to be taken over: the program that the attachment is to run, if it stands there
  /// already, or the only one.
  enum Found {
    case one(UInt32)
    case none
    case several([UInt32])
  }

  var found: Found {
    let programs = (place?.occupants ?? []).filter { $0.linkID == nil }.map(\.programID)
      .filter { !claimed($0) }
    if let id = programRef.flatMap(situation.ownership.liveProgram)?.id, programs.contains(id) {
      return .one(id)
    }
    guard let first = programs.first else { return .none }
    return programs.count == 1 ? .one(first) : .several(programs)
  }

  /// By a link of ours that the query does not tell.
  private func claimed(_ program: UInt32) -> Bool {
    situation.observed.links.contains { link in
      link.programID == program && place.map { link.isOn(hook, targetID: $0.targetID) } == true
    }
  }

  /// BPF_F_ALLOW_MULTI: a link fits beside what is there.
  private static let allowsMany: UInt32 = 1 << 1

  /// The kernel takes the new link only when the old program is gone.
  func needsGap(_ program: UInt32, isProgramNew: Bool) -> Bool {
    let kind = hook.kind
    if kind.holdsOne { return true }
    if kind.hasEarlyPrograms { return (place?.attachFlags ?? 0) & Self.allowsMany == 0 }
    return kind.refusesSameProgramTwice && !isProgramNew
  }

  func block(_ programs: [UInt32]) -> Block {
    if programs.isEmpty {
      let isLink = place?.occupants.contains { $0.linkID != nil } ?? false
      return Block(
        code: "adopt-missing",
        message: "no program is attached to \(hook.phrase) without a link",
        hints: [
          isLink ? "a link stands there: adopt: its pin" : "remove adopt: from \(address.section)"
        ])
    }
    let names = programs.map { situation.phrase(program: $0) }.joined(separator: "; ")
    return Block(
      code: "adopt-ambiguous",
      message: "several programs are attached to \(hook.phrase) without a link: \(names)",
      hints: [
        "name the one that is meant: adopt: its pin on \(programRef.map { "programs.\($0)" } ?? "the program")"
      ])
  }
}
