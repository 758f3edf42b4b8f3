/// A CO-RE relocation as the object holds it: a place whose number depends on the kernel's types.
public struct RelocationSite: Hashable, Sendable {
  /// The function that it stands in.
  public var function: String
  /// Slots from the function's start.
  public var instruction: Int
  /// What is asked for, in libbpf's word: `byte_off`, `type_exists`.
  public var kind: String
  /// The type that it starts from, in C: `struct task_struct`.
  public var type: String
  /// Members and indexes by number: `0:1:2`.
  public var access: String
}

extension ObjectFile {
  /// All CO-RE relocations of the object's functions, by section and position.
  public var relocationSites: [RelocationSite] {
    guard let btf else { return [] }
    var sites: [RelocationSite] = []
    for function in code.functions {
      let section = code.sectionNames[function.section] ?? ""
      for entry in BTFExtension.slice(
        code.extended.coreRelocations[section], from: function.start, to: function.end,
        by: { $0.instruction })
      {
        let kind = Int(exactly: entry.kind) ?? .max
        sites.append(
          RelocationSite(
            function: function.name, instruction: Int(entry.instruction) - function.start,
            kind: Self.relocationKinds.indices.contains(kind)
              ? Self.relocationKinds[kind] : "kind \(entry.kind)",
            type: btf.declaration(of: entry.typeID), access: btf.name(at: entry.accessString)))
      }
    }
    return sites
  }

  /// `enum bpf_core_relo_kind`.
  private static let relocationKinds = [
    "byte_off", "byte_sz", "field_exists", "signed", "lshift_u64", "rshift_u64", "local_type_id",
    "target_type_id", "type_exists", "type_size", "enumval_exists", "enumval_value",
    "type_matches",
  ]
}

extension BTF {
  /// A type as C names it: `struct task_struct`, `enum pid_type`, `u32`.
  public func declaration(of id: UInt32) -> String {
    let name = name(of: id)
    let shown = name.isEmpty ? "(anonymous)" : name
    return switch kind(of: id) {
    case .structure: "struct \(shown)"
    case .union: "union \(shown)"
    case .enumeration, .enumeration64: "enum \(shown)"
    case .pointer: "pointer"
    case .void: "void"
    case .functionPrototype: "function"
    default: shown
    }
  }
}
