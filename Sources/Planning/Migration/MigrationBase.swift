/// What one map has been given of the contents of another, kept in a map of its own.
///
/// Where both have been written to since, it tells what each of them owes the other: what `source` holds
/// beyond it has not been carried over yet, and what `target` holds beyond it is its own. It is pinned
/// before any program is swapped, and advances in the same instant in which something more is carried
/// over, so that after a kill it is known to the entry.
public struct MigrationBase: Hashable, Sendable, Codable {
  /// The kernel's ids of the map that is replaced and of the one that replaces it.
  public var source: UInt32
  public var target: UInt32
  /// The id of the map that holds what was given, in the form of `target`'s values.
  public var map: UInt32

  public init(source: UInt32, target: UInt32, map: UInt32) {
    self.source = source
    self.target = target
    self.map = map
  }
}

/// A map whose contents an interrupted apply had not carried over yet.
public struct UnfinishedMigration: Hashable, Sendable, Codable {
  public var source: UInt32
  /// What is known to have been carried over; nil = nothing is known.
  public var base: MigrationBase?

  public init(source: UInt32, base: MigrationBase?) {
    self.source = source
    self.base = base
  }
}

extension Ownership {
  /// What interrupted applies have not carried over into the live map yet, ascending by source.
  ///
  /// Each map that replaces another has got its contents from one map only. What is in the live one is
  /// thereby what it has itself and what those before it had given on; all others hold something of their
  /// own that it has not got.
  func unfinishedMigrations(_ address: Address, into live: UInt32) -> [UnfinishedMigration] {
    let bases = bases(of: address)
    var forebears: [UInt32: MigrationBase] = [:]
    var map = live
    while let base = bases.first(where: { $0.target == map }), forebears[base.source] == nil {
      forebears[base.source] = base
      map = base.source
    }
    let announced = Set(last(address)?.migratedFrom ?? [])
    let sources = announced.union(bases.flatMap { [$0.source, $0.target] })
    return sources.sorted().compactMap { source in
      guard source != live, mapsByID[source] != nil else { return nil }
      guard let base = forebears[source] ?? bases.first(where: { $0.target == source }) else {
        return announced.contains(source) ? UnfinishedMigration(source: source, base: nil) : nil
      }
      // It goes last: what it was kept for is done.
      return mapsByID[base.map] == nil ? nil : UnfinishedMigration(source: source, base: base)
    }
  }

  /// As the inventory has them, whether or not they are still there.
  public func bases(of address: Address) -> [MigrationBase] {
    inventory?.resources[address]?.bases ?? []
  }
}
