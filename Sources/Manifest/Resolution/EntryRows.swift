internal import BPFObject
internal import Planning

/// A key or a value that does not fit its type.
struct EntryError: Error {
  var part: EntryRow.Part
  var error: ValueError

  init(_ part: EntryRow.Part, _ error: ValueError) {
    self.part = part
    self.error = error
  }
}

/// Entries as they are encoded, side by side as in the table that they become.
struct EntryRows {
  private let map: DesiredMap
  /// The REF that a REF stands for, bindings followed.
  private let boundMap: (String) -> String
  private let keySize: Int
  private let valueSize: Int
  private let hasKey: Bool
  private let isIndexed: Bool
  private var keys: [UInt8] = []
  private var values: [UInt8] = []
  private(set) var count = 0
  private(set) var references: [[UInt8]: [EntryReference]] = [:]
  /// Where each row of the manifest stands; those of the file follow, each with its line.
  var origins: [Position] = []
  var fileLines: [UInt32] = []

  init(map: DesiredMap, boundMap: @escaping (String) -> String = { $0 }) {
    self.map = map
    self.boundMap = boundMap
    keySize = Int(map.map.keySize)
    valueSize = Int(map.map.valueSize)
    hasKey = keySize > 0
    isIndexed = Resolver.isIndexed(map.map.type)
  }

  var ref: String { map.ref }

  var table: EntryTable {
    EntryTable(keySize: keySize, valueSize: valueSize, keys: keys, values: values)
  }

  /// Encodes one entry, and gives what its value refers to.
  mutating func add(key: Value?, value: Value) throws(EntryError) -> [EntryReference] {
    let start = keys.count
    try encode(key: key)
    do throws(EntryError) {
      let found = try encode(value: value)
      count += 1
      if !found.isEmpty { references[Array(keys[start...])] = found }
      return found
    } catch {
      keys.removeLast(keys.count - start)
      throw error
    }
  }

  /// The bytes of a key alone.
  func bytes(ofKey key: Value?) throws(EntryError) -> [UInt8] {
    var alone = EntryRows(map: map, boundMap: boundMap)
    try alone.encode(key: key)
    return alone.keys
  }

  private mutating func encode(key: Value?) throws(EntryError) {
    guard hasKey else {
      guard key == nil else {
        throw EntryError(
          .key, ValueError(message: "the entries of \(map.map.type.withArticle) have no key"))
      }
      return
    }
    guard let key, let layout = map.keyLayout else {
      throw EntryError(
        .key, ValueError(message: "an entry of \(map.map.type.withArticle) needs 'key'"))
    }
    do throws(ValueError) {
      guard isIndexed else { return try layout.encode(key, appendingTo: &keys) }
      let bytes = try layout.encode(key)
      try checkIndex(bytes)
      keys += bytes
    } catch {
      throw EntryError(.key, error)
    }
  }

  private func checkIndex(_ bytes: [UInt8]) throws(ValueError) {
    guard bytes.count == 4 else { return }
    let index = unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: UInt32.self) }
    guard index >= map.map.maxEntries else { return }
    throw ValueError(
      message: "index \(index) is out of range: the map has \(map.map.maxEntries) entries",
      hint: "raise max_entries")
  }

  private mutating func encode(value: Value) throws(EntryError) -> [EntryReference] {
    do throws(ValueError) {
      let encoded: (bytes: [UInt8], references: [EntryReference])
      switch map.map.type {
      case .progArray: encoded = try program(value)
      case .arrayOfMaps, .hashOfMaps: encoded = try innerMap(value)
      case .devmap, .devmapHash: encoded = try ReferenceValue(valueSize, "ifindex").encode(value)
      case .cpumap: encoded = try ReferenceValue(valueSize, "qsize").encode(value)
      default:
        guard let layout = map.valueLayout else {
          throw ValueError(message: "the values of \(map.map.type.withArticle) have no type")
        }
        try layout.encode(value, appendingTo: &values)
        return []
      }
      values += encoded.bytes
      return encoded.references
    } catch {
      throw EntryError(.value, error)
    }
  }

  private func program(
    _ value: Value
  ) throws(ValueError) -> (bytes: [UInt8], references: [EntryReference]) {
    guard case .scalar(let ref, _) = value, ref.utf8.contains(0x2F) else {
      throw ValueError(message: "expected a program: OBJECT/NAME")
    }
    return ([UInt8](repeating: 0, count: valueSize), [.program(ref, offset: 0)])
  }

  private func innerMap(
    _ value: Value
  ) throws(ValueError) -> (bytes: [UInt8], references: [EntryReference]) {
    guard case .scalar(let ref, _) = value, ScalarText.isReference(ref) else {
      throw ValueError(message: "expected a map: NAME or OBJECT/NAME")
    }
    return ([UInt8](repeating: 0, count: valueSize), [.map(boundMap(ref))])
  }

  /// Pairs of rows with the same key, at most `limit`. The table has each key once, and so tells
  /// whether there are any.
  func duplicates(limit: Int) -> [(first: Int, second: Int)] {
    var rows: [ArraySlice<UInt8>: Int] = [:]
    var found: [(Int, Int)] = []
    for row in 0..<count where found.count < limit {
      let key = keys[row * keySize..<(row + 1) * keySize]
      if let first = rows[key] { found.append((first, row)) } else { rows[key] = row }
    }
    return found
  }
}

/// A value of a devmap or cpumap: a number (an interface's index, by name too; a queue's size), and
/// in eight bytes also the program that runs there.
private struct ReferenceValue {
  private let size: Int
  private let number: String

  init(_ size: Int, _ number: String) {
    self.size = size
    self.number = number
  }

  func encode(
    _ value: Value
  ) throws(ValueError) -> (bytes: [UInt8], references: [EntryReference]) {
    guard size == 4 || size == 8 else {
      throw ValueError(message: "values of \(size) bytes are neither 4 nor 8")
    }
    var first: Value?
    var program: String?
    switch value {
    case .scalar: first = value
    case .record(let members):
      for member in members {
        switch member.name {
        case number, number == "ifindex" ? "interface" : number: first = member.value
        case "program", "bpf_prog":
          guard case .scalar(let ref, _) = member.value, ref.utf8.contains(0x2F) else {
            throw ValueError(
              path: [.member(member.name)], message: "expected a program: OBJECT/NAME")
          }
          guard size == 8 else {
            throw ValueError(
              path: [.member(member.name)], message: "values of four bytes hold no program")
          }
          program = ref
        default:
          throw ValueError(
            path: [.member(member.name)], message: "unknown field '\(member.name)'",
            hint: Suggestion.hint(for: member.name, in: [number, "program"])
              ?? "its fields are \(number) and program")
        }
      }
    case .null, .list: break
    }
    guard let first, case .scalar(let text, let plain) = first else {
      throw ValueError(
        message: "expected \(number == "ifindex" ? "an interface" : "a number"), or a mapping",
        hint: "its fields are \(number) and program")
    }
    let padding = [UInt8](repeating: 0, count: size - 4)
    let slot = program.map { [EntryReference.program($0, offset: 4)] } ?? []
    if number == "ifindex", !plain || ScalarText.integer(text) == nil {
      guard ScalarText.isInterface(text) else {
        throw ValueError(message: "\(Printable.quoted(text)) is no interface's name")
      }
      return ([0, 0, 0, 0] + padding, [.interface(text, offset: 0)] + slot)
    }
    let layout = Layout.integer(size: 4, signed: false, bigEndian: false)
    let bytes = try layout.encode(first)
    return (bytes + padding, slot)
  }
}
