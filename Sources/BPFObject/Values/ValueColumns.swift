/// The header of a table whose columns are parts of one value: `key`, `key.addr`, `value.packets`,
/// `value.ports.0`.
///
/// The header is checked once; each row then becomes a `Value` without looking at names again.
public struct ValueColumns: Sendable {
  private let root: Node

  private indirect enum Node: Sendable {
    case column(Int)
    case record([(name: String, node: Node)])
    case list([Node])
  }

  /// Throws for an empty, repeated or contradictory column (`key` beside `key.addr`), and for
  /// list indexes with gaps. The error's path is the column's.
  public init(header: [String]) throws(ValueError) {
    let paths = header.enumerated().map { index, name in
      (index, name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)[...])
    }
    root = try ValueColumns.node(paths, depth: 0)
  }

  /// How many levels a column's name may have.
  private static let maximumDepth = 32

  private static func node(
    _ columns: [(index: Int, path: ArraySlice<String>)], depth: Int
  ) throws(ValueError) -> Node {
    guard depth <= maximumDepth else {
      throw ValueError(message: "columns nest more than \(maximumDepth) deep")
    }
    if columns.count == 1, columns[0].path.isEmpty { return .column(columns[0].index) }
    var order: [String] = []
    var groups: [String: [(index: Int, path: ArraySlice<String>)]] = [:]
    for column in columns {
      guard let name = column.path.first else {
        let repeated = columns.allSatisfy { $0.path.isEmpty }
        throw ValueError(
          message: repeated
            ? "the column is given more than once"
            : "the column stands beside columns for its fields")
      }
      guard !name.isEmpty else { throw ValueError(message: "a column without a name") }
      if groups[name] == nil { order.append(name) }
      groups[name, default: []].append((column.index, column.path.dropFirst()))
    }
    let isList = order.allSatisfy { $0.utf8.allSatisfy { (48...57).contains($0) } }
    if isList, depth > 0 {
      guard Set(order) == Set((0..<order.count).map(String.init)) else {
        throw ValueError(message: "list columns must count from 0 without a gap")
      }
      order = (0..<order.count).map(String.init)
    }
    var nodes: [(name: String, node: Node)] = []
    for (index, name) in order.enumerated() {
      do {
        nodes.append((name, try node(groups[name] ?? [], depth: depth + 1)))
      } catch {
        throw error.inside(isList && depth > 0 ? .index(index) : .member(name))
      }
    }
    return isList && depth > 0 ? .list(nodes.map(\.node)) : .record(nodes)
  }

  /// The value of one row; nil cells, and what holds only nil cells, are left out of mappings
  /// (a union's other alternatives) and null in lists. Missing cells count as nil.
  public func value(row: [Value?]) -> Value {
    ValueColumns.build(root, row) ?? .record([])
  }

  private static func build(_ node: Node, _ row: [Value?]) -> Value? {
    switch node {
    case .column(let index): return index < row.count ? row[index] : nil
    case .list(let nodes):
      let elements = nodes.map { build($0, row) }
      return elements.allSatisfy { $0 == nil } ? nil : .list(elements.map { $0 ?? .null })
    case .record(let nodes):
      var members: [Value.Member] = []
      members.reserveCapacity(nodes.count)
      for (name, node) in nodes {
        if let value = build(node, row) {
          members.append(Value.Member(name: name, value: value))
        }
      }
      return members.isEmpty ? nil : .record(members)
    }
  }
}

extension Value {
  /// A nested value from columns: `[("key.addr", a), ("key.port", p)]` is
  /// `{key: {addr: a, port: p}}`. For many rows see `ValueColumns`.
  public init(columns: [(name: String, value: Value)]) throws(ValueError) {
    self = try ValueColumns(header: columns.map(\.name)).value(row: columns.map(\.value))
  }
}
