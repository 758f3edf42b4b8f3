internal import BPFObject

/// Others on an attachment's hook: in the way, a note, or drift.
extension AttachmentComparison {
  /// Occupants that are neither this link's program nor anything of the owner's.
  var foreigners: [ObservedHook.Occupant] {
    guard let place else { return [] }
    let ownLink = ownership.liveLink(goal.address)
    return place.occupants.filter { occupant in
      if let link = ownLink,
        occupant.linkID == link.id || occupant.linkID == nil && occupant.programID == link.programID
      {
        return false
      }
      return !ownership.owns(program: occupant.programID)
    }
  }

  /// Those that stand elsewhere and take part all the same.
  private var foreignersElsewhere: [ObservedHook.Occupant] {
    (place?.others ?? []).filter { !ownership.owns(program: $0.programID) }
  }

  func noteForeigners(_ draft: inout Draft) {
    guard kind.holdsOne, isListed, let foreigner = foreigners.first else { return }
    draft.change.blocks.append(
      Block(
        code: "hook-occupied",
        message: "\(hook.phrase) is taken by a program that is not ours "
          + "(\(situation.phrase(program: foreigner.programID, link: foreigner.linkID))), "
          + "and holds one only",
        hints: waysOut(of: foreigner)))
  }

  /// What can be done about a program of somebody else.
  private func waysOut(of foreigner: ObservedHook.Occupant) -> [String] {
    if let filter = hook.filter {
      return [
        "choose another priority or handle on attachments.\(name)",
        "delete it if nobody needs it: tc filter del dev \(filter.at.name) "
          + "\(filter.isEgress ? "egress" : "ingress") prio \(filter.priority)",
      ]
    }
    let ways =
      foreigner.linkID.map { situation.waysOut(of: goal.address, .link, $0) }
      ?? situation.waysOut(of: goal.address, .program, foreigner.programID)
    let command = foreigner.linkID.map { ": bpftool link detach id \($0)" } ?? ""
    return ways + ["detach it if nobody needs it\(command)"]
  }

  /// Programs of others where several fit: a note, or drift if the hook is to be ours alone.
  func judgeForeigners(_ draft: inout Draft) -> [Note] {
    if goal.spec.flag("exclusive"), let limitation = situation.observed.limitations.first {
      draft.change.blocks.append(
        Block(
          code: "exclusive-unsure",
          message: "whether \(hook.phrase) is ours alone cannot be seen: \(limitation)",
          hints: ["run with CAP_SYS_ADMIN", "remove exclusive: true from attachments.\(name)"]))
    }
    guard !kind.holdsOne else { return draft.change.action == .create ? doubtfulForeigners : [] }
    let strangers = foreigners + (goal.spec.flag("exclusive") ? foreignersElsewhere : [])
    let phrases = strangers.map { situation.phrase(program: $0.programID, link: $0.linkID) }
    guard !phrases.isEmpty else { return [] }
    guard goal.spec.flag("exclusive") else {
      return phrases.map {
        Note(
          code: "foreign-program", address: goal.address,
          message: "a program that is not ours (\($0)) runs on \(hook.phrase) too")
      }
    }
    draft.add([
      FieldDifference(
        field: AttachmentComparison.foreignField, before: .list(phrases.map(SpecValue.text)),
        after: nil, cause: .drift)
    ])
    draft.become(.update, because: "the hook is to be ours alone")
    draft.change.blocks.append(
      Block(
        code: "foreign-program",
        message: "\(hook.phrase) is exclusive, and runs \(phrases.joined(separator: " and ")) too",
        hints: [
          "detach what is not ours, if nobody needs it",
          "remove exclusive: true from attachments.\(name)",
        ]))
    return []
  }

  /// Where only links tell who is there, they do not tell in which network namespace.
  private var doubtfulForeigners: [Note] {
    guard !isListed else { return [] }
    return foreigners.map {
      Note(
        code: "maybe-occupied", address: goal.address,
        message:
          "a program that is not ours (\(situation.phrase(program: $0.programID))) stands at "
          + "\(hook.phrase) or at the same place of another namespace; if it is the same, "
          + "attaching fails and is rolled back")
    }
  }
}
