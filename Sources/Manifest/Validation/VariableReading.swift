extension VariableScope {
  /// The declared variables with their values, by ascending precedence: the default,
  /// `BPFAPPLY_VAR_name`, `--var name=value`. Declarations hold no variables themselves.
  static func read(
    _ root: YAMLNode, inputs: VariableInputs, log: inout DiagnosticLog
  ) -> (scope: VariableScope, declared: [Manifest.Variable]) {
    var scope = VariableScope()
    var declared: [Manifest.Variable] = []
    let assigned = Dictionary(
      inputs.assignments.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    guard let section = root["variables"] else { return finish(scope, declared, assigned, &log) }
    for member in section.members {
      let name = member.key.text
      guard ScalarText.isName(name), member.value.kind == .mapping else { continue }
      let sensitive = member.value["sensitive"].flatMap { ScalarText.boolean($0.text) } ?? false
      var value: String?
      var source = Manifest.Variable.Source.default
      if let node = member.value["default"], node.kind == .scalar, !node.isNull {
        value = node.text.replacing("$${", with: "${")
      }
      if let text = inputs.environment[name] { (value, source) = (text, .environment) }
      if let text = assigned[name] { (value, source) = (text, .commandLine) }
      if let value {
        scope.bindings[name] = Binding(value: value, sensitive: sensitive)
        declared.append(
          .init(
            name: name, value: value, sensitive: sensitive, source: source,
            description: member.value["description"]?.text, at: member.key.at))
      } else {
        scope.unset.insert(name)
        log.error(
          "variable-without-value", "the variable '\(name)' has no default and no value was given",
          at: member.key.at, hints: ["give one: --var \(name)=… or BPFAPPLY_VAR_\(name)=…"])
      }
    }
    return finish(scope, declared, assigned, &log)
  }

  private static func finish(
    _ scope: VariableScope, _ declared: [Manifest.Variable], _ assigned: [String: String],
    _ log: inout DiagnosticLog
  ) -> (scope: VariableScope, declared: [Manifest.Variable]) {
    let names = (Array(scope.bindings.keys) + scope.unset).sorted()
    for name in assigned.keys.sorted() where !names.contains(name) {
      log.error(
        "unknown-variable", "--var names '\(name)', which the manifest does not declare", at: nil,
        hints: [Suggestion.hint(for: name, in: names)])
    }
    return (scope, declared)
  }
}
