/// A packet as a few headers describe it. What is nil follows from the rest.
struct PacketDescription: Sendable {
  struct Ethernet: Sendable {
    var source: [UInt8] = [2, 0, 0, 0, 0, 1]
    var destination: [UInt8] = [2, 0, 0, 0, 0, 2]
    var type: UInt16?
  }

  struct VLAN: Sendable {
    var id: UInt16
    var priority: UInt16 = 0
    /// 802.1Q; 0x88a8 for the outer tag of 802.1ad.
    var type: UInt16 = 0x8100
  }

  struct ARP: Sendable {
    var operation: UInt16 = 1
    var senderHardware: [UInt8]?
    var senderProtocol: [UInt8] = PacketDescription.source4
    var targetHardware: [UInt8] = [0, 0, 0, 0, 0, 0]
    var targetProtocol: [UInt8] = PacketDescription.destination4
  }

  struct IPv4: Sendable {
    var source = PacketDescription.source4
    var destination = PacketDescription.destination4
    var tos: UInt8 = 0
    var ttl: UInt8 = 64
    var id: UInt16 = 0
    var dontFragment = false
    var moreFragments = false
    /// In bytes, a multiple of eight.
    var fragmentOffset: UInt16 = 0
    var proto: UInt8?
  }

  struct IPv6: Sendable {
    var source = PacketDescription.source6
    var destination = PacketDescription.destination6
    var trafficClass: UInt8 = 0
    var flowLabel: UInt32 = 0
    var hopLimit: UInt8 = 64
    var nextHeader: UInt8?
  }

  enum Network: Sendable {
    case arp(ARP)
    case ipv4(IPv4)
    case ipv6(IPv6)
  }

  struct TCP: Sendable {
    var source: UInt16 = PacketDescription.sourcePort
    var destination: UInt16
    var sequence: UInt32 = 0
    var acknowledgement: UInt32 = 0
    /// Bit 0 is FIN.
    var flags: UInt8 = 1 << 1
    var window: UInt16 = 65535
  }

  struct UDP: Sendable {
    var source: UInt16 = PacketDescription.sourcePort
    var destination: UInt16
  }

  struct ICMP: Sendable {
    var type: UInt8
    var code: UInt8 = 0
    var id: UInt16 = 0
    var sequence: UInt16 = 0
  }

  enum Transport: Sendable {
    case tcp(TCP)
    case udp(UDP)
    case icmp(ICMP)
    case icmpv6(ICMP)

    var proto: UInt8 {
      switch self {
      case .tcp: 6
      case .udp: 17
      case .icmp: 1
      case .icmpv6: 58
      }
    }
  }

  var ethernet = Ethernet()
  /// The outermost first.
  var vlans: [VLAN] = []
  var network: Network?
  var transport: Transport?
  var payload: [UInt8] = []

  /// Addresses for documentation (RFC 5737 and 3849), and the first dynamic port.
  static let source4: [UInt8] = [192, 0, 2, 1]
  static let destination4: [UInt8] = [192, 0, 2, 2]
  static let source6: [UInt8] = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
  static let destination6: [UInt8] = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]
  static let sourcePort: UInt16 = 49152

  /// More than any IP packet.
  static let limit = 65535

  /// The packet from the Ethernet header on, with lengths and checksums filled in; nil if it is longer
  /// than an IP packet can be.
  var bytes: [UInt8]? {
    guard payload.count <= Self.limit else { return nil }
    var body = payload
    if let transport { body = transport.header(before: payload, in: network) + payload }
    let type: UInt16
    switch network {
    case .arp(let arp):
      body = arp.bytes(sender: ethernet.source) + body
      type = 0x0806
    case .ipv4(let header):
      guard let whole = header.bytes(before: body, proto: transport?.proto) else { return nil }
      body = whole + body
      type = 0x0800
    case .ipv6(let header):
      guard let whole = header.bytes(before: body, proto: transport?.proto) else { return nil }
      body = whole + body
      type = 0x86dd
    case nil: type = 0
    }
    var out = ethernet.destination + ethernet.source
    for vlan in vlans {
      out += big(vlan.type) + big((vlan.priority & 7) << 13 | vlan.id & 0xfff)
    }
    return out + big(ethernet.type ?? type) + body
  }
}

