internal import BPFObject
internal import Planning

/// Programs on maps of sockets.
extension Resolver {
  mutating func socketHook(
    _ declared: Located<String>, _ needed: ProgramType, _ program: DesiredProgram,
    at position: Position
  ) -> Hook? {
    let image = program.image
    guard fits(program, [needed], position) else { return nil }
    guard let attachType = image.expectedAttachType else {
      log.error(
        "missing-key",
        "the section '\(image.section)' of '\(program.ref)' does not say what it does to streams",
        at: position,
        hints: [
          "programs: {\(program.ref): {attach_type: sk_skb_verdict}}, or sk_skb_stream_parser, or "
            + "sk_skb_stream_verdict"
        ])
      return nil
    }
    let ref = mapRef(declared.value)
    guard let map = maps[ref] else { return nil }
    guard [.sockmap, .sockhash].contains(map.map.type) || map.external != nil else {
      log.error(
        "wrong-map", "'\(ref)' is of type \(map.map.type), and this hook takes sockmap or sockhash",
        at: declared.at)
      return nil
    }
    return .socketMap(map: ref, attachType: attachType)
  }
}

extension Manifest.Attachment {
  /// The map that the hook block names.
  var hookMap: Located<String>? {
    switch hook?.value {
    case .structOps(let map), .socketMap(let map, _), .iterator(.map(let map)): map
    default: nil
    }
  }
}
