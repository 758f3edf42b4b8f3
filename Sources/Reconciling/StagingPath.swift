import Planning

/// Where a new pin waits under `next/` in the owner's directory until it is renamed into place.
enum StagingPath {
  /// A pin below the root keeps its path below `next/`; one elsewhere goes by its address.
  static func path(for address: Address, pin: String, root: String) -> String {
    if pin.hasPrefix(root + "/") { return "\(root)/next/\(pin.dropFirst(root.utf8.count + 1))" }
    let parts = address.description.split(separator: "/").map { component($0) }
    return "\(root)/next/elsewhere/\(parts.joined(separator: "/"))"
  }

  static func parent(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }

  /// bpffs refuses dots.
  private static func component(_ text: Substring) -> String {
    let digits = Array("0123456789ABCDEF")
    return text.utf8.map { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        String(UnicodeScalar(byte))
      default: "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
      }
    }.joined()
  }
}
