internal import BPFObject

extension BlockReader {
  /// The elements of a list of mappings.
  func blocks(_ name: String) -> [BlockReader] {
    guard let node = self[name] else { return [] }
    return node.kind == .sequence
      ? node.elements.map { BlockReader($0, scope: scope, at: $0.at) }
      : [BlockReader(node, scope: scope, at: node.at)]
  }

  func tests() -> [Manifest.Test] {
    guard self["tests"]?.kind == .sequence else { return [] }
    return blocks("tests").compactMap(\.test)
  }

  private var test: Manifest.Test? {
    guard let name = text("name") else { return nil }
    let expect = block("expect")
    return Manifest.Test(
      name: name, packet: packet("packet"), context: values("ctx"),
      repeats: number("repeat", as: UInt32.self), entries: rows("entries"),
      returnCode: expect?.text("return"), expectedPacket: expect?.packet("packet"),
      expectedContext: expect?.values("ctx") ?? [], expectedEntries: expect?.rows("entries") ?? [],
      expectAt: expect?.at ?? at)
  }

  /// A mapping from names to values that wait for their types.
  private func values(_ name: String) -> [Manifest.Global] {
    guard self[name]?.kind == .mapping else { return [] }
    return section(name).map {
      Manifest.Global(name: $0.name, data: TypedData(node: $0.node, scope: scope))
    }
  }

  private func rows(_ name: String) -> [Manifest.Test.Entries] {
    guard self[name]?.kind == .mapping else { return [] }
    return section(name).map { member in
      let elements = member.node.kind == .sequence ? Array(member.node.elements) : []
      return Manifest.Test.Entries(
        map: member.name,
        items: elements.map { node in
          let fields = BlockReader(node, scope: scope, at: node.at)
          return Manifest.Test.Item(
            key: fields.data("key"), value: fields.data("value"), at: node.at,
            absent: fields.boolean("absent"))
        })
    }
  }

  // MARK: Packets

  private func packet(_ name: String) -> Manifest.Packet? {
    guard let fields = block(name), fields.isMapping(of: self[name]) else { return nil }
    let source: Manifest.Packet.Source
    if let hex = fields.map("hex", ScalarText.hex) {
      source = .bytes(hex.value)
    } else if let file = fields.text("file") {
      source = .capture(file: file, frame: fields.number("frame", as: Int.self)?.value ?? 1)
    } else {
      source = .described(fields.description)
    }
    var given: [String: Position] = [:]
    for name in fields.names where !name.hasPrefix("x-") { given[name] = fields.keyPosition(name) }
    return Manifest.Packet(source: source, at: fields.at, given: given)
  }

  private func isMapping(of node: YAMLNode?) -> Bool { node?.kind == .mapping }

  private var description: PacketDescription {
    var packet = PacketDescription()
    if let fields = block("eth") {
      fields.set(&packet.ethernet.source, "src", AddressText.mac)
      fields.set(&packet.ethernet.destination, "dst", AddressText.mac)
      packet.ethernet.type = fields.number("type", as: UInt16.self)?.value
    }
    packet.vlans = blocks("vlan").map { fields in
      var vlan = PacketDescription.VLAN(id: fields.number("id", as: UInt16.self)?.value ?? 0)
      fields.set(&vlan.priority, "priority")
      fields.set(&vlan.type, "type")
      return vlan
    }
    packet.network = network
    packet.transport = transport
    if self["payload"]?.kind == .mapping, let fields = block("payload") {
      let zeros = [UInt8](
        repeating: 0, count: Int(fields.number("length", as: UInt16.self)?.value ?? 0))
      packet.payload = fields.map("hex", ScalarText.hex)?.value ?? zeros
    } else if let text = text("payload") {
      packet.payload = Array(text.value.utf8)
    }
    return packet
  }

  private var network: PacketDescription.Network? {
    if let fields = block("arp") {
      var arp = PacketDescription.ARP()
      fields.set(&arp.operation, "op")
      arp.senderHardware = fields.map("sender_mac", AddressText.mac)?.value
      fields.set(&arp.senderProtocol, "sender_ip", AddressText.ipv4)
      fields.set(&arp.targetHardware, "target_mac", AddressText.mac)
      fields.set(&arp.targetProtocol, "target_ip", AddressText.ipv4)
      return .arp(arp)
    }
    if let fields = block("ipv4") {
      var ip = PacketDescription.IPv4()
      fields.set(&ip.source, "src", AddressText.ipv4)
      fields.set(&ip.destination, "dst", AddressText.ipv4)
      fields.set(&ip.tos, "tos")
      fields.set(&ip.ttl, "ttl")
      fields.set(&ip.id, "id")
      ip.dontFragment = fields.boolean("df")?.value ?? false
      ip.moreFragments = fields.boolean("mf")?.value ?? false
      fields.set(&ip.fragmentOffset, "offset")
      ip.proto = fields.number("protocol", as: UInt8.self)?.value
      return .ipv4(ip)
    }
    if let fields = block("ipv6") {
      var ip = PacketDescription.IPv6()
      fields.set(&ip.source, "src", AddressText.ipv6)
      fields.set(&ip.destination, "dst", AddressText.ipv6)
      fields.set(&ip.trafficClass, "traffic_class")
      fields.set(&ip.flowLabel, "flow_label")
      fields.set(&ip.hopLimit, "hop_limit")
      ip.nextHeader = fields.number("next_header", as: UInt8.self)?.value
      return .ipv6(ip)
    }
    return nil
  }

  private var transport: PacketDescription.Transport? {
    if let fields = block("tcp") {
      var tcp = PacketDescription.TCP(
        destination: fields.number("dport", as: UInt16.self)?.value ?? 0)
      fields.set(&tcp.source, "sport")
      fields.set(&tcp.sequence, "seq")
      fields.set(&tcp.acknowledgement, "ack")
      fields.set(&tcp.window, "window")
      let bits = Grammar.tcpFlags.enumerated().map { ($0.element, UInt32(1) << UInt32($0.offset)) }
      if let flags = fields.flags("flags", bits) {
        tcp.flags = UInt8(truncatingIfNeeded: flags.value)
      }
      return .tcp(tcp)
    }
    if let fields = block("udp") {
      var udp = PacketDescription.UDP(
        destination: fields.number("dport", as: UInt16.self)?.value ?? 0)
      fields.set(&udp.source, "sport")
      return .udp(udp)
    }
    if let fields = block("icmp") { return .icmp(fields.icmp(8)) }
    if let fields = block("icmpv6") { return .icmpv6(fields.icmp(128)) }
    return nil
  }

  private func icmp(_ type: UInt8) -> PacketDescription.ICMP {
    var icmp = PacketDescription.ICMP(type: type)
    set(&icmp.type, "type")
    set(&icmp.code, "code")
    set(&icmp.id, "id")
    set(&icmp.sequence, "seq")
    return icmp
  }

  private func set<Number: FixedWidthInteger>(_ target: inout Number, _ name: String) {
    if let number = number(name, as: Number.self) { target = number.value }
  }

  private func set(
    _ target: inout [UInt8], _ name: String, _ read: (String) -> [UInt8]?
  ) {
    if let bytes = map(name, read) { target = bytes.value }
  }
}
