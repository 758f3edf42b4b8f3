internal import Planning

/// The hook block of tc.
extension Grammar {
  static let filter = Block(
    "tc", "Packets at an interface's ingress or egress, by a classic filter without a link.",
    [
      interfaces, netns, direction,
      Field(
        "priority", .scalar(.integer(1...Int64(UInt16.max))),
        default: "\(FilterHook.defaultPriority)", "The order among the filters, lowest first."),
      Field(
        "handle", .scalar(.integer(1...Int64(UInt32.max))),
        "The filter's number within its priority; otherwise one that follows from the names of "
          + "manifest and attachment."),
    ])
}
