public import Planning

extension ScalarForm {
  /// What a message says that it expected.
  var expected: String {
    switch self {
    case .name: "a name"
    case .reference: "NAME or OBJECT/NAME"
    case .qualifiedReference: "OBJECT/NAME"
    case .objectMap: "the name of a map in the object"
    case .string: "text"
    case .path: "a path"
    case .bpffsPath: "an absolute path on the bpffs"
    case .interface: "the name of an interface"
    case .cpu: "all, or the number of a CPU"
    case .interfacePattern: "a pattern of names of interfaces"
    case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
    case .unsigned: "an integer from 0 to \(UInt64.max)"
    case .size: "an integer from 0 to \(UInt32.max)"
    case .boolean: "true or false"
    case .choice(let choices):
      Self.list(choices.filter(\.supported).map(\.name))
    case .mode: "permissions in octal and in quotes, such as \"0640\""
    case .sha256: "64 hexadecimal digits"
    case .account: "the name or number of an account"
    case .tracepoint: "category:event"
    case .attachmentReference: "NAME or NAME/INSTANCE"
    case .entriesFile: "the path of a .csv or .jsonl file"
    case .address: "map.REF, program.REF, attachment.NAME[/INSTANCE] or pin.NAME"
    case .adoption: "true, or an absolute path on the bpffs"
    }
  }

  private static func list(_ names: [String]) -> String {
    guard names.count <= 6 else { return "one of \(names.count) known names" }
    guard let last = names.last, names.count > 1 else { return "'\(names.first ?? "")'" }
    return names.dropLast().map { "'\($0)'" }.joined(separator: ", ") + " or '\(last)'"
  }

