internal import Planning

extension Manifest.Attachment {
  /// What a hook block says of the programs beside it: `exclusive`, `order`, `preorder`.
  mutating func readCompany(_ fields: BlockReader) {
    exclusive = fields.boolean("exclusive")?.value ?? false
    preorder = fields.boolean("preorder")
    guard let node = fields["order"] else { return }
    let at = fields.keyPosition("order")
    guard node.kind == .mapping, let sides = fields.block("order") else {
      switch fields.text("order")?.value {
      case "first"?: order = Located(.first, at: at)
      case "last"?: order = Located(.last, at: at)
      default: break
      }
      return
    }
    let before = sides.anchors("before")
    let after = sides.anchors("after")
    anchors = before + after
    guard !anchors.isEmpty else { return }
    order = Located(.relative(before: before.map(\.value), after: after.map(\.value)), at: at)
  }
}

extension BlockReader {
  /// One or several names of programs on a hook.
  fileprivate func anchors(_ name: String) -> [Located<OrderAnchor>] {
    guard let node = self[name] else { return [] }
    return (node.kind == .sequence ? Array(node.elements) : [node]).compactMap { element in
      guard element.kind == .mapping else {
        guard let text = text(of: element), let anchor = OrderAnchor(text.value) else { return nil }
        return Located(anchor, at: text.at)
      }
      let foreign = BlockReader(element, scope: scope, at: element.at)
      return foreign.text("program").map { Located(OrderAnchor(program: $0.value), at: $0.at) }
    }
  }
}
