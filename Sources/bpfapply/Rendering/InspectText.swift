import BPFObject

/// What an object file holds, as text for people.
struct InspectText {
  var inspection: Inspection
  var style: Style

  init(_ inspection: Inspection, style: Style = .plain) {
    self.inspection = inspection
    self.style = style
  }

  private var object: ObjectFile { inspection.object }

  func render() -> String {
    let license = object.license.isEmpty ? "no license" : "license \(visible(object.license))"
    let btf = object.btf.map { counted($0.count - 1, "type") } ?? "no BTF"
    var sections = ["\(style(visible(inspection.path), .bold)): \(license), \(btf)\n"]
    for (title, lines) in [
      ("programs", inspection.programs.flatMap(program)), ("maps", object.maps.flatMap(map)),
      ("globals", globals), ("externs", externs), ("CO-RE relocations", relocations),
    ] where !lines.isEmpty {
      sections.append(style(title, .bold) + "\n" + lines.map { "  \($0)\n" }.joined())
    }
    return sections.joined(separator: "\n")
  }

  private func program(_ item: Inspection.Program) -> [String] {
    let program = item.program
    var facts = [program.type == .unspecified ? "type unknown" : program.type.description]
    if let type = program.expectedAttachType { facts.append("attach type \(type)") }
    facts += Inspection.programFlags(program)
    facts.append(counted(item.image?.instructions.count ?? program.instructionCount, "instruction"))
    var lines = [
      "\(visible(program.name))  \(visible(Inspection.section(program)))  "
        + facts.joined(separator: ", ")
    ]
    lines.append("  tag \(visible(item.tag.text))")
    if let image = item.image {
      if !image.reachableMaps.isEmpty {
        lines.append("  maps \(visible(image.reachableMaps.joined(separator: ", ")))")
      }
      if item.functions.count > 1 {
        lines.append("  calls \(visible(item.functions.dropFirst().joined(separator: ", ")))")
      }
      let externs = Set(image.externs.map(\.name)).sorted()
      if !externs.isEmpty { lines.append("  kernel \(visible(externs.joined(separator: ", ")))") }
    }
    return lines
  }

  private func map(_ map: MapSpec) -> [String] {
    var facts = [map.type.description]
    if map.data != nil {
      facts.append(counted(Int(map.valueSize), "byte"))
    } else {
      if map.keySize > 0 {
        facts.append("key \(inspection.type(map.keyTypeID, size: map.keySize))")
      }
      if map.valueSize > 0 {
        facts.append("value \(inspection.type(map.valueTypeID, size: map.valueSize))")
      }
      facts.append("max_entries \(map.maxEntries)")
    }
    if map.flags != 0 {
      facts.append("flags \(Inspection.flags(map.flags).joined(separator: " "))")
    }
    if let node = map.numaNode { facts.append("numa_node \(node)") }
    if map.extra != 0 { facts.append("map_extra 0x\(String(map.extra, radix: 16))") }
    if map.pinByName { facts.append("pinned by name") }
    if let inner = map.inner.first {
      facts.append("of \(inner.type) with max_entries \(inner.maxEntries)")
    }
    var lines = ["\(visible(map.name))  \(visible(facts.joined(separator: ", ")))"]
    for (slot, name) in map.slots.sorted(by: { $0.key < $1.key }) {
      lines.append("  \(slot) = \(visible(name))")
    }
    return lines
  }

  private var globals: [String] {
    object.maps.filter { $0.data != nil }.flatMap { section in
      object.described(section).map { variable, layout in
        let hidden = variable.isStatic ? "  (static)" : ""
        guard let layout else {
          return "\(visible(variable.name))  \(section.name)  \(counted(variable.size, "byte"))"
            + hidden
        }
        let value = layout.decode(object.contents(of: variable)).text(limit: 80)
        return visible(
          "\(variable.name)  \(section.name)  \(cut(layout.description)) = \(value)") + hidden
      }
    }
  }

  private var externs: [String] {
    object.externs.map { extern in
      visible(extern.name) + "  " + visible(inspection.kind(of: extern))
        + (extern.isWeak ? ", weak" : "")
    }
  }

  /// By function and type: an object may have thousands.
  private var relocations: [String] {
    var counts: [String: Int] = [:]
    var order: [String] = []
    for site in object.relocationSites {
      let line = "\(site.function)  \(site.kind) of \(site.type)"
      if counts[line] == nil { order.append(line) }
      counts[line, default: 0] += 1
    }
    return order.map { line in
      let count = counts[line] ?? 1
      return visible(line) + (count > 1 ? "  (\(count) times)" : "")
    }
  }

  private func cut(_ text: String) -> String {
    text.count > 80 ? text.prefix(79) + "…" : text
  }
}
