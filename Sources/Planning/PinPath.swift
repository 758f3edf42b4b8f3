internal import Crypto

/// Where an owner's objects are pinned when nothing else is asked for, and where new ones wait.
///
/// `ROOT/maps/fw/blocklist`, `ROOT/programs/fw/xdp_filter`, `ROOT/attachments/uplink/eth0`; the same
/// below `ROOT/next` until they are published, and below `ROOT/forgotten` once they are given up. A
/// slash of the address is a directory, but the instance of an attachment is one component: the links
/// of the cgroups `/a` and `/a/b` would otherwise be a file and a directory of one name. Bytes outside `[A-Za-z0-9_-]` are
/// percent-encoded, since bpffs refuses dots; a component of more than 200 bytes is cut and ends in
/// a digest; an empty component is a lone percent sign.
public enum PinPath {
  static let longestComponent = 200

  /// The final place. Addresses of pins have a path of their own instead; theirs is used in `next`
  /// only.
  public static func path(of address: Address, root: String) -> String {
    "\(root)/\(relativePath(of: address))"
  }

  /// Where the new object is pinned until it is published.
  public static func staging(of address: Address, root: String) -> String {
    "\(stagingRoot(root))/\(relativePath(of: address))"
  }

  /// Where what was copied into a new map is pinned until it is merged; `map` is the id of the new map.
  public static func base(_ map: UInt32, of address: Address, root: String) -> String {
    "\(stagingRoot(root))/bases/\(relativePath(of: address))/\(map)"
  }

  /// Whether what is pinned there is such a base.
  public static func isBase(_ path: String, root: String) -> Bool {
    isBelow("\(stagingRoot(root))/bases", path)
  }

  /// Where a map waits for being merged whose place below `next` is needed.
  public static func unmerged(_ map: UInt32, of address: Address, root: String) -> String {
    "\(stagingRoot(root))/unmerged/\(relativePath(of: address))/\(map)"
  }

  public static func stagingRoot(_ root: String) -> String { "\(root)/next" }
  /// Where the pins of what was given up go: below the owner's directory, and not the owner's.
  public static func forgotten(of address: Address, root: String) -> String {
    "\(forgottenRoot(root))/\(relativePath(of: address))"
  }

  public static func forgottenRoot(_ root: String) -> String { "\(root)/forgotten" }
  public static func inventory(root: String) -> String { "\(root)/inventory" }

  /// Whether `path` is the default place of the address below some root.
  public static func isDefault(_ path: String, of address: Address) -> Bool {
    if case .pin = address { return false }
    return path.hasSuffix("/" + relativePath(of: address))
  }

  /// Whether `path` is below the directory.
  public static func isBelow(_ directory: String, _ path: String) -> Bool {
    path.hasPrefix(directory + "/")
  }

  /// The address whose default pin is `path`; nil where a component was cut, or it is no default
  /// pin.
  public static func address(of path: String, root: String) -> Address? {
    guard isBelow(root, path) else { return nil }
    var components = path.dropFirst(root.count + 1).split(
      separator: "/", omittingEmptySubsequences: false
    ).map(String.init)
    guard let kind = components.first, components.count > 1 else { return nil }
    components.removeFirst()
    let decoded = components.compactMap(decode)
    guard decoded.count == components.count else { return nil }
    let name = decoded.joined(separator: "/")
    let address: Address? =
      switch kind {
      case "maps": .map(name)
      case "programs": .program(name)
      case "attachments": Address("attachment.\(name)")
      default: nil
      }
    guard let address, self.path(of: address, root: root) == path else { return nil }
    return address
  }

  private static func relativePath(of address: Address) -> String {
    func path(_ name: String) -> String {
      name.split(separator: "/", omittingEmptySubsequences: false).map(encode)
        .joined(separator: "/")
    }
    return switch address {
    case .map(let ref): "maps/\(path(ref))"
    case .program(let ref): "programs/\(path(ref))"
    case .attachment(let name, nil): "attachments/\(encode(name))"
    case .attachment(let name, let instance?): "attachments/\(encode(name))/\(encode(instance))"
    case .pin(let name): "pins/\(path(name))"
    }
  }

  static func encode(_ component: some StringProtocol) -> String {
    if component.isEmpty { return "%" }
    var encoded = ""
    for byte in component.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let hex = String(byte, radix: 16, uppercase: true)
        encoded += hex.count == 1 ? "%0\(hex)" : "%\(hex)"
      }
    }
    guard encoded.utf8.count > longestComponent else { return encoded }
    // "%-" stands in no whole name, so a cut one never equals it.
    let ending = "%-" + Digest.hex(component.utf8).prefix(16)
    return encoded.prefix(longestComponent - ending.utf8.count) + ending
  }

  static func decode(_ component: String) -> String? {
    if component == "%" { return "" }
    var bytes: [UInt8] = []
    var rest = component.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      // Digits only: a number's parser would take a sign.
      guard let text = String(rest.prefix(2)), text.utf8.count == 2,
        text.allSatisfy(\.isHexDigit), let value = UInt8(text, radix: 16)
      else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
