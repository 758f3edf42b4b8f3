/// The one strict walk over a manifest: what stands there is compared with the field table, and
/// everything that does not fit is reported.
struct Validator {
  var log: DiagnosticLog
  let scope: VariableScope
  private(set) var usedVariables: Set<String> = []
  private var substituted = 0
  /// The keys from the top down, for messages: `maps.fw/blocklist.entries`.
  private var path: [String] = []

  init(log: DiagnosticLog, scope: VariableScope) {
    self.log = log
    self.scope = scope
  }

  /// The innermost key, as messages begin.
  private var field: String { path.last.map { "'\($0)': " } ?? "" }

  private var place: String { path.isEmpty ? "the manifest" : path.joined(separator: ".") }

  /// `owner` is what a missing key is reported at: the key that the node is the value of.
  mutating func check(_ node: YAMLNode, as shape: Shape, owner: Position) {
    guard !log.isFull else { return }
    switch shape {
    case .scalar(let form): checkScalar(node, form)
    case .list(let element):
      guard node.kind == .sequence else {
        return wrongKind(node, "a list", hint: node.kind == .scalar ? "write [a, b]" : nil)
      }
      for child in node.elements {
        check(child, as: element, owner: child.at)
        if log.isFull { return }
      }
    case .oneOrMore(let element):
      guard node.kind == .sequence else { return check(node, as: element, owner: owner) }
      if node.count == 0 { wrongKind(node, "at least one", found: "an empty list") }
      check(node, as: .list(of: element), owner: owner)
    case .section(let key, let value): checkSection(node, key: key, value: value)
    case .block(let block): checkBlock(node, block, owner: owner)
    case .data: checkData(node)
    case .namedData:
      guard node.kind == .mapping else { return wrongKind(node, "a mapping") }
      for member in node.members { checkData(member.value) }
    case .type: checkType(node)
    case .later(let what):
      log.error("not-supported-yet", "\(what) is not supported yet", at: node.at)
    case .orMapping(let first, let second):
      check(node, as: node.kind == .mapping ? second : first, owner: owner)
    }
  }

  mutating func checkBlock(_ node: YAMLNode, _ block: Block, owner: Position) {
    guard node.kind == .mapping else {
      return wrongKind(
        node, "a mapping",
        hint: node.isNull && !block.fields.contains(where: \.required)
          ? "write {} for one with nothing in it" : nil)
    }
    var given: [(name: String, key: YAMLNode)] = []
    var meant: Set<String> = []
    for member in node.members where member.key.kind == .scalar {
      let name = member.key.text
      if name.hasPrefix("x-") { continue }
      guard let field = block[name] else {
        if let near = unknownKey(member.key, in: block) { meant.insert(near) }
        continue
      }
      given.append((name, member.key))
      guard field.supported else {
        log.error(
          "not-supported-yet", "'\(name)' in \(place) is not supported yet", at: member.key.at)
        continue
      }
      path.append(name)
      check(member.value, as: field.shape, owner: member.key.at)
      path.removeLast()
    }
    // A misspelt key is one mistake, not two.
    let present = meant.union(given.map(\.name))
    for field in block.fields where field.required && !present.contains(field.name) {
      log.error("missing-key", "'\(field.name)' is missing in \(place)", at: owner)
    }
    for group in block.exclusive {
      let found = given.filter { group.fields.contains($0.name) }
      if let first = found.first, let second = found.dropFirst().first {
        log.error(
          "conflicting-keys",
          "\(place) has more than one \(group.title): '\(first.name)' and '\(second.name)'",
          at: second.key.at, related: [("the other one", first.key.at)])
      } else if found.isEmpty, group.required {
        let names = group.fields.map { "'\($0)'" }.joined(separator: ", ")
        log.error("missing-key", "\(place) needs one of \(names)", at: owner)
      }
    }
  }

  /// Reports it, and gives the key that was probably meant.
  private mutating func unknownKey(_ key: YAMLNode, in block: Block) -> String? {
    let name = key.text
    // Reported as a merge key.
    if name == "<<", key.isPlain { return nil }
    let near = Suggestion.closest(to: name, in: block.fields.map(\.name))
    log.error(
      "unknown-key", "unknown key \(Printable.quoted(name)) in \(place)", at: key.at,
      hints: [
        near.map { "did you mean '\($0)'?" }
          ?? (block.fields.count <= 12
            ? "keys here: \(block.fields.map(\.name).joined(separator: ", "))" : nil)
      ])
    return near
  }

