import BPFObject
import Reconciling

/// What an object file holds, as text for people.
struct InspectText {
  var inspection: Inspection
  /// All CO-RE relocations, or only those that cannot be done.
  var listsRelocations: Bool
  var style: Style

  init(_ inspection: Inspection, listsRelocations: Bool = false, style: Style = .plain) {
    self.inspection = inspection
    self.listsRelocations = listsRelocations
    self.style = style
  }

  private var object: ObjectFile { inspection.object }

  func render() -> String {
    let license = object.license.isEmpty ? "no license" : "license \(visible(object.license))"
    let btf = object.btf.map { counted($0.count - 1, "type") } ?? "no BTF"
    var sections = ["\(style(visible(inspection.path), .bold)): \(license), \(btf)\n\(kernel)"]
    for (title, lines) in [
      ("programs", inspection.programs.flatMap(program)), ("maps", object.maps.flatMap(map)),
      ("globals", globals), ("externs", externs),
    ] where !lines.isEmpty {
      sections.append(style(title, .bold) + "\n" + lines.map { "  \($0)\n" }.joined())
    }
    return sections.joined(separator: "\n")
  }

  /// What the object is resolved against; nothing for one that depends on no kernel.
  private var kernel: String {
    guard let kernel = inspection.kernel else { return "" }
    if let problem = kernel.problem { return "  kernel types unknown: \(visible(problem))\n" }
    let release = kernel.release.map { "Linux \($0), " } ?? ""
    return "  resolved against \(visible(release + kernel.path))\n"
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
    for (word, names) in [
      ("maps", item.image?.reachableMaps ?? []), ("globals", item.globals),
      ("calls", Array(item.functions.dropFirst())), ("kernel", item.externs),
    ] where !names.isEmpty {
      lines.append("  \(word) \(visible(names.joined(separator: ", ")))")
    }
    return lines + relocations(of: item).map { "  " + $0 }
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
        + (extern.isWeak ? ", weak" : "") + found(extern)
    }
  }

  private func found(_ extern: Extern) -> String {
    switch inspection.findings[extern.name] {
    case .type(let id, let module): "  [\(id)] of \(visible(module ?? "vmlinux"))"
    case .address(let address): "  0x\(String(address, radix: 16))"
    case .setting(let text): "  = \(visible(cut(text)))"
    case .unfit(let why): style("  does not fit", .red) + ": \(visible(why))"
    case .absent: extern.isWeak ? "  not there" : style("  not there", .red)
    case .unknown(let why): "  unknown: \(visible(why))"
    case nil: ""
    }
  }

  // MARK: CO-RE

  /// A count, and a line for each relocation that is shown; those of one place in the source that
  /// come to the same share one.
  private func relocations(of item: Inspection.Program) -> [String] {
    guard !item.relocations.isEmpty else { return [] }
    let failed = item.relocations.filter { $0.isResolved && $0.result.failure != nil }
    var summary = counted(item.relocations.count, "CO-RE relocation")
    if !failed.isEmpty { summary += ", " + style("\(failed.count) cannot be done", .red) }
    var counts: [String: Int] = [:]
    var order: [String] = []
    for relocation in listsRelocations ? item.relocations : failed {
      let line = line(relocation, in: item.program.name)
      if counts[line] == nil { order.append(line) }
      counts[line, default: 0] += 1
    }
    return [summary]
      + order.map { line in
        let count = counts[line] ?? 1
        return "  " + line + (count > 1 ? "  (\(count) times)" : "")
      }
  }

  /// `fw.bpf.c:12  byte_off struct task_struct.pid  4 → 1256`
  private func line(_ relocation: Inspection.Relocation, in program: String) -> String {
    let result = relocation.result
    var line = relocation.source.map { "\(visible(base($0.file))):\($0.line)  " } ?? ""
    if relocation.function != program { line += "in \(visible(relocation.function))  " }
    line += "\(result.relocation.kind.name) \(visible(result.subject))"
    guard relocation.isResolved else {
      return line + (result.localValue.map { "  \(number($0, result))" } ?? "")
    }
    switch result.outcome {
    case .resolved(let value, let target):
      if let local = result.localValue { line += "  \(number(local, result)) →" }
      line += (result.localValue == nil ? "  " : " ") + number(value, result)
      if let module = target?.module { line += " (\(visible(module)))" }
    case .poisoned(let why): line += "  " + style("poisoned", .red) + ": \(visible(why))"
    case .refused(let why): line += "  " + style("refused", .red) + ": \(visible(why))"
    }
    return line
  }

  private func number(_ value: UInt64, _ result: COREResult) -> String {
    result.relocation.kind == .enumeratorValue ? "\(Int64(bitPattern: value))" : "\(value)"
  }

  private func base(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  private func cut(_ text: String) -> String {
    text.count > 80 ? text.prefix(79) + "…" : text
  }
}
