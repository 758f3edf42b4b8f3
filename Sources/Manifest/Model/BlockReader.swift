internal import BPFObject

/// Reads the fields of a block that the validator has walked over. What it reported reads as absent.
struct BlockReader {
  let scope: VariableScope
  let at: Position
  private var fields: [String: (key: YAMLNode, value: YAMLNode)] = [:]

  init(_ node: YAMLNode?, scope: VariableScope, at: Position) {
    self.scope = scope
    self.at = at
    guard let node else { return }
    for member in node.members where fields[member.key.text] == nil {
      fields[member.key.text] = member
    }
  }

  var names: Set<String> { Set(fields.keys) }

  subscript(name: String) -> YAMLNode? { fields[name]?.value }

  func keyPosition(_ name: String) -> Position { fields[name]?.key.at ?? at }

  func text(_ name: String) -> Located<String>? { self[name].flatMap(text(of:)) }

  func text(of node: YAMLNode) -> Located<String>? {
    guard node.kind == .scalar, !node.isNull else { return nil }
    return Located(scope.scalar(node).text, at: node.at)
  }

  /// One or several scalars.
  func texts(_ name: String) -> [Located<String>] {
    guard let node = self[name] else { return [] }
    return node.kind == .sequence
      ? node.elements.compactMap(text(of:)) : text(of: node).map { [$0] } ?? []
  }

  func map<Result>(_ name: String, _ transform: (String) -> Result?) -> Located<Result>? {
    text(name).flatMap { text in transform(text.value).map { Located($0, at: text.at) } }
  }

  func boolean(_ name: String) -> Located<Bool>? { map(name, ScalarText.boolean) }

  func number<Number: FixedWidthInteger>(_ name: String, as type: Number.Type) -> Located<Number>? {
    map(name) { text in ScalarText.integer(text).flatMap { Number(exactly: $0) } }
  }

  func enumeration<Enumeration: KernelEnumeration>(
    _ name: String, as type: Enumeration.Type
  ) -> Located<Enumeration>? {
    map(name) { Enumeration(name: $0) }
  }

  /// A list of flag names as bits.
  func flags(_ name: String, _ known: [(name: String, bit: UInt32)]) -> Located<UInt32>? {
    guard let node = self[name], node.kind == .sequence else { return nil }
    let bits = texts(name).reduce(UInt32(0)) { bits, flag in
      bits | (known.first { $0.name == flag.value }?.bit ?? 0)
    }
    return Located(bits, at: node.at)
  }

  func data(_ name: String) -> TypedData? {
    self[name].map { TypedData(node: $0, scope: scope) }
  }

  func block(_ name: String) -> BlockReader? {
    fields[name].map { BlockReader($0.value, scope: scope, at: $0.key.at) }
  }

  /// The entries of a section, without `x-` keys.
  func section(_ name: String) -> [(name: Located<String>, node: YAMLNode)] {
    guard let node = self[name] else { return [] }
    return node.members.compactMap { member in
      let key = member.key.text
      return key.hasPrefix("x-") ? nil : (Located(key, at: member.key.at), member.value)
    }
  }
}
