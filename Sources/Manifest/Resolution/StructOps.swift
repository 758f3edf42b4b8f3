internal import BPFObject
internal import Planning

/// Maps that implement operations of the kernel: what they hold, and their registration.
extension Resolver {
  /// The programs that the members of a struct_ops map are set to have to be loaded.
  mutating func addOperations(to map: inout DesiredMap, at position: Position) {
    guard let structOps = map.map.structOps, let object = map.object else { return }
    for (member, function) in structOps.programs.sorted(by: { $0.key < $1.key }) {
      let ref = "\(object)/\(function)"
      map.operations[member] = ref
      pending.append((.program(ref), position))
    }
  }

  mutating func resolveStructOps(
    _ attachment: Manifest.Attachment, _ declared: Located<String>
  ) {
    let ref = mapRef(declared.value)
    guard let map = maps[ref] else { return }
    guard let structOps = map.map.structOps else {
      return log.error(
        "wrong-map", "'\(ref)' is of type \(map.map.type), and this hook takes struct_ops",
        at: declared.at, hints: ["such a map stands in SEC(\".struct_ops.link\") of an object"])
    }
    guard map.isFilledByOperations else {
      return log.error(
        "wrong-map", "'\(ref)' stands in .struct_ops, which registers it without a link",
        at: declared.at,
        hints: [
          "maps: {\(ref): {map_flags: [link]}} registers it by a link (Linux 6.4), as "
            + "SEC(\".struct_ops.link\") does"
        ])
    }
    if let cookie = attachment.cookie {
      log.error("conflicting-keys", "struct_ops has no 'cookie'", at: cookie.at)
    }
    var desired = DesiredAttachment(
      name: attachment.name.value, instance: nil, program: "",
      hook: .structOps(map: ref, structure: structOps.kernelName),
      pin: defaultPin(.attachment(attachment.name.value, instance: nil)))
    desired.allowGap = attachment.allowGap
    desired.location = location(attachment.name.at)
    attachments.append(desired)
  }
}