/// In network order.
private func big(_ number: some FixedWidthInteger) -> [UInt8] {
  let count = number.bitWidth / 8
  return (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * (count - 1 - $0))) }
}

/// The Internet checksum (RFC 1071): the complement of the sum of 16-bit words, in ones' complement.
func internetChecksum(_ bytes: [UInt8]) -> UInt16 {
  var sum: UInt64 = 0
  var index = 0
  while index < bytes.count {
    let low = index + 1 < bytes.count ? UInt64(bytes[index + 1]) : 0
    sum &+= UInt64(bytes[index]) << 8 | low
    index += 2
  }
  while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
  return ~UInt16(truncatingIfNeeded: sum)
}

extension PacketDescription.ARP {
  fileprivate func bytes(sender: [UInt8]) -> [UInt8] {
    let kinds: [UInt8] = [0, 1, 8, 0, 6, 4]
    return kinds + big(operation) + (senderHardware ?? sender) + senderProtocol + targetHardware
      + targetProtocol
  }
}

extension PacketDescription.IPv4 {
  fileprivate func bytes(before body: [UInt8], proto: UInt8?) -> [UInt8]? {
    guard let length = UInt16(exactly: 20 + body.count) else { return nil }
    let fragment =
      (dontFragment ? 0x4000 : 0) | (moreFragments ? 0x2000 : 0) | (fragmentOffset / 8) & 0x1fff
    // 59: nothing follows.
    var header: [UInt8] = [0x45, tos]
    header += big(length)
    header += big(id)
    header += big(fragment)
    header += [ttl, self.proto ?? proto ?? 59, 0, 0]
    header += source + destination
    header.replaceSubrange(10..<12, with: big(internetChecksum(header)))
    return header
  }
}

extension PacketDescription.IPv6 {
  fileprivate func bytes(before body: [UInt8], proto: UInt8?) -> [UInt8]? {
    guard let length = UInt16(exactly: body.count) else { return nil }
    var header = big(6 << 28 | UInt32(trafficClass) << 20 | flowLabel & 0xf_ffff)
    header += big(length)
    header += [nextHeader ?? proto ?? 59, hopLimit]
    return header + source + destination
  }
}

extension PacketDescription.Transport {
  /// The header with the checksum over it, the payload, and what IP contributes.
  fileprivate func header(
    before payload: [UInt8], in network: PacketDescription.Network?
  ) -> [UInt8] {
    var header: [UInt8]
    let checksum: Int
    switch self {
    case .tcp(let tcp):
      header = big(tcp.source) + big(tcp.destination)
      header += big(tcp.sequence) + big(tcp.acknowledgement)
      header += [5 << 4, tcp.flags] + big(tcp.window)
      header += [0, 0, 0, 0]
      checksum = 16
    case .udp(let udp):
      header = big(udp.source) + big(udp.destination)
      header += big(UInt16(truncatingIfNeeded: 8 + payload.count)) + [0, 0]
      checksum = 6
    case .icmp(let icmp), .icmpv6(let icmp):
      header = [icmp.type, icmp.code, 0, 0] + big(icmp.id) + big(icmp.sequence)
      checksum = 2
    }
    // What follows the payload begins at a word of its own.
    let length = header.count + payload.count
    var covered = header + payload + (length % 2 == 1 ? [0] : [])
    switch network {
    case .ipv4(let ip) where proto != 1:
      covered += ip.source + ip.destination + [0, proto]
      covered += big(UInt16(truncatingIfNeeded: length))
    case .ipv6(let ip):
      covered += ip.source + ip.destination + big(UInt32(truncatingIfNeeded: length))
      covered += [0, 0, 0, proto]
    case .ipv4, .arp, nil: break
    }
    var sum = internetChecksum(covered)
    // Over UDP zero means that there is none.
    if case .udp = self, sum == 0 { sum = 0xffff }
    header.replaceSubrange(checksum..<checksum + 2, with: big(sum))
    return header
  }
}
