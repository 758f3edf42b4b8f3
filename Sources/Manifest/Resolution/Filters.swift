public import BPFObject
public import Planning

/// Classic filters of interfaces (tc).
extension Resolver {
  mutating func filterHooks(
    _ attachment: Manifest.Attachment, _ block: Manifest.FilterBlock, _ program: DesiredProgram,
    at position: Position
  ) -> [(instance: String?, hook: Hook)] {
    guard
      let type = direction(
        block.direction, program, of: [.tcxIngress, .tcxEgress],
        "direction: ingress, or direction: egress", position)
    else { return [] }
    if let adopt = attachment.adopt {
      if case .pin = adopt.value {
        log.error(
          "conflicting-keys", "a filter of tc has no pin by which it could be adopted",
          at: adopt.at, hints: ["adopt: true, and its priority and handle"])
        return []
      }
      guard block.handle != nil else {
        log.error(
          "missing-key", "which filter is to be adopted is not said without its 'handle'",
          at: position, hints: ["tc filter show dev … tells priority (pref) and handle"])
        return []
      }
    }
    let handle =
      block.handle
      ?? FilterHook.defaultHandle(owner: manifest.name.value, name: attachment.name.value)
    return block.interfaces.places(in: block.namespace).map { instance, interface in
      (
        instance,
        .filter(
          FilterHook(
            at: interface, isEgress: type == .tcxEgress,
            priority: block.priority ?? FilterHook.defaultPriority, handle: handle))
      )
    }
  }
}

extension Manifest {
  /// A block of tc as written.
  public struct FilterBlock: Sendable {
    public var interfaces: Interfaces
    public var namespace: NetworkNamespaceName
    /// `tcx_ingress` or `tcx_egress`; nil = from the section.
    public var direction: AttachType?
    public var priority: UInt16?
    public var handle: UInt32?
  }
}
