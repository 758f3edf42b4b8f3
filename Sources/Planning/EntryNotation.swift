public import BPFObject

/// How the bytes of one map's entries are written in the manifest.
///
/// A plan keeps bytes; what is shown of them is put into words when it is shown, so that a plan over
/// a million entries formats ten.
public struct EntryNotation: Hashable, Sendable {
  /// About as many characters of one key or value are shown.
  public static let limit = 200

  /// nil = nothing is known; written as hex.
  public var key: Layout?
  public var value: Layout?
  /// Bytes of one value; a per-CPU map stores one for each CPU, rounded up to eight bytes.
  public var valueSize: Int
  /// Neither keys nor values are ever shown.
  public var isSensitive: Bool
  /// The map holds global variables: its one value is shown variable by variable.
  public var isData: Bool

  public init(
    key: Layout? = nil, value: Layout? = nil, valueSize: Int = 0, isSensitive: Bool = false,
    isData: Bool = false
  ) {
    self.key = key
    self.value = value
    self.valueSize = valueSize
    self.isSensitive = isSensitive
    self.isData = isData
  }

  public init(_ map: DesiredMap, isSensitive: Bool = false) {
    self.init(
      key: map.keyLayout, value: map.valueLayout, valueSize: Int(map.map.valueSize),
      isSensitive: isSensitive || map.sensitive, isData: map.map.data != nil)
  }

  static let hidden = "(sensitive)"

  func text(key bytes: [UInt8]) -> String? {
    guard !bytes.isEmpty else { return nil }
    return EntryNotation.text(bytes, key).text(limit: EntryNotation.limit)
  }

  /// Of a per-CPU map one value where all CPUs have the same, else the list.
  func text(value bytes: [UInt8]) -> String {
    decode(value: bytes).text(limit: EntryNotation.limit)
  }

  func decode(value bytes: [UInt8]) -> Value {
    let stride = (valueSize + 7) / 8 * 8
    guard valueSize > 0, bytes.count != valueSize, bytes.count >= stride,
      bytes.count % stride == 0
    else { return EntryNotation.text(bytes, value) }
    let perCPU = Swift.stride(from: 0, to: bytes.count, by: stride).map {
      EntryNotation.text(Array(bytes[$0..<$0 + valueSize]), value)
    }
    if let first = perCPU.first, perCPU.allSatisfy({ $0 == first }) { return first }
    return .list(perCPU)
  }

  private static func text(_ bytes: [UInt8], _ layout: Layout?) -> Value {
    (layout ?? .bytes(bytes.count)).decode(bytes)
  }
}

/// One line of a list of differing entries: an entry, or a global variable.
public struct EntryItem: Hashable, Sendable {
  /// nil: an entry without a key.
  public var key: String?
  /// nil = not there, or not to be there.
  public var before: String?
  public var after: String?

  public init(key: String?, before: String?, after: String?) {
    self.key = key
    self.before = before
    self.after = after
  }
}

extension EntryChanges {
  /// The first `limit` differences in the manifest's notation, by ascending key.
  public func items(limit: Int = .max) -> [EntryItem] {
    if notation.isSensitive { return [] }
    if notation.isData { return Array(variables.prefix(limit)) }
    return changes.prefix(limit).map { change in
      EntryItem(
        key: notation.text(key: change.key),
        before: change.before.map { change.beforeText ?? notation.text(value: $0) },
        after: change.after.map { change.afterText ?? notation.text(value: $0) })
    }
  }

  /// How many entries (of global data: variables) are missing, different, and too many.
  public var counts: (added: Int, changed: Int, removed: Int) {
    var counts = (added: omitted, changed: 0, removed: 0)
    func count(_ hasBefore: Bool, _ hasAfter: Bool) {
      if !hasBefore {
        counts.added += 1
      } else if hasAfter {
        counts.changed += 1
      } else {
        counts.removed += 1
      }
    }
    if notation.isData {
      for item in variables { count(item.before != nil, item.after != nil) }
    } else {
      for change in changes { count(change.before != nil, change.after != nil) }
    }
    return counts
  }

  /// Whether anything can be said about them: global data without BTF has no variables.
  var isNamed: Bool {
    guard notation.isData else { return true }
    if case .record? = notation.value { return true }
    return false
  }

  /// What an item is called, in the plural.
  public var noun: String { notation.isData ? "variables" : "entries" }

  /// The differing global variables; the whole value where they are not known by name.
  private var variables: [EntryItem] {
    changes.flatMap { change -> [EntryItem] in
      let before = change.before.map { notation.decode(value: $0) }
      let after = change.after.map { notation.decode(value: $0) }
      let names = ((after ?? before)?.members ?? []).map(\.name)
      guard !names.isEmpty else {
        return [
          EntryItem(
            key: nil, before: before?.text(limit: EntryNotation.limit),
            after: after?.text(limit: EntryNotation.limit))
        ]
      }
      let named = names.compactMap { name -> EntryItem? in
        let old = before?.member(name)
        let new = after?.member(name)
        guard old != new else { return nil }
        return EntryItem(
          key: name, before: old?.text(limit: EntryNotation.limit),
          after: new?.text(limit: EntryNotation.limit))
      }
      guard named.isEmpty, let old = change.before, let new = change.after else { return named }
      let count = zip(old, new).count { $0 != $1 }
      return [
        EntryItem(
          key: "(constants without a name)", before: "\(old.count) bytes",
          after: "\(count) of them different")
      ]
    }
  }
}

extension Value {
  fileprivate var members: [Member] { if case .record(let members) = self { members } else { [] } }
  fileprivate func member(_ name: String) -> Value? { members.first { $0.name == name }?.value }
}