  func check(_ scalar: Scalar) throws(ScalarMismatch) {
    let text = scalar.text
    switch self {
    case .name: try nameCheck(scalar, ScalarText.isName(text))
    case .reference: try nameCheck(scalar, ScalarText.isReference(text))
    case .qualifiedReference:
      guard ScalarText.isReference(text), text.utf8.contains(0x2F) else {
        throw mismatch(
          scalar, hint: ScalarText.isName(text) ? "name its object too: OBJECT/\(text)" : nameHint)
      }
    case .objectMap: try nameCheck(scalar, ScalarText.isObjectName(text))
    case .string: break
    case .path:
      guard !text.isEmpty, !text.utf8.contains(0) else { throw mismatch(scalar) }
    case .bpffsPath: try bpffsCheck(scalar)
    case .interface:
      guard ScalarText.isInterface(text) else {
        throw mismatch(
          scalar, hint: "at most 15 bytes, without spaces, '/' and ':'; [a, b] for several")
      }
    case .cpu:
      guard text == "all" || ScalarText.integer(text).map({ 0..<1 << 16 ~= $0 }) == true else {
        throw mismatch(scalar, hint: "numbers begin at 0; [0, 1] for several")
      }
    case .interfacePattern:
      guard !text.isEmpty,
        !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x2F || $0 == 0x3A || $0 == 0x7F })
      else { throw mismatch(scalar, hint: "without spaces, '/' and ':'; [a, b] for several") }
    case .integer(let range):
      let value = try number(scalar)
      guard value >= Int128(range.lowerBound), value <= Int128(range.upperBound) else {
        throw outOfRange(scalar)
      }
    case .unsigned:
      guard UInt64(exactly: try number(scalar)) != nil else { throw outOfRange(scalar) }
    case .size:
      guard scalar.plain, let value = ScalarText.size(text) else {
        throw typeMismatch(scalar)
      }
      guard value <= UInt64(UInt32.max) else { throw outOfRange(scalar) }
    case .boolean:
      guard scalar.plain, ScalarText.boolean(text) != nil else {
        let words = ["yes": "true", "on": "true", "no": "false", "off": "false"]
        throw typeMismatch(
          scalar,
          hint: words[text.lowercased()].map { "YAML 1.2 writes it '\($0)'" }
            ?? (scalar.plain ? nil : "without quotes"))
      }
    case .choice(let choices): try choiceCheck(scalar, choices)
    case .mode:
      guard !scalar.plain || !scalar.variables.isEmpty else {
        throw mismatch(
          scalar,
          hint: text.allSatisfy { $0.isASCII && $0.isNumber }
            ? "quote it: without quotes \(text) is a decimal number" : nil)
      }
      guard ScalarText.mode(text) != nil else { throw mismatch(scalar) }
    case .sha256:
      guard text.utf8.count == 64, text.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
        throw mismatch(scalar, hint: "sha256sum FILE prints it")
      }
    case .account:
      guard !text.isEmpty, !text.contains(where: { $0 == ":" || $0.isWhitespace }) else {
        throw mismatch(scalar)
      }
    case .tracepoint:
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2, parts.allSatisfy({ ScalarText.isName($0) }) else {
        throw mismatch(
          scalar,
          hint: text.utf8.contains(0x2F)
            ? "did you mean '\(text.replacing("/", with: ":"))'?" : nil)
      }
    case .attachmentReference:
      guard ScalarText.isName(text.prefix { $0 != "/" }), !text.hasSuffix("/") else {
        throw mismatch(scalar, hint: nameHint)
      }
    case .entriesFile:
      guard text.hasSuffix(".csv") || text.hasSuffix(".jsonl") else { throw mismatch(scalar) }
    case .address:
      guard ScalarText.address(text) != nil else {
        throw mismatch(scalar, hint: ScalarText.addressHint(text))
      }
    case .adoption:
      if scalar.plain, ScalarText.boolean(text) == true { return }
      if scalar.plain, ScalarText.boolean(text) == false {
        throw mismatch(scalar, hint: "leave it out to adopt nothing")
      }
      try bpffsCheck(scalar)
    }
  }

  private var nameHint: String {
    "names are letters, digits, '_' and '-', and start with a letter or '_'"
  }

  private func nameCheck(_ scalar: Scalar, _ good: Bool) throws(ScalarMismatch) {
    if !good { throw mismatch(scalar, hint: nameHint) }
  }

  private func number(_ scalar: Scalar) throws(ScalarMismatch) -> Int128 {
    guard scalar.plain else { throw typeMismatch(scalar, hint: "without quotes") }
    guard let value = ScalarText.integer(scalar.text) else { throw typeMismatch(scalar) }
    return value
  }

  private func bpffsCheck(_ scalar: Scalar) throws(ScalarMismatch) {
    let parts = scalar.text.split(separator: "/")
    guard scalar.text.hasPrefix("/"), !parts.isEmpty, !scalar.text.hasSuffix("/"),
      !scalar.text.utf8.contains(0)
    else { throw mismatch(scalar) }
    if let dotted = parts.first(where: { $0.utf8.contains(0x2E) }) {
      throw mismatch(scalar, hint: "the bpffs takes no names with a dot: '\(dotted)'")
    }
  }

  private func choiceCheck(
    _ scalar: Scalar, _ choices: [Choice]
  ) throws(ScalarMismatch) {
    guard let choice = choices.first(where: { $0.name == scalar.text }) else {
      let names = choices.map(\.name)
      throw mismatch(scalar, hint: Suggestion.hint(for: scalar.text, in: names))
    }
    guard choice.supported else {
      throw ScalarMismatch(
        code: "not-supported-yet", message: "'\(choice.name)' is not supported yet",
        hint: "supported here: \(expected)")
    }
  }

  private func mismatch(_ scalar: Scalar, hint: String? = nil) -> ScalarMismatch {
    ScalarMismatch(message: "expected \(expected), found \(scalar.shown)", hint: hint)
  }

  private func typeMismatch(_ scalar: Scalar, hint: String? = nil) -> ScalarMismatch {
    ScalarMismatch(
      code: "wrong-type", message: "expected \(expected), found \(scalar.shown)", hint: hint)
  }

  private func outOfRange(_ scalar: Scalar) -> ScalarMismatch {
    ScalarMismatch(message: "\(scalar.shown) is out of range: expected \(expected)")
  }
}

extension ScalarText {
  /// An address whose names are names.
  public static func address(_ text: String) -> Address? {
    guard let address = Address(text) else { return nil }
    let isValid =
      switch address {
      case .map(let ref): isReference(ref)
      case .program(let ref): isReference(ref) && ref.utf8.contains(0x2F)
      case .attachment(let name, _), .pin(let name): isName(name)
      }
    return isValid ? address : nil
  }

  /// `maps.x` is what a section of the manifest is called, and `map.x` the address.
  static func addressHint(_ text: String) -> String? {
    for kind in ["map", "program", "attachment", "pin"] where text.hasPrefix("\(kind)s.") {
      return "did you mean '\(kind)\(text.dropFirst(kind.count + 1))'?"
    }
    return nil
  }

  /// NAME or OBJECT/NAME.
  public static func isReference(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    switch parts.count {
    case 1: return isName(text)
    case 2: return isName(parts[0]) && isObjectName(parts[1])
    default: return false
    }
  }
}
