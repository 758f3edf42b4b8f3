internal import Planning

/// The hook block of iterators.
extension Grammar {
  static let iterator = Block(
    "iter", "Whose objects an iterator goes through; without it, those of the whole kernel.",
    exclusive: [.init("scope", ["map", "cgroup", "pid"], required: true)],
    [
      Field("map", .scalar(.reference), "The map whose elements it goes through."),
      Field(
        "cgroup", .scalar(.path), "The cgroup to begin with: its path below the cgroup2 root."),
      Field(
        "order",
        .scalar(
          .choice([
            .init("self_only", "The cgroup alone."),
            .init("descendants_pre", "It and those below, parents first."),
            .init("descendants_post", "Those below and it, children first."),
            .init("ancestors_up", "It and those above, up to the root."),
          ])), "With a cgroup: which ones; otherwise descendants_pre."),
      Field(
        "pid", .scalar(.integer(1...Int64(Int32.max))),
        "The process whose threads, files or memory it goes through."),
    ])
}
