public import BPFObject

/// A value of the manifest that waits for its type. It stays in the parsed text until it is asked
/// for, so that a million of them cost no more than the file.
public struct TypedData: Sendable {
  let node: YAMLNode
  let scope: VariableScope

  public var at: Position { node.at }

  /// The value with its variables put in.
  public var value: Value { value(of: node) }

  private func value(of node: YAMLNode) -> Value {
    switch node.kind {
    case .scalar, .alias:
      if node.isNull { return .null }
      let scalar = scope.scalar(node)
      return .scalar(scalar.text, plain: scalar.plain)
    case .sequence: return .list(node.elements.map(value(of:)))
    case .mapping:
      return .record(
        node.members.map { .init(name: $0.key.text, value: value(of: $0.value)) })
    }
  }

  /// Where in the file a part of the value stands; the nearest enclosing one if there is none.
  public func position(of path: [ValuePathStep]) -> Position {
    var node = node
    for step in path {
      switch step {
      case .member(let name):
        guard let next = node[name] else { return node.at }
        node = next
      case .index(let index):
        var elements = node.elements
        for _ in 0..<max(index, 0) { _ = elements.next() }
        guard let next = elements.next() else { return node.at }
        node = next
      }
    }
    return node.at
  }

  /// A sensitive variable is in it.
  public var isSensitive: Bool { isSensitive(node) }

  private func isSensitive(_ node: YAMLNode) -> Bool {
    guard scope.bindings.contains(where: \.value.sensitive) else { return false }
    switch node.kind {
    case .scalar, .alias: return scope.scalar(node).sensitive
    case .sequence: return node.elements.contains(where: isSensitive)
    case .mapping: return node.members.contains { isSensitive($0.value) }
    }
  }
}

/// The entries that stand in the manifest itself, read one by one.
public struct Items: Sequence, Sendable {
  let node: YAMLNode
  let scope: VariableScope

  public var count: Int { node.count }

  public struct Item: Sendable {
    /// Nil for queues, stacks and bloom filters.
    public var key: TypedData?
    public var value: TypedData
    public var at: Position
  }

  public struct Iterator: IteratorProtocol {
    fileprivate var elements: YAMLNode.Children
    fileprivate let scope: VariableScope

    public mutating func next() -> Item? {
      while let node = elements.next() {
        guard let value = node["value"] else { continue }
        return Item(
          key: node["key"].map { TypedData(node: $0, scope: scope) },
          value: TypedData(node: value, scope: scope), at: node.at)
      }
      return nil
    }
  }

  public func makeIterator() -> Iterator { Iterator(elements: node.elements, scope: scope) }
}

extension VariableScope {
  /// A scalar with its variables; one that cannot be expanded, which the validator reports, stays.
  func scalar(_ node: YAMLNode) -> Scalar {
    let text = node.text
    guard let expansion = try? expand(text) else {
      return Scalar(text: text, plain: node.isPlain, at: node.at)
    }
    return Scalar(expansion, of: node)
  }
}
