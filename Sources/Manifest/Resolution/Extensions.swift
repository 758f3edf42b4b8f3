internal import BPFObject
internal import Planning

/// Programs that take the place of another program's function (freplace).
extension Resolver {
  /// The function, and whose it is; nil when that is not said, which is reported.
  mutating func extensionTarget(
    of image: ProgramImage, _ declared: Manifest.ProgramDeclaration?, _ ref: String,
    at position: Position
  ) -> (function: String, target: ExtensionTarget)? {
    guard let function = image.attachTarget else {
      log.error(
        "missing-key",
        "the section '\(image.section)' of '\(ref)' does not say which function it replaces",
        at: position, hints: ["name it in the source: SEC(\"freplace/FUNCTION\")"])
      return nil
    }
    guard let text = declared?.attachTo else {
      log.error(
        "missing-key", "it is not said whose function \(function) is that '\(ref)' replaces",
        at: declared?.ref.at ?? position,
        hints: ["programs: {\(ref): {attach_to: program.OBJECT/NAME}}, or the path of a pin"])
      return nil
    }
    guard let target = ExtensionTarget(text.value) else {
      log.error(
        "invalid-value",
        "'attach_to': expected program.OBJECT/NAME or a path, found '\(text.value)'",
        at: text.at, hints: ["the function is named in the section: \(function)"])
      return nil
    }
    if case .program(let other) = target {
      guard other != ref else {
        log.error("invalid-value", "'\(ref)' cannot replace a function of its own", at: text.at)
        return nil
      }
      pending.append((.program(other), text.at))
    }
    return (function, target)
  }

  /// When all programs are there: the functions that are to be replaced are there too.
  mutating func checkExtensions() {
    for ref in programs.keys.sorted() {
      guard let program = programs[ref], let function = program.attachTo,
        case .program(let other)? = program.extends, let target = programs[other]
      else { continue }
      let position = declaredPrograms[ref]?.attachTo?.at ?? declaredPrograms[ref]?.ref.at
      guard let position else { continue }
      if target.image.type == .ext {
        log.error(
          "wrong-program", "'\(other)' is an extension itself, and those are not extended",
          at: position)
        continue
      }
      guard let types = objects[target.object]?.file.btf else { continue }
      let functions = target.image.functionInfo.filter {
        types.linkage(of: $0.typeID) == .global
      }.map { types.name(of: $0.typeID) }
      guard !functions.contains(function) else { continue }
      let isStatic = target.image.functionInfo.contains { types.name(of: $0.typeID) == function }
      log.error(
        "unknown-function",
        isStatic
          ? "the function \(function) of '\(other)' is static, and only global ones are replaced"
          : "the program '\(other)' has no function \(function) that '\(ref)' could replace",
        at: position,
        hints: [
          Suggestion.hint(for: function, in: functions) ?? Self.listing(functions.sorted())
        ])
    }
  }
}
