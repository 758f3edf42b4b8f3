/// Where among the programs of its hook one is to run.
extension Grammar {
  static let order = Field(
    "order",
    .orMapping(
      .scalar(
        .choice([.init("first", "Before all others."), .init("last", "After all others.")])),
      .block(relativeOrder)),
    "Where among the programs of the hook; the kernel appends without it.")

  /// Cgroups only.
  static let preorder = Field(
    "preorder", .scalar(.boolean), default: "false",
    "Before the programs of the cgroups below, which run first otherwise.")

  private static let relativeOrder = Block(
    "order", "Before or after certain programs; one that is not there constrains nothing.",
    [
      Field("before", anchors, "Those that run later."),
      Field("after", anchors, "Those that run earlier."),
    ])

  private static let anchors = Shape.oneOrMore(
    .orMapping(
      .scalar(.orderAnchor),
      .block(
        Block(
          "foreign program", "A program that is not of this manifest.",
          [
            Field(
              "program", .scalar(.string), required: true, "The kernel's name of it, or its id.")
          ]))))

  static let netkit = Block(
    "netkit", "What a pair of netkit devices sends.",
    [
      interfaces, netns,
      Field(
        "direction",
        .scalar(
          .choice([
            .init("primary", "Sent by the named device."), .init("peer", "Sent by its peer."),
          ])), "Whose packets, if not what the section says."),
      order, exclusive,
    ])
}
