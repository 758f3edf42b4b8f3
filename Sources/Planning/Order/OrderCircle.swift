extension [DesiredAttachment] {
  /// Of attachments to one hook, some whose wishes for a place cannot all be met: each has to run
  /// before the next, and the last before the first. Empty = there are none.
  public var orderCircle: [DesiredAttachment] {
    guard count <= HookOrder.capacity else { return [] }
    let members = map { attachment in
      HookOrder.Member(
        address: attachment.address, program: attachment.program, order: attachment.order,
        isEarly: attachment.hook.kind.hasEarlyPrograms ? attachment.preorder : nil)
    }
    return HookOrder(members) { _ in nil }.circle.map { self[$0] }
  }
}
