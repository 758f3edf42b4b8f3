internal import BPFObject

/// Streams and messages of the sockets that are in a map.
struct SocketMapHook: HookFamily {
  /// A REF.
  var map: String
  /// `sk_skb_stream_parser`, `sk_skb_stream_verdict`, `sk_skb_verdict` or `sk_msg_verdict`.
  var attachType: AttachType

  var spec: Spec {
    Spec([
      "hook": .text(Self.block(of: attachType)), "map": .text(map),
      "attach_type": .text(attachType.description),
    ])
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let map = spec.text("map"),
      let attachType = spec.text("attach_type").flatMap({ AttachType(name: $0) })
    else { return nil }
    return .socketMap(map: map, attachType: attachType)
  }

  /// The name of the hook block.
  private static func block(of attachType: AttachType) -> String {
    attachType == .skMsgVerdict ? "sk_msg" : "sk_skb"
  }

  var phrase: String { "\(attachType) of map.\(map)" }
  var kind: HookKind {
    HookKind(
      linkTypes: [.sockmap], updatesInPlace: true, holdsOne: true, refusesSameProgramTwice: true,
      isQueryable: true)
  }
  var needs: [KernelFeature] { [.socketMapLinks] }
  /// Whoever could load the program may attach it.
  var capability: String? { nil }

  /// A map has one place for both verdicts on streams.
  var spot: Hook {
    .socketMap(
      map: map, attachType: attachType == .skSkbVerdict ? .skSkbStreamVerdict : attachType)
  }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    link.target == .socketMap(id: UInt32(truncatingIfNeeded: targetID), attachType: attachType)
  }
}
