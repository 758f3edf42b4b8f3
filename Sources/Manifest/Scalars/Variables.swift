/// Values for variables from outside of the manifest.
public struct VariableInputs: Sendable {
  /// `BPFAPPLY_VAR_name` of the environment, by name without the prefix. Names that the manifest
  /// does not declare are no error: an environment is shared.
  public var environment: [String: String]
  /// `--var name=value`, in order; a later one wins. Undeclared names are errors.
  public var assignments: [(name: String, value: String)]

  public init(
    environment: [String: String] = [:], assignments: [(name: String, value: String)] = []
  ) {
    self.environment = environment
    self.assignments = assignments
  }
}

/// The variables' values, and how they are put into scalars.
struct VariableScope: Sendable {
  struct Binding: Sendable {
    var value: String
    var sensitive: Bool
  }

  /// Text that all substitutions together may make; bounds a long value used a million times.
  static let budget = 64 << 20

  var bindings: [String: Binding] = [:]
  /// Declared without a value: reported once, at the declaration.
  var unset: Set<String> = []

  struct Failure: Error {
    var code: String
    var message: String
    var hints: [String?]
  }

  struct Expansion {
    var text: String
    var used: [String]
    var sensitive: Bool
    /// A variable without a value is in it: what it would be cannot be checked.
    var unresolved: Bool
  }

  /// Replaces each `${name}` and turns `$${` into `${`; nil when neither is in the text.
  func expand(_ text: String) throws(Failure) -> Expansion? {
    let bytes = Array(text.utf8)
    guard bytes.contains(UInt8(ascii: "$")) else { return nil }
    var out: [UInt8] = []
    var result = Expansion(text: "", used: [], sensitive: false, unresolved: false)
    var index = 0
    var changed = false
    func starts(_ pattern: String) -> Bool { bytes[index...].starts(with: pattern.utf8) }
    while index < bytes.count {
      if starts("$${") {
        out += Array("${".utf8)
        index += 3
        changed = true
      } else if starts("${") {
        guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else {
          throw Failure(
            code: "malformed-substitution", message: "'${' is not closed by '}'",
            hints: ["$${ stands for ${ itself"])
        }
        let name = String(decoding: bytes[index + 2..<end], as: UTF8.self)
        result.used.append(name)
        if unset.contains(name) {
          result.unresolved = true
        } else {
          let binding = try binding(of: name)
          out += Array(binding.value.utf8)
          result.sensitive = result.sensitive || binding.sensitive
        }
        index = end + 1
        changed = true
      } else {
        out.append(bytes[index])
        index += 1
      }
      guard out.count <= 1 << 20 else {
        throw Failure(
          code: "too-large", message: "variables make more than 1 MiB of text here", hints: [])
      }
    }
    guard changed else { return nil }
    result.text = String(decoding: out, as: UTF8.self)
    return result
  }

  private func binding(of name: String) throws(Failure) -> Binding {
    if let binding = bindings[name] { return binding }
    guard ScalarText.isName(name) else {
      throw Failure(
        code: "malformed-substitution",
        message: "\(Printable.quoted("${\(name)}")) does not name a variable",
        hints: ["$${ stands for ${ itself"])
    }
    throw Failure(
      code: "unknown-variable", message: "no variable '\(name)' is declared",
      hints: [
        Suggestion.hint(for: name, in: bindings.keys.sorted()) ?? "declare it under 'variables'"
      ])
  }
}
