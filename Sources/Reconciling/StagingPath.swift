import Planning

/// Where a new pin waits under `next/` in the owner's directory until it is renamed into place.
enum StagingPath {
  static func path(for address: Address, root: String) -> String {
    let (directory, name) =
      switch address {
      case .map(let ref): ("maps", ref)
      case .program(let ref): ("programs", ref)
      case .attachment(let name, let instance):
        ("attachments", instance.map { "\(name)/\($0)" } ?? name)
      case .pin(let name): ("pins", name)
      }
    let parts = name.split(separator: "/").map { component($0) }
    return "\(root)/next/\(directory)/\(parts.joined(separator: "/"))"
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
