internal import Planning

extension Resolver {
  /// Wishes for places on one hook that contradict each other, or name what is never there.
  mutating func checkOrders() {
    let asking = attachments.filter { $0.order != nil }
    guard !asking.isEmpty else { return }
    var reported: Set<String> = []
    for place in Set(asking.map(\.hook.place)).sorted(by: { "\($0)" < "\($1)" }) {
      let there = attachments.filter { $0.hook.place == place }
      let circle = there.orderCircle
      guard let first = circle.first, reported.insert(first.name).inserted else { continue }
      let others = circle.dropFirst().compactMap { other in
        declaration(other)?.order.map { ("\(other.address) asks for its place here", $0.at) }
      }
      let names = (circle + [first]).map(\.address.description).joined(separator: " before ")
      log.error(
        "order-circle", "the order that is asked for goes round in a circle: \(names)",
        at: declaration(first)?.order?.at ?? declaration(first)?.name.at,
        hints: ["take one of these wishes back"], related: others)
    }
    for attachment in manifest.attachments where !attachment.anchors.isEmpty {
      checkCompany(attachment)
    }
  }

  private func declaration(_ desired: DesiredAttachment) -> Manifest.Attachment? {
    manifest.attachments.first { $0.name.value == desired.name }
  }

  /// Those of the manifest that an order names are on one of its hooks at least. Where a selector
  /// finds the interfaces, that is not known.
  private mutating func checkCompany(_ attachment: Manifest.Attachment) {
    let name = attachment.name.value
    let places = Set(attachments.filter { $0.name == name }.map(\.hook.place))
    guard attachment.selector == nil, !places.isEmpty else { return }
    for anchor in attachment.anchors {
      let isThere: (DesiredAttachment) -> Bool
      switch anchor.value {
      case .attachment(let other, let instance):
        guard !selections.contains(where: { $0.template.name == other }) else { continue }
        isThere = { $0.name == other && (instance == nil || $0.instance == instance) }
      case .program(let ref):
        guard !selections.contains(where: { $0.template.program == ref }) else { continue }
        isThere = { $0.program == ref && $0.name != name }
      case .pin, .named, .id: continue
      }
      if !attachments.contains(where: { isThere($0) && places.contains($0.hook.place) }) {
        log.error(
          "order-anchor", "\(anchor.value) is on none of the hooks of '\(name)'", at: anchor.at,
          hints: ["only programs on the same hook have an order"])
      }
    }
  }
}
