internal import BPFObject

/// What one run of a program takes: itself and all that it reaches, made once more.
public struct Trial: Sendable {
  /// Nothing in it is external, adopted or alive.
  public var state: DesiredState
  /// Stages it.
  public var steps: [Step]
}

extension DesiredState {
  /// A second copy of the program, of the maps that it is bound to, and of the programs and maps that
  /// are in those. Maps hold what the manifest declares, and what the test adds; those that others own
  /// begin empty.
  public func trial(of program: String, _ test: DesiredTest) -> Trial {
    let programs = Dictionary(self.programs.map { ($0.ref, $0) }) { first, _ in first }
    let maps = Dictionary(self.maps.map { ($0.ref, $0) }) { first, _ in first }
    var found: [Address: DesiredMap] = [:]
    var reached: Set<Address> = []
    var pending: [Address] = [.program(program)]
    while let address = pending.popLast() {
      guard reached.insert(address).inserted else { continue }
      switch address {
      case .program(let ref): pending += programs[ref]?.bindings.values.map { .map($0) } ?? []
      case .map(let ref):
        guard let map = (standIns[ref] ?? maps[ref])?.copy(with: test.entries[ref]) else {
          continue
        }
        found[address] = map
        pending += map.entries?.targets ?? []
      case .attachment, .pin: break
      }
    }
    var state = self
    state.maps = found.values.sorted { $0.ref < $1.ref }
    state.programs = self.programs.filter { reached.contains(.program($0.ref)) }
    state.attachments = []
    state.selections = []
    state.pins = []
    state.moves = []
    state.forgotten = []
    let filled = state.maps.filter { $0.entries?.targets.isEmpty == false }
    return Trial(
      state: state,
      steps: state.maps.map { .createMap(ref: $0.ref) }
        + state.programs.map { .loadProgram(ref: $0.ref) }
        + filled.map { .fillReferences(ref: $0.ref) })
  }
}

extension DesiredMap {
  /// Its own, with further rows.
  fileprivate func copy(with rows: EntryTable?) -> DesiredMap {
    var copy = self
    copy.external = nil
    copy.adopt = nil
    copy.onReplace = .recreate
    // A program in a devmap or cpumap keeps the map alive for ever, and nothing is redirected here.
    if EntryRules(map.type).keepsItselfAlive, var entries = copy.entries {
      entries.references = entries.references.mapValues { $0.filter { $0.address == nil } }
        .filter { !$0.value.isEmpty }
      copy.entries = entries
    }
    guard let rows else { return copy }
    let declared =
      copy.entries
      ?? DesiredEntries(
        policy: .exact, table: EntryTable(keySize: rows.keySize, valueSize: rows.valueSize))
    var entries = declared
    entries.table = EntryTable(
      keySize: rows.keySize, valueSize: rows.valueSize, keys: declared.table.keys + rows.keys,
      values: declared.table.values + rows.values)
    for row in 0..<rows.count { entries.references[Array(rows.key(row))] = nil }
    copy.entries = entries
    return copy
  }
}
