public import BPFObject
public import Planning

/// Classic filters of interfaces (tc).
extension Resolver {
  mutating func filterHooks(
    _ attachment: Manifest.Attachment, _ block: Manifest.FilterBlock, _ program: DesiredProgram,
    at position: Position
  ) -> [(instance: String?, hook: Hook)] {
    guard fits(program, [.schedCls], position),
      let type = direction(block.direction, program, at: position)
    else { return [] }
    if let adopt = attachment.adopt {
      log.error(
        "conflicting-keys", "a filter of tc has no 'adopt'", at: adopt.at,
        hints: ["choose another priority or handle, and delete the other one when it runs"])
      return []
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

  /// The direction that a block or else the section says; nil when that is not clear or wrong, which
  /// is reported.
  mutating func direction(
    _ declared: AttachType?, _ program: DesiredProgram, at position: Position
  ) -> AttachType? {
    let image = program.image
    let fromSection = image.expectedAttachType.flatMap {
      [.tcxIngress, .tcxEgress].contains($0) ? $0 : nil
    }
    guard let type = declared ?? fromSection else {
      log.error(
        "missing-key",
        "the section '\(image.section)' does not say which packets, and so 'direction' is needed",
        at: position, hints: ["direction: ingress, or direction: egress"])
      return nil
    }
    if let fromSection, fromSection != type {
      log.error(
        "wrong-program",
        "'\(program.ref)' is made for \(fromSection) (section '\(image.section)'), not for \(type)",
        at: position)
      return nil
    }
    return type
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
