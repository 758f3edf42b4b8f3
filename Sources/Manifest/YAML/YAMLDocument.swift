/// A parsed YAML document: all nodes in one array in the order of the text, and the text of all
/// scalars in another. Aliases are references, so that what they repeat is held once.
///
/// 24 bytes for each node beside its text: a manifest of 10 MB holds some millions of them.
final class YAMLDocument: Sendable {
  struct Record: Sendable {
    var kind: Kind
    /// A scalar whose text decides what it is: neither quoted, nor a block, nor tagged `!!str`.
    var plain: Bool
    var line: UInt32
    var column: UInt32
    var length: UInt32
    /// Scalar: where its text starts. Collection: the number of children. Alias: its target.
    var first: UInt32
    /// Scalar: the length of its text. Collection: the index behind its last descendant.
    var second: UInt32
  }

  enum Kind: UInt8, Sendable { case scalar, sequence, mapping, alias }

  let records: [Record]
  let text: [UInt8]

  init(records: [Record], text: [UInt8]) {
    self.records = records
    self.text = text
  }

  /// Nil for an empty document.
  var root: YAMLNode? { records.isEmpty ? nil : YAMLNode(document: self, index: 0) }
}

/// A node of a document. One that stands for an alias has the alias's position and the target's
/// content.
struct YAMLNode: Sendable {
  let document: YAMLDocument
  let at: Position
  private let index: Int

  init(document: YAMLDocument, index: Int) {
    self.document = document
    let record = document.records[index]
    self.at = Position(line: record.line, column: record.column, length: record.length)
    // The parser refers aliases to what is no alias itself.
    self.index = record.kind == .alias ? Int(record.first) : index
  }

  private var record: YAMLDocument.Record { document.records[index] }

  var kind: YAMLDocument.Kind { record.kind }

  var isPlain: Bool { record.plain }

  /// The bytes of a scalar; empty for a collection.
  var bytes: ArraySlice<UInt8> {
    let record = record
    guard record.kind == .scalar else { return [] }
    let start = Int(record.first)
    return document.text[start..<start + Int(record.second)]
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The null of the core schema: nothing, `~`, `null`.
  var isNull: Bool {
    let record = record
    guard record.kind == .scalar, record.plain, record.second <= 4 else { return false }
    switch text {
    case "", "~", "null", "Null", "NULL": return true
    default: return false
    }
  }

  /// Children: elements of a sequence, members of a mapping.
  var count: Int {
    let record = record
    switch record.kind {
    case .sequence: return Int(record.first)
    case .mapping: return Int(record.first) / 2
    case .scalar, .alias: return 0
    }
  }

  /// The elements of a sequence, in order; nothing for other kinds.
  var elements: Children { Children(node: kind == .sequence ? self : nil) }

  /// The members of a mapping, in order; nothing for other kinds.
  var members: Members { Members(children: Children(node: kind == .mapping ? self : nil)) }

  /// The member of a mapping with that key, found by walking over its members.
  subscript(key: String) -> YAMLNode? {
    for member in members where member.key.bytes.elementsEqual(key.utf8) { return member.value }
    return nil
  }

  struct Children: Sequence, IteratorProtocol {
    private let document: YAMLDocument?
    private var position: Int
    private let end: Int

    fileprivate init(node: YAMLNode?) {
      document = node?.document
      position = (node?.index ?? 0) + 1
      end = node.map { Int($0.record.second) } ?? 0
    }

    mutating func next() -> YAMLNode? {
      guard let document, position < end else { return nil }
      defer {
        let record = document.records[position]
        switch record.kind {
        case .scalar, .alias: position += 1
        case .sequence, .mapping: position = Int(record.second)
        }
      }
      return YAMLNode(document: document, index: position)
    }
  }

  struct Members: Sequence, IteratorProtocol {
    fileprivate var children: Children

    mutating func next() -> (key: YAMLNode, value: YAMLNode)? {
      guard let key = children.next(), let value = children.next() else { return nil }
      return (key, value)
    }
  }
}
