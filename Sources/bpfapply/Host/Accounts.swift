/// User and group names from /etc/passwd and /etc/group.
///
/// The C library's look-ups load plug-ins, which a static binary cannot; names from a directory
/// service have to be given as numbers.
struct Accounts: Sendable {
  private var users: [String: UInt32] = [:]
  private var groups: [String: UInt32] = [:]

  init(passwd: [UInt8], group: [UInt8]) {
    users = Accounts.numbers(passwd)
    groups = Accounts.numbers(group)
    // The default owner has to be known in a container without these files too.
    if users["root"] == nil { users["root"] = 0 }
    if groups["root"] == nil { groups["root"] = 0 }
  }

  /// The host's; unreadable files hold no names.
  static func ofHost() -> Accounts {
    let passwd = (try? FileReading.read("/etc/passwd", limit: 64 << 20)) ?? []
    let group = (try? FileReading.read("/etc/group", limit: 64 << 20)) ?? []
    return Accounts(passwd: passwd, group: group)
  }

  /// The user id of a name or a number.
  func user(_ name: String) -> UInt32? { users[name] ?? UInt32(name) }
  /// The group id of a name or a number.
  func group(_ name: String) -> UInt32? { groups[name] ?? UInt32(name) }

  /// `name:password:number:…` by line; the first of two equal names counts.
  private static func numbers(_ file: [UInt8]) -> [String: UInt32] {
    var numbers: [String: UInt32] = [:]
    for line in file.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      guard fields.count > 2, !fields[0].isEmpty,
        let number = UInt32(String(decoding: fields[2], as: UTF8.self))
      else { continue }
      let name = String(decoding: fields[0], as: UTF8.self)
      if numbers[name] == nil { numbers[name] = number }
    }
    return numbers
  }
}
