/// By which names of fields, variables and typedefs `__be32` and arrays of `__u8` are addresses.
///
/// Only the preferred form depends on it: what is not recognised still takes an address as text
/// (`__be32`, `__u8[4]`, `__u8[6]`, `__u8[16]`), but is shown as a number or as hex.
enum AddressNames {
  static func isIP(_ name: String) -> Bool {
    words(name).contains { ip.contains($0) || ipv6.contains($0) }
  }

  /// For `__be32[4]`, where an array of four IPv4 addresses is as likely.
  static func isIPv6(_ name: String) -> Bool { words(name).contains { ipv6.contains($0) } }

  static func isMAC(_ name: String) -> Bool { words(name).contains { mac.contains($0) } }

  /// `src_ip4` and `srcIP` as `src`, `ip4` and `src`, `ip`, all in lower case.
  private static func words(_ name: String) -> [String] {
    var words: [String] = []
    var word = ""
    var wasLower = false
    for byte in name.utf8 {
      let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
      if byte == UInt8(ascii: "_") || isUpper && wasLower {
        if !word.isEmpty { words.append(word) }
        word = ""
      }
      wasLower = !isUpper && byte != UInt8(ascii: "_")
      if byte != UInt8(ascii: "_") {
        word.unicodeScalars.append(Unicode.Scalar(isUpper ? byte | 0x20 : byte))
      }
    }
    if !word.isEmpty { words.append(word) }
    return words
  }

  private static let ip: Set<String> = [
    "addr", "address", "addr4", "addrs", "ip", "ip4", "ips", "ipaddr", "ipv4", "v4", "saddr",
    "daddr", "sip", "dip", "srcip", "dstip", "laddr", "raddr", "src", "dst", "vip", "vips",
    "nexthop",
    "gw", "gateway", "netmask", "subnet", "saddr4", "daddr4",
  ]
  private static let ipv6: Set<String> = [
    "ip6", "ipv6", "v6", "addr6", "in6", "saddr6", "daddr6", "src6", "dst6",
  ]
  private static let mac: Set<String> = [
    "mac", "macs", "smac", "dmac", "macaddr", "lladdr", "hwaddr", "eth", "ether", "dest", "source",
    "src", "dst", "addr",
  ]
}
