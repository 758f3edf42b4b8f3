internal import CBPF

/// A filter at the ingress or egress of an interface's clsact (rtnetlink, `RTM_GETTFILTER`), in the
/// calling thread's network namespace.
public struct TrafficFilter: Hashable, Sendable {
  /// Which filter of an interface it is.
  public struct Place: Hashable, Sendable {
    /// The interface's index.
    public var interface: UInt32
    public var isEgress: Bool
    /// The lowest runs first.
    public var priority: UInt16
    public var handle: UInt32

    public init(interface: UInt32, isEgress: Bool, priority: UInt16, handle: UInt32) {
      self.interface = interface
      self.isEgress = isEgress
      self.priority = priority
      self.handle = handle
    }

    var context: String {
      "tc \(isEgress ? "egress" : "ingress") of interface \(interface), priority \(priority), "
        + "handle 0x\(String(handle, radix: 16))"
    }
  }

  public var place: Place
  /// `bpf`, `flower`, `u32` …
  public var kind: String
  /// 3 = all (ETH_P_ALL).
  public var etherType: UInt16
  /// Of a BPF filter.
  public var programID: UInt32?
  /// What the program returns is what becomes of the packet (direct action); else it chooses among
  /// other actions.
  public var isDirect: Bool

  /// All filters of one direction, in the order in which they run; none where there is no clsact. A
  /// dump that a change interrupts is started over.
  public static func all(
    interface: UInt32, isEgress: Bool
  ) throws(KernelError) -> [TrafficFilter] {
    let socket = try NetlinkSocket()
    let place = Place(interface: interface, isEgress: isEgress, priority: 0, handle: 0)
    for attempt in 1... {
      var list: [TrafficFilter] = []
      do throws(KernelError) {
        try socket.request(
          Int(CBPF_RTM_GETTFILTER), flags: Int(CBPF_NLM_F_DUMP),
          rawBytes(of: Self.header(place, etherType: 0)), call: "RTM_GETTFILTER",
          on: "interface \(interface)"
        ) { type, payload in
          if Int(type) == Int(CBPF_RTM_NEWTFILTER),
            let filter = TrafficFilter(payload, isEgress: isEgress)
          {
            list.append(filter)
          }
        }
        return list
      } catch {
        guard error.errno == .interrupted, attempt < 10 else { throw error }
      }
    }
    return []
  }

  /// From the payload of RTM_NEWTFILTER; nil if it is too short, or of a chain's head, which is no
  /// filter.
  init?(_ payload: ArraySlice<UInt8>, isEgress: Bool) {
    let size = MemoryLayout<cbpf_traffic_header>.size
    guard payload.count >= size else { return nil }
    let header = unsafe payload.withUnsafeBytes {
      unsafe $0.loadUnaligned(as: cbpf_traffic_header.self)
    }
    place = Place(
      interface: UInt32(bitPattern: header.index), isEgress: isEgress,
      priority: UInt16(header.info >> 16), handle: header.handle)
    etherType = UInt16(truncatingIfNeeded: header.info).byteSwapped
    kind = ""
    isDirect = false
    var hasOptions = false
    for attribute in NetlinkAttribute.all(in: payload.dropFirst(size)) {
      switch Int(attribute.type) {
      case Int(CBPF_TCA_KIND): kind = attribute.text
      case Int(CBPF_TCA_OPTIONS):
        hasOptions = true
        for nested in NetlinkAttribute.all(in: attribute.payload) {
          switch Int(nested.type) {
          case Int(CBPF_TCA_BPF_ID): programID = nested.number
          // TCA_BPF_FLAG_ACT_DIRECT
          case Int(CBPF_TCA_BPF_FLAGS): isDirect = (nested.number ?? 0) & 1 != 0
          default: break
          }
        }
      default: break
      }
    }
    if kind != "bpf" { programID = nil }
    guard hasOptions, header.handle != 0 else { return nil }
  }

  fileprivate static func header(_ place: Place, etherType: UInt16) -> cbpf_traffic_header {
    var header = cbpf_traffic_header()
    header.index = Int32(bitPattern: place.interface)
    header.handle = place.handle
    header.parent = UInt32(place.isEgress ? CBPF_TC_EGRESS : CBPF_TC_INGRESS)
    header.info = UInt32(place.priority) << 16 | UInt32(etherType.byteSwapped)
    return header
  }

  fileprivate static let allEtherTypes: UInt16 = 3