  private mutating func checkSection(_ node: YAMLNode, key: ScalarForm, value: Shape) {
    guard node.kind == .mapping else { return wrongKind(node, "a mapping") }
    for member in node.members where member.key.kind == .scalar {
      let name = member.key.text
      if name.hasPrefix("x-") { continue }
      do throws(ScalarMismatch) {
        try key.check(Scalar(text: name, plain: member.key.isPlain, at: member.key.at))
      } catch {
        log.error(
          "invalid-name",
          "\(Printable.quoted(name)) cannot be a key of \(place): expected \(key.expected)",
          at: member.key.at, hints: [error.hint])
        continue
      }
      path.append(name)
      check(member.value, as: value, owner: member.key.at)
      path.removeLast()
      if log.isFull { return }
    }
  }

  private mutating func checkScalar(_ node: YAMLNode, _ form: ScalarForm) {
    guard node.kind == .scalar else {
      return wrongKind(node, form.expected)
    }
    guard !node.isNull else {
      log.error(
        "wrong-type", "\(field)expected \(form.expected), found nothing", at: node.at,
        hints: [node.bytes.isEmpty ? "leave the key out, or give it a value" : nil])
      return
    }
    guard let scalar = expand(node) else { return }
    do throws(ScalarMismatch) {
      try form.check(scalar)
    } catch {
      log.error(
        error.code, field + error.message, at: node.at,
        hints: [
          error.hint,
          scalar.variables.isEmpty
            ? nil : "it comes from \(scalar.variables.map { "${\($0)}" }.joined(separator: ", "))",
        ])
    }
  }

  /// Typed data is compared with its type later; here only its variables and nulls are.
  private mutating func checkData(_ node: YAMLNode) {
    guard !log.isFull else { return }
    switch node.kind {
    case .scalar:
      if node.isNull {
        log.error(
          "wrong-type", "expected a value, found nothing", at: node.at,
          hints: [node.bytes.isEmpty ? nil : "quote it if it is text"])
      } else {
        _ = expand(node)
      }
    case .sequence: for child in node.elements { checkData(child) }
    case .mapping: for member in node.members { checkData(member.value) }
    case .alias: break
    }
  }

  private mutating func checkType(_ node: YAMLNode) {
    switch node.kind {
    case .scalar:
      if node.isNull {
        log.error("wrong-type", "expected a type, found nothing", at: node.at)
      } else {
        _ = expand(node)
      }
    case .mapping:
      if node.count == 0 { log.error("wrong-type", "a type needs a field", at: node.at) }
      for member in node.members { checkType(member.value) }
    case .sequence, .alias: wrongKind(node, "a type: a name such as u32, or a mapping of fields")
    }
  }

  /// The scalar with its variables; nil when that failed, which has been reported.
  private mutating func expand(_ node: YAMLNode) -> Scalar? {
    let text = node.text
    do throws(VariableScope.Failure) {
      guard let expansion = try scope.expand(text) else {
        return Scalar(text: text, plain: node.isPlain, at: node.at)
      }
      usedVariables.formUnion(expansion.used)
      substituted += expansion.text.utf8.count
      guard substituted <= VariableScope.budget else {
        throw VariableScope.Failure(
          code: "too-large",
          message: "variables make more than \(VariableScope.budget) bytes of text up to here",
          hints: [])
      }
      guard !expansion.unresolved else { return nil }
      return Scalar(expansion, of: node)
    } catch {
      log.error(error.code, error.message, at: node.at, hints: error.hints)
      return nil
    }
  }

  private mutating func wrongKind(
    _ node: YAMLNode, _ expected: String, found: String? = nil, hint: String? = nil
  ) {
    let kind =
      switch node.kind {
      case .sequence: "a list"
      case .mapping: "a mapping"
      case .scalar, .alias: node.isNull ? "nothing" : Printable.quoted(node.text)
      }
    let found = found ?? kind
    log.error(
      "wrong-type", "\(field)expected \(expected), found \(found)", at: node.at, hints: [hint])
  }
}

extension Scalar {
  init(_ expansion: VariableScope.Expansion, of node: YAMLNode) {
    self.init(
      text: expansion.text, plain: expansion.used.isEmpty ? node.isPlain : true, at: node.at,
      variables: expansion.used, sensitive: expansion.sensitive)
  }
}
