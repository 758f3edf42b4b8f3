internal import Synchronization

/// The types that programs are relocated against: a kernel's, and its modules'.
///
/// Names are indexed when they are first asked for; modules are read when vmlinux lacks a type.
///
/// ```swift
/// let kernel = TargetTypes(vmlinux: try BTF(parsing: bytes))
/// let image = try object.image(of: "xdp_filter").relocated(against: kernel)
/// ```
public final class TargetTypes: Sendable {
  /// A kernel module's types.
  public struct Module: Sendable {
    public var name: String
    /// Split BTF over vmlinux.
    public var btf: BTF

    public init(name: String, btf: BTF) {
      self.name = name
      self.btf = btf
    }
  }

  public let vmlinux: BTF
  private let readModules: @Sendable () throws(ObjectError) -> [Module]
  private let indexes = Mutex(Indexes())

  private struct Indexes {
    /// Names that were looked for without an index, which is made when there are more.
    var lookups = 0
    var vmlinux: NameIndex?
    var modules: [(module: Module, index: NameIndex)]?

    mutating func vmlinux(_ btf: BTF) -> NameIndex? {
      if let vmlinux { return vmlinux }
      lookups += 1
      guard lookups > 4 else { return nil }
      let made = NameIndex(of: btf)
      vmlinux = made
      return made
    }

    mutating func modules(
      _ read: () throws(ObjectError) -> [Module]
    ) throws(ObjectError) -> [(module: Module, index: NameIndex)] {
      if let modules { return modules }
      let loaded = try read().map { ($0, NameIndex(of: $0.btf)) }
      modules = loaded
      return loaded
    }
  }

  /// `modules` is called once at most, when a program wants a type that vmlinux does not have.
  public init(
    vmlinux: BTF,
    modules: @escaping @Sendable () throws(ObjectError) -> [Module] = {
      () throws(ObjectError) -> [Module] in []
    }
  ) {
    self.vmlinux = vmlinux
    readModules = modules
  }

  /// The modules that have types; they are read now if they were not yet.
  public func modules() throws(ObjectError) -> [Module] {
    try indexes.withLock { (indexes) throws(ObjectError) in
      try indexes.modules(readModules).map(\.module)
    }
  }

  /// A type with the essential name of a local one, and of its kind.
  struct Candidate {
    var btf: BTF
    var id: UInt32
    var module: String?
  }

  /// By ascending id; those of the modules only when vmlinux has none.
  func candidates(for local: BTF.TypeHead, named name: ArraySlice<UInt8>)
    throws(ObjectError) -> [Candidate]
  {
    try indexes.withLock { (indexes) throws(ObjectError) -> [Candidate] in
      let found = Self.find(local.kind, name, indexes.vmlinux(vmlinux), vmlinux, module: nil)
      if !found.isEmpty { return found }
      return try indexes.modules(readModules).flatMap {
        Self.find(local.kind, name, $0.index, $0.module.btf, module: $0.module.name)
      }
    }
  }

  private static func find(
    _ kind: BTF.Kind, _ name: ArraySlice<UInt8>, _ index: NameIndex?, _ btf: BTF, module: String?
  ) -> [Candidate] {
    var found: [Candidate] = []
    func take(_ id: UInt32) {
      guard let head = btf.head(id), kind.isCOREComparable(to: head.kind),
        EssentialName.areEqual(name, btf.nameBytes(at: head.nameOffset))
      else { return }
      found.append(Candidate(btf: btf, id: id, module: module))
    }
    if let index {
      index.forEachCandidate(name, take)
    } else {
      btf.forEachCandidate(name, kinds: kind.comparableKinds, take)
    }
    return found
  }
}

extension BTF.Kind {
  /// The same kind; enumerations of both sizes count as one.
  func isCOREComparable(to other: Self) -> Bool {
    self == other || isEnumeration && other.isEnumeration
  }

  /// These, a bit for each.
  fileprivate var comparableKinds: UInt32 {
    Self.allCases.filter(isCOREComparable).reduce(0) { $0 | 1 << UInt32($1.rawValue) }
  }
}