  /// Makes the interface's clsact if it has none (`RTM_NEWQDISC`). It is everybody's, and stays.
  public static func makeClsact(interface: UInt32) throws(KernelError) {
    var header = cbpf_traffic_header()
    header.index = Int32(bitPattern: interface)
    header.handle = UInt32(CBPF_TC_CLSACT_HANDLE)
    header.parent = UInt32(CBPF_TC_CLSACT)
    let kind = NetlinkAttribute.encode(Int(CBPF_TCA_KIND), Array("clsact".utf8) + [0])
    let socket = try NetlinkSocket()
    do throws(KernelError) {
      try socket.request(
        Int(CBPF_RTM_NEWQDISC),
        flags: Int(CBPF_NLM_F_ACK) | Int(CBPF_NLM_F_CREATE) | Int(CBPF_NLM_F_EXCL),
        rawBytes(of: header) + kind, call: "RTM_NEWQDISC", on: "clsact of interface \(interface)"
      ) { _, _ in }
    } catch {
      guard error.errno == .exists else { throw error }
    }
  }
}

extension Program {
  /// Makes a filter of the program, whose verdict is final (direct action); EEXIST if there is one
  /// at that place already. It stays when this process ends.
  public func attach(filter place: TrafficFilter.Place, name: String) throws(KernelError) {
    try TrafficFilter.makeClsact(interface: place.interface)
    try set(place, name, flags: Int(CBPF_NLM_F_CREATE) | Int(CBPF_NLM_F_EXCL))
  }

  /// Puts the program in the place of the one that a filter runs, atomically. Only if it runs
  /// `expected`; that is looked at before, since the kernel does not compare.
  public func replace(
    filter place: TrafficFilter.Place, expected: UInt32, name: String
  ) throws(KernelError) {
    try Self.expect(expected, at: place)
    try set(place, name, flags: Int(CBPF_NLM_F_REPLACE))
  }

  /// Deletes the filter if it runs that program; ENOENT if there is none.
  public static func detach(
    filter place: TrafficFilter.Place, expected: UInt32
  ) throws(KernelError) {
    try expect(expected, at: place)
    let kind = NetlinkAttribute.encode(Int(CBPF_TCA_KIND), Array("bpf".utf8) + [0])
    let socket = try NetlinkSocket()
    try socket.request(
      Int(CBPF_RTM_DELTFILTER), flags: Int(CBPF_NLM_F_ACK),
      rawBytes(of: TrafficFilter.header(place, etherType: TrafficFilter.allEtherTypes)) + kind,
      call: "RTM_DELTFILTER", on: place.context
    ) { _, _ in }
  }

  private static func expect(
    _ program: UInt32, at place: TrafficFilter.Place
  ) throws(KernelError) {
    let there = try TrafficFilter.all(interface: place.interface, isEgress: place.isEgress)
      .first { $0.place == place }
    guard let there else { throw KernelError("RTM_GETTFILTER", .noEntry, on: place.context) }
    guard there.programID == program else {
      throw KernelError(
        "RTM_GETTFILTER", refused: "another program runs there (\(there.programID ?? 0))",
        on: place.context)
    }
  }

  private func set(
    _ place: TrafficFilter.Place, _ name: String, flags: Int
  ) throws(KernelError) {
    // TCA_BPF_FLAG_ACT_DIRECT
    let options =
      NetlinkAttribute.encode(Int(CBPF_TCA_BPF_FD), rawBytes(of: descriptor.rawValue))
      + NetlinkAttribute.encode(Int(CBPF_TCA_BPF_NAME), Array(name.utf8.prefix(200)) + [0])
      + NetlinkAttribute.encode(Int(CBPF_TCA_BPF_FLAGS), rawBytes(of: UInt32(1)))
    let socket = try NetlinkSocket()
    try socket.request(
      Int(CBPF_RTM_NEWTFILTER), flags: Int(CBPF_NLM_F_ACK) | flags,
      rawBytes(of: TrafficFilter.header(place, etherType: TrafficFilter.allEtherTypes))
        + NetlinkAttribute.encode(Int(CBPF_TCA_KIND), Array("bpf".utf8) + [0])
        + NetlinkAttribute.encode(Int(CBPF_TCA_OPTIONS) | Int(CBPF_NLA_F_NESTED), options),
      call: "RTM_NEWTFILTER", on: place.context
    ) { _, _ in }
  }
}
