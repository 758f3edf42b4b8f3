extension Situation {
  /// Why an attachment that a selector made cannot be where it is to be: another one of the manifest
  /// wants the place, and they cannot share it. Named ones are compared when the manifest is read.
  func conflict(of goal: Goal) -> Block? {
    guard let attachment = goal.attachment, attachment.isSelected,
      let interface = attachment.hook.interface
    else { return nil }
    let kind = attachment.hook.kind
    let rival = contenders[attachment.hook.place]?.first { other in
      other.address != goal.address
        && (kind.holdsOne
          || kind.refusesSameProgramTwice && other.programRef == goal.programRef)
    }
    guard let rival else { return nil }
    return Block(
      code: "hook-taken",
      message: "\(attachment.hook.phrase) is wanted by \(rival.address) too, and "
        + (kind.holdsOne ? "holds one program" : "takes a program only once"),
      hints: [
        "leave it out: except: [\(interface.name)] in the selector of attachments.\(attachment.name)"
      ])
  }
}
