/// The hook blocks of maps of sockets.
extension Grammar {
  static func socketMap(_ title: String, _ doc: String) -> Block {
    Block(
      title, doc,
      [
        Field(
          "map", .scalar(.reference), required: true, "The map of sockets: a sockmap or sockhash.")
      ])
  }

  static let socketHooks = [
    Field(
      "sk_skb",
      .block(socketMap("sk_skb", "Streams that the sockets in a map receive.")),
      "Streams of the sockets in a map."),
    Field(
      "sk_msg", .block(socketMap("sk_msg", "Messages that the sockets in a map send.")),
      "Messages of the sockets in a map."),
  ]
}
