internal import BPFObject

/// A walk over kernel objects: whoever reads the link's pin gets what the program prints of each.
public struct IteratorHook: Hashable, Sendable, Codable {
  /// The kind of objects: `task`, `bpf_map_elem`.
  public var target: String
  public var scope: Scope

  public enum Scope: Hashable, Sendable, Codable {
    /// All that the kernel has of the kind.
    case all
    /// The elements of a map (a REF).
    case map(String)
    /// Cgroups, from one on: an absolute path below a cgroup2 mount.
    case cgroup(path: String, order: CgroupOrder)
    /// The threads, files or memory of a process.
    case process(UInt32)
  }

  public init(target: String, scope: Scope = .all) {
    self.target = target
    self.scope = scope
  }
}

/// Which cgroups an iterator comes to, and when: `enum bpf_cgroup_iter_order`.
public enum CgroupOrder: String, Hashable, Sendable, Codable, CaseIterable {
  case selfOnly = "self_only"
  case descendantsFirstToLast = "descendants_pre"
  case descendantsLastToFirst = "descendants_post"
  case ancestorsUp = "ancestors_up"

  /// As bpf(2) takes it.
  public var number: UInt32 {
    switch self {
    case .selfOnly: 1
    case .descendantsFirstToLast: 2
    case .descendantsLastToFirst: 3
    case .ancestorsUp: 4
    }
  }
}

extension IteratorHook: HookFamily {
  static let name = "iter"

  var spec: Spec {
    var spec = Spec(["hook": .text(Self.name), "target": .text(target)])
    switch scope {
    case .all: break
    case .map(let ref): spec["map"] = .text(ref)
    case .cgroup(let path, let order):
      spec["path"] = .text(path)
      spec["walk"] = .text(order.rawValue)
    case .process(let id): spec["pid"] = .number(UInt64(id))
    }
    return spec
  }

  static func hook(from spec: Spec) -> Hook? {
    guard let target = spec.text("target") else { return nil }
    var hook = IteratorHook(target: target)
    if let map = spec.text("map") {
      hook.scope = .map(map)
    } else if let path = spec.text("path") {
      guard let order = spec.text("walk").flatMap(CgroupOrder.init(rawValue:)) else { return nil }
      hook.scope = .cgroup(path: path, order: order)
    } else if let process: UInt32 = spec.number("pid") {
      hook.scope = .process(process)
    }
    return .iterator(hook)
  }

  var phrase: String {
    switch scope {
    case .all: "iterator of \(target)"
    case .map(let ref): "iterator of \(target) of map.\(ref)"
    case .cgroup(let path, let order): "iterator of \(target) of \(path) (\(order.rawValue))"
    case .process(let id): "iterator of \(target) of process \(id)"
    }
  }
  var kind: HookKind { HookKind(linkTypes: [.iter], updatesInPlace: true) }
  var needs: [KernelFeature] {
    switch scope {
    case .all, .map: [.kernelTypes]
    case .cgroup: [.kernelTypes, .cgroupIterators]
    case .process: [.kernelTypes, .processIterators]
    }
  }
  var capability: String? { "CAP_PERFMON" }
  var mortal: String? { if case .cgroup(let path, _) = scope { path } else { nil } }

  func matches(_ link: ObservedLink, targetID: UInt64) -> Bool {
    switch link.target {
    case .iterator(let found):
      guard found.target == target else { return false }
      return switch scope {
      case .all: found.process == 0
      case .map: UInt64(found.mapID) == targetID
      case .cgroup(_, let order): found.cgroupID == targetID && found.order == order.number
      case .process(let id): found.process == id
      }
    case .other: return true
    default: return false
    }
  }
}

/// What link info says of an iterator; what it is not about is 0.
public struct ObservedIterator: Hashable, Sendable, Codable {
  /// The kind of objects.
  public var target: String
  public var mapID: UInt32
  public var cgroupID: UInt64
  /// `enum bpf_cgroup_iter_order`
  public var order: UInt32
  public var process: UInt32

  public init(
    target: String, mapID: UInt32 = 0, cgroupID: UInt64 = 0, order: UInt32 = 0,
    process: UInt32 = 0
  ) {
    self.target = target
    self.mapID = mapID
    self.cgroupID = cgroupID
    self.order = order
    self.process = process
  }

  /// "task of process 7"
  public var phrase: String {
    if process != 0 { return "\(target) of process \(process)" }
    if mapID != 0 { return "\(target) of map \(mapID)" }
    guard cgroupID != 0 else { return target }
    let walk = CgroupOrder.allCases.first { $0.number == order }
    return "\(target) of cgroup \(cgroupID)" + (walk.map { " (\($0.rawValue))" } ?? "")
  }
}
