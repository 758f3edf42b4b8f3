internal import BPFKernel
internal import BPFObject
public import Planning

/// Changes of a map that programs write to at the same time.
extension LiveKernel {
  public func waitForPrograms() throws(KernelFailure) {
    try wrap(about: "running programs") { () throws(KernelError) in try GracePeriod.wait() }
  }

  public func merge(
    _ patches: EntryPatches, into map: LiveObject, made: inout [Bool]
  ) throws(KernelFailure) -> MergeCounts {
    if patches.isEmpty { return MergeCounts() }
    let map = try self.map(map, "BPF_MAP_UPDATE_ELEM")
    return try wrap(about: "map \(map.info.name)") { () throws(KernelError) in
      let isTrie = map.info.type == .lpmTrie
      // A trie's look-up finds the longest prefix, not the key: which keys it has is read.
      let there = isTrie ? try contents(of: map) : nil
      var byProgram = Array(0..<patches.count)
      var byHand: [Int] = []
      if let there {
        byHand = byProgram.filter {
          patches.kinds[$0] == .add || there.row(of: patches.key($0)) == nil
        }
        let others = Set(byHand)
        byProgram.removeAll { others.contains($0) }
      }
      guard let program = MergeProgram(map, form: patches.form) else {
        var counts = try merge(patches, rows: byProgram + byHand, into: map, there, &made)
        counts.inUserSpace = true
        return counts
      }
      var counts = try program.run(patches, rows: byProgram, &made)
      counts += try merge(patches, rows: byHand, into: map, there, &made)
      return counts
    }
  }

  /// Reads and writes back.
  private func merge(
    _ patches: EntryPatches, rows: [Int], into map: Map, _ there: EntryTable?,
    _ made: inout [Bool]
  ) throws(KernelError) -> MergeCounts {
    var counts = MergeCounts()
    for row in rows {
      let key = Array(patches.key(row))
      var current: [UInt8]?
      if let there {
        current = there.row(of: key).map { Array(there.value($0)) }
      } else {
        current = try map.lookup(key)
      }
      switch patches.applied(row, to: current) {
      case .write(let value, let kept):
        counts.kept += kept
        try map.update(key, value)
        if current == nil { counts.added += 1 } else { counts.changed += 1 }
      case .delete:
        try map.delete(key)
        counts.deleted += 1
      case .nothing(let kept): counts.kept += kept
      }
      made[row] = true
    }
    return counts
  }
}
