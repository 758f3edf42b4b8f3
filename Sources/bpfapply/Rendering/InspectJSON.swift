import BPFObject
import Reconciling

/// What an object file holds, as versioned JSON.
struct InspectJSON {
  var inspection: Inspection

  init(_ inspection: Inspection) { self.inspection = inspection }

  private var object: ObjectFile { inspection.object }

  var json: JSON {
    .members([
      "format_version": "1.0",
      "file": .text(inspection.path),
      "license": .text(object.license),
      "has_btf": .bool(object.btf != nil),
      "programs": .list(inspection.programs.map(program)),
      "maps": .list(object.maps.map(map)),
      "globals": .list(globals),
      "externs": .list(object.externs.map(extern)),
      "kernel": kernel,
    ])
  }

  private func program(_ item: Inspection.Program) -> JSON {
    let program = item.program
    var tags: JSON?
    if case .either(let both) = item.tag {
      tags = .object(
        Inspection.Tag.sorted(both).map {
          .init(name: $0.algorithm.rawValue, value: .text($0.tag.description))
        })
    }
    var tag: JSON?
    if case .known(let known) = item.tag { tag = .text(known.description) }
    var unknown: JSON?
    if case .unknown(let reason) = item.tag { unknown = .text(reason) }
    return .members([
      "name": .text(program.name), "section": .text(program.section.text),
      "autoload": .bool(program.autoload),
      "type": program.type == .unspecified ? .null : .text(program.type.description),
      "expected_attach_type": program.expectedAttachType.map { .text($0.description) },
      "attach_to": program.attachTarget.map { .text($0) },
      "flags": .number(UInt64(program.flags)),
      "instructions": .number(
        UInt64(item.image?.instructions.count ?? program.instructionCount)),
      "tag": tag, "tags": tags, "tag_unknown": unknown,
      "functions": .texts(item.functions),
      "maps": .texts(item.image?.reachableMaps ?? []),
      "globals": .texts(item.globals),
      "externs": .texts(item.externs),
      "core_relocations": .list(item.relocations.map(relocation)),
      "problem": item.problem.map { .text($0.description) },
    ])
  }

  /// What externs and relocations are resolved against; null when nothing depends on a kernel.
  private var kernel: JSON {
    guard let kernel = inspection.kernel else { return .null }
    return .members([
      "types": .text(kernel.path), "release": kernel.release.map { .text($0) },
      "problem": kernel.problem.map { .text($0) },
    ])
  }

  private func extern(_ extern: Extern) -> JSON {
    var id: JSON?
    var module: JSON?
    var value: JSON?
    var reason: JSON?
    let status: JSON
    switch inspection.findings[extern.name] {
    case .type(let found, let name):
      (status, id, module) = ("found", .number(UInt64(found)), .text(name ?? "vmlinux"))
    case .address(let address):
      (status, value) = ("found", .text("0x" + String(address, radix: 16)))
    case .setting(let text): (status, value) = ("found", .text(text))
    case .unfit(let why): (status, reason) = ("unfit", .text(why))
    case .absent: status = "absent"
    case .unknown(let why): (status, reason) = ("unknown", .text(why))
    case nil: status = "unknown"
    }
    return .members([
      "name": .text(extern.name), "section": .text(extern.section),
      "kind": .text(inspection.kind(of: extern)), "weak": .bool(extern.isWeak), "status": status,
      "btf_id": id, "module": module, "value": value, "reason": reason,
    ])
  }

  /// `status` is `resolved`, `poisoned` (the program loads if the verifier never gets there),
  /// `refused` (the program does not load) or `unknown` (without a kernel's types).
  private func relocation(_ relocation: Inspection.Relocation) -> JSON {
    let result = relocation.result
    var value: JSON?
    var target: COREResult.TargetType?
    var reason: JSON?
    var status: JSON = "unknown"
    if relocation.isResolved {
      switch result.outcome {
      case .resolved(let number, let type):
        (status, value, target) = ("resolved", self.number(number, result), type)
      case .poisoned(let why): (status, reason) = ("poisoned", .text(why))
      case .refused(let why): (status, reason) = ("refused", .text(why))
      }
    }
    return .members([
      "instruction": .number(UInt64(result.relocation.instruction)),
      "function": .text(relocation.function), "kind": .text(result.relocation.kind.name),
      "access": .text(result.subject), "access_spec": .text(result.relocation.access),
      "local_btf_id": .number(UInt64(result.relocation.typeID)),
      "local_value": result.localValue.map { self.number($0, result) }, "status": status,
      "value": value, "btf_id": target.map { .number(UInt64($0.id)) },
      "module": target.map { .text($0.module ?? "vmlinux") }, "reason": reason,
      "source": relocation.source.map { line in
        .members([
          "file": .text(line.file), "line": .number(UInt64(line.line)),
          "column": .number(UInt64(line.column)), "text": .text(line.text),
        ])
      },
    ])
  }

  private func number(_ value: UInt64, _ result: COREResult) -> JSON {
    result.relocation.kind == .enumeratorValue
      ? .integer(Int64(bitPattern: value)) : .number(value)
  }

  private func map(_ map: MapSpec) -> JSON {
    .members([
      "name": .text(map.name), "kernel_name": .text(map.kernelName),
      "type": .text(map.type.description), "key_size": .number(UInt64(map.keySize)),
      "value_size": .number(UInt64(map.valueSize)),
      "max_entries": .number(UInt64(map.maxEntries)),
      "map_flags": .texts(Inspection.flags(map.flags)),
      "numa_node": map.numaNode.map { .number(UInt64($0)) },
      "map_extra": map.extra == 0 ? nil : .number(map.extra),
      "pinning": map.pinByName ? "by_name" : nil,
      "key": map.keyTypeID == 0 ? nil : .text(inspection.type(map.keyTypeID, size: map.keySize)),
      "value": map.valueTypeID == 0 || map.data != nil
        ? nil : .text(inspection.type(map.valueTypeID, size: map.valueSize)),
      "slots": map.slots.isEmpty
        ? nil
        : .object(
          map.slots.sorted { $0.key < $1.key }.map {
            .init(name: String($0.key), value: .text($0.value))
          }),
      "inner": map.inner.first.map(self.map),
    ])
  }

  private var globals: [JSON] {
    object.maps.filter { $0.data != nil }.flatMap { section in
      object.described(section).map { variable, layout in
        .members([
          "name": .text(variable.name), "section": .text(variable.section),
          "offset": .number(UInt64(variable.offset)), "size": .number(UInt64(variable.size)),
          "static": .bool(variable.isStatic),
          "type": layout.map { .text($0.description) },
          "default": layout.map {
            .text($0.decode(object.contents(of: variable)).text(limit: 4096))
          },
        ])
      }
    }
  }
}
