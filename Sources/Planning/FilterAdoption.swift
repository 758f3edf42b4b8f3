/// A filter of tc that somebody else made and that becomes ours: it runs another program from one moment
/// to the next, and stays where it is.
extension AttachmentComparison {
  func adoptFilter(_ filter: FilterHook, _ draft: inout Draft) {
    guard let link = situation.observed.links.first(where: { $0.filter == filter }) else {
      draft.change.blocks.append(
        Block(
          code: "adopt-missing",
          message: "no filter that runs a program as its action is at \(hook.phrase)",
          hints: [
            "see what is there: tc filter show dev \(filter.at.name) "
              + (filter.isEgress ? "egress" : "ingress"),
            "correct priority and handle, or remove adopt: from \(goal.address.section)",
          ]))
      return
    }
    let adoption = Adoption(kind: .program, id: link.programID, path: nil)
    draft.change.adopts = adoption
    draft.change.liveID = link.id
    situation.refuseOthers(adoption, at: nil, &draft)
    draft.become(.adopt, because: "the filter that is there becomes the manifest's")
    draft.add([
      FieldDifference(
        field: "program", before: .text(situation.phrase(program: link.programID)),
        after: goal.programRef.map(SpecValue.text), cause: .config)
    ])
    draft.tasks.insert(.updateLink(link: link.id, expectedProgram: link.programID))
  }
}
