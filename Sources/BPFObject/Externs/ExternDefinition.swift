/// What a use of an extern has to know of its declaration.
struct ExternDefinition: Sendable {
  var name: String
  var isFunction: Bool
  var isWeak: Bool
  var typeID: UInt32
  var number: Int
  /// In the value of the `.kconfig` map; nil for `.ksyms`.
  var configurationOffset: UInt32?

  var isTyped: Bool { typeID != 0 }

  func reference(at instruction: Int, isCall: Bool) -> ExternReference {
    ExternReference(
      instruction: instruction, name: name, isCall: isCall, isFunction: isFunction,
      isWeak: isWeak, typeID: typeID, number: number)
  }
}

extension ObjectFile {
  /// The name of the map of `.kconfig` variables.
  static let configurationMap = ".kconfig"

  /// By name; numbered as libbpf sorts them, configuration first and kernel symbols by name.
  var externDefinitions: [String: ExternDefinition] {
    let configuration = map(Self.configurationMap)?.data?.configuration ?? []
    let offsets = Dictionary(
      configuration.map { ($0.name, UInt32(truncatingIfNeeded: $0.offset)) },
      uniquingKeysWith: { first, _ in first })
    let symbols = externs.filter { $0.section == ".ksyms" }.sorted {
      $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    var definitions: [String: ExternDefinition] = [:]
    for (index, variable) in configuration.enumerated() {
      definitions[variable.name] = ExternDefinition(
        name: variable.name, isFunction: false, isWeak: variable.isWeak, typeID: 0, number: index,
        configurationOffset: offsets[variable.name])
    }
    for (index, extern) in symbols.enumerated() {
      definitions[extern.name] = ExternDefinition(
        name: extern.name, isFunction: extern.isFunction, isWeak: extern.isWeak,
        typeID: btf?.skipModifiers(extern.typeID)?.id ?? 0, number: configuration.count + index)
    }
    return definitions
  }
}
