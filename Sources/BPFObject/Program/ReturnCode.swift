/// What programs return, by the names that C gives the numbers.
public enum ReturnCode {
  /// The names for a type of program, those that its authors would use first.
  public static func names(for type: ProgramType) -> [(name: String, value: UInt32)] {
    switch type {
    case .xdp:
      [
        ("XDP_ABORTED", 0), ("XDP_DROP", 1), ("XDP_PASS", 2), ("XDP_TX", 3), ("XDP_REDIRECT", 4),
      ]
    case .schedCls, .schedAct:
      [
        ("TC_ACT_UNSPEC", .max), ("TC_ACT_OK", 0), ("TC_ACT_RECLASSIFY", 1), ("TC_ACT_SHOT", 2),
        ("TC_ACT_PIPE", 3), ("TC_ACT_STOLEN", 4), ("TC_ACT_QUEUED", 5), ("TC_ACT_REPEAT", 6),
        ("TC_ACT_REDIRECT", 7), ("TC_ACT_TRAP", 8), ("TCX_NEXT", .max), ("TCX_PASS", 0),
        ("TCX_DROP", 2), ("TCX_REDIRECT", 7), ("NETKIT_NEXT", .max), ("NETKIT_PASS", 0),
        ("NETKIT_DROP", 2), ("NETKIT_REDIRECT", 7),
      ]
    case .cgroupSkb, .skLookup: [("SK_DROP", 0), ("SK_PASS", 1)]
    case .netfilter: [("NF_DROP", 0), ("NF_ACCEPT", 1)]
    case .flowDissector:
      [("BPF_OK", 0), ("BPF_DROP", 2), ("BPF_FLOW_DISSECTOR_CONTINUE", 129)]
    case .lwtIn, .lwtOut, .lwtXmit, .lwtSeg6local:
      [("BPF_OK", 0), ("BPF_DROP", 2), ("BPF_REDIRECT", 7), ("BPF_LWT_REROUTE", 128)]
    default: []
    }
  }

  /// The number of a name, or of a decimal or hexadecimal number of 32 bits with or without a sign.
  public static func value(_ text: String, for type: ProgramType) -> UInt32? {
    if let named = names(for: type).first(where: { $0.name == text }) { return named.value }
    guard let number = try? IntegerText(text) else { return nil }
    return (number.bits(width: 32, signed: false) ?? number.bits(width: 32, signed: true))
      .map { UInt32(truncatingIfNeeded: $0) }
  }

  /// The first name of the number, or the number: with a sign where that is the shorter one.
  /// `attachType` chooses among the names of TC.
  public static func name(
    of value: UInt32, for type: ProgramType, attachType: AttachType? = nil
  ) -> String {
    let prefix: String =
      switch attachType {
      case .tcxIngress?, .tcxEgress?: "TCX_"
      case .netkitPrimary?, .netkitPeer?: "NETKIT_"
      default: ""
      }
    let named = names(for: type).filter { $0.value == value }
    if let fit = named.first(where: { $0.name.hasPrefix(prefix) }) ?? named.first {
      return fit.name
    }
    return value > 0xffff_0000 ? String(Int32(bitPattern: value)) : String(value)
  }
}
