import BPFObject

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
      "externs": .list(
        object.externs.map { extern in
          .members([
            "name": .text(extern.name), "section": .text(extern.section),
            "kind": .text(inspection.kind(of: extern)), "weak": .bool(extern.isWeak),
          ])
        }),
      "core_relocations": .list(
        object.relocationSites.map { site in
          .members([
            "function": .text(site.function), "instruction": .number(UInt64(site.instruction)),
            "kind": .text(site.kind), "type": .text(site.type), "access": .text(site.access),
          ])
        }),
    ])
  }

  private func program(_ item: Inspection.Program) -> JSON {
    let program = item.program
    var tags: JSON?
    if case .either(let both) = item.tag {
      tags = .object(
        both.map { .init(name: $0.algorithm.rawValue, value: .text($0.tag.description)) })
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
      "externs": .texts(Set(item.image?.externs.map(\.name) ?? []).sorted()),
      "problem": item.problem.map { .text($0.description) },
    ])
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
