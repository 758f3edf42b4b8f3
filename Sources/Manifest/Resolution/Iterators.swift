internal import BPFObject
internal import Planning

/// Walks over kernel objects.
extension Resolver {
  /// `block` is nil where the manifest has none.
  mutating func iteratorHook(
    _ block: Located<Manifest.IteratorBlock>?, _ program: DesiredProgram,
    of attachment: Manifest.Attachment
  ) -> Hook? {
    let position = block?.at ?? attachment.name.at
    guard let target = iterated(by: program, position) else { return nil }
    let takes = Walk(target)
    guard let block else {
      guard let example = takes.example else {
        return .iterator(IteratorHook(target: target))
      }
      log.error(
        "missing-key", "iter/\(target) does not go through the whole kernel", at: position,
        hints: ["add a block: iter: {\(example)}"],
        related: [("the program is named here", attachment.program.at)])
      return nil
    }
    guard takes.fits(block.value) else {
      log.error(
        "wrong-program",
        "the iterator \(target) of '\(program.ref)' cannot be had for \(block.value.what)",
        at: position,
        hints: [takes.example.map { "it takes iter: {\($0)}" } ?? "it takes no block 'iter'"])
      return nil
    }
    switch block.value {
    case .map(let declared):
      let ref = mapRef(declared.value)
      guard let map = maps[ref] else { return nil }
      if map.external == nil, !takes.maps.contains(map.map.type) {
        log.error(
          "wrong-map", "'\(ref)' is of type \(map.map.type), which iter/\(target) cannot read",
          at: declared.at,
          hints: ["it reads \(takes.maps.map(\.description).joined(separator: ", "))"])
        return nil
      }
      return .iterator(IteratorHook(target: target, scope: .map(ref)))
    case .cgroup(let path, let order):
      let clean = "/" + path.split(separator: "/").joined(separator: "/")
      return .iterator(IteratorHook(target: target, scope: .cgroup(path: clean, order: order)))
    case .process(let id, let order):
      if let order {
        log.error(
          "conflicting-keys", "a process has no 'order', which is one of cgroups", at: order)
        return nil
      }
      return .iterator(IteratorHook(target: target, scope: .process(id)))
    }
  }

  /// The kind of objects that a program goes through; nil when it is no iterator, which is reported.
  private mutating func iterated(by program: DesiredProgram, _ position: Position) -> String? {
    guard fits(program, [.tracing], position) else { return nil }
    guard program.image.expectedAttachType == .traceIter, let target = program.attachTo else {
      log.error(
        "wrong-program",
        "'\(program.ref)' (section '\(program.image.section)') is no iterator, which this hook takes",
        at: position)
      return nil
    }
    return target
  }
}

/// What an iterator can be had for, by the kind of objects (Linux 7.2).
private struct Walk {
  /// The types of maps whose elements they are; empty for other kinds.
  var maps: [MapType] = []
  var isOfCgroups = false
  var isOfProcesses = false

  init(_ target: String) {
    switch target {
    case "bpf_map_elem":
      maps = [.hash, .lruHash, .percpuHash, .lruPercpuHash, .array, .percpuArray]
    case "bpf_sk_storage_map": maps = [.skStorage]
    case "sockmap": maps = [.sockmap, .sockhash]
    case "cgroup": isOfCgroups = true
    case "task", "task_file", "task_vma": isOfProcesses = true
    default: break
    }
  }

  /// Of the block that it cannot do without.
  var example: String? {
    isOfCgroups ? "cgroup: /CHANGE_ME" : maps.isEmpty ? nil : "map: CHANGE_ME"
  }

  func fits(_ block: Manifest.IteratorBlock) -> Bool {
    switch block {
    case .map: !maps.isEmpty
    case .cgroup: isOfCgroups
    case .process: isOfProcesses
    }
  }
}

extension Manifest.IteratorBlock {
  fileprivate var what: String {
    switch self {
    case .map: "one map"
    case .cgroup: "one cgroup"
    case .process: "one process"
    }
  }
}
