internal import BPFObject

/// What the slots of devmaps, cpumaps, program arrays and maps of maps refer to, in the manifest's
/// notation: `fw/tail`, `eth0`, `{interface: eth0, program: fw/egress}`.
struct SlotText {
  let situation: Situation
  let drafts: [Address: Draft]
  let type: MapType

  /// nil: a value of that type is bytes and nothing else.
  func stored(_ value: [UInt8]) -> String? {
    switch type {
    case .progArray: return program(number(value, at: 0))
    case .arrayOfMaps, .hashOfMaps: return map(number(value, at: 0))
    case .devmap, .devmapHash, .cpumap:
      let id = number(value, at: 4) ?? 0
      return text(
        number: number(value, at: 0), interface: nil, target: id == 0 ? nil : program(id))
    default: return nil
    }
  }

  func declared(_ value: [UInt8], _ references: [EntryReference]) -> String? {
    guard !references.isEmpty else { return stored(value) }
    var interface: String?
    var target: String?
    for reference in references {
      switch reference {
      case .interface(let name, _): interface = name
      case .program(let ref, _), .map(let ref):
        let draft = reference.address.flatMap { drafts[$0] }
        target = draft?.change.action == .replace ? "\(ref) (new)" : ref
      }
    }
    switch type {
    case .devmap, .devmapHash, .cpumap:
      return text(number: number(value, at: 0), interface: interface, target: target)
    default: return target ?? interface
    }
  }

  private func text(number: UInt32?, interface: String?, target: String?) -> String? {
    guard let number else { return nil }
    let isPort = type != .cpumap
    let name = interface ?? (isPort ? situation.interfaceName(number) : nil)
    guard let target else { return name ?? String(number) }
    let field = name == nil ? (isPort ? "ifindex" : "qsize") : "interface"
    return "{\(field): \(name ?? String(number)), program: \(target)}"
  }

  private func program(_ id: UInt32?) -> String? {
    guard let id else { return nil }
    for case (.program(let ref), let draft) in drafts where draft.change.liveID == id { return ref }
    return situation.phrase(program: id)
  }

  private func map(_ id: UInt32?) -> String? {
    guard let id else { return nil }
    for case (.map(let ref), let draft) in drafts where draft.change.liveID == id { return ref }
    return situation.ownership.mapsByID[id].map { "map \($0.name)" } ?? "unknown"
  }

  private func number(_ value: [UInt8], at offset: Int) -> UInt32? {
    guard value.count >= offset + 4 else { return nil }
    return hostNumber(value[offset..<offset + 4])
  }
}
