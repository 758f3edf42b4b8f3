import BPFObject
import Planning

/// How the bytes of one map's entries are written in the manifest.
///
/// The planner knows bytes only; a view turns those into the manifest's notation that it shows, so
/// that a plan over a million entries formats ten.
struct EntryNotation: Sendable {
  /// Characters of one key or value that are shown.
  static let limit = 200

  var key: Layout?
  var value: Layout?
  /// Bytes of one value; longer ones are those of all CPUs, each rounded up to eight bytes.
  var valueSize: Int

  func keyText(_ change: EntryChange) -> String {
    key.map { $0.decode(change.key).text(limit: Self.limit) } ?? change.keyText
  }

  func beforeText(_ change: EntryChange) -> String? {
    change.before.map { text($0, otherwise: change.beforeText) }
  }

  func afterText(_ change: EntryChange) -> String? {
    if let reference = change.reference { return reference.description }
    return change.after.map { text($0, otherwise: change.afterText) }
  }

  private func text(_ bytes: [UInt8], otherwise: String?) -> String {
    guard let value else { return otherwise ?? "?" }
    guard bytes.count > valueSize, valueSize > 0 else {
      return value.decode(bytes).text(limit: Self.limit)
    }
    let stride = (valueSize + 7) / 8 * 8
    let perCPU = (0..<bytes.count / stride).map { cpu in
      value.decode(Array(bytes[cpu * stride..<cpu * stride + valueSize]))
    }
    if let first = perCPU.first, perCPU.allSatisfy({ $0 == first }) {
      return first.text(limit: Self.limit)
    }
    return Value.list(perCPU).text(limit: Self.limit)
  }
}

extension EntryNotation {
  /// Without a layout: as the planner wrote it.
  static let asPlanned = EntryNotation(key: nil, value: nil, valueSize: 0)

  init(_ map: DesiredMap) {
    self.init(key: map.keyLayout, value: map.valueLayout, valueSize: Int(map.map.valueSize))
  }
}
