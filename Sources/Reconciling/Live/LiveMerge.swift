internal import BPFKernel
internal import BPFObject
public import Planning

/// Changes of a map that programs write to at the same time.
extension LiveKernel {
  public func waitForPrograms() throws(KernelFailure) {
    try wrap(about: "running programs") { () throws(KernelError) in try GracePeriod.wait() }
  }

  public func recordsMerges(into map: LiveObject, _ form: MergeForm) -> Bool {
    guard let map = try? self.map(map, "BPF_MAP_UPDATE_ELEM") else { return false }
    return MergeProgram(map, form: form, base: nil) != nil
  }

  public func merge(
    _ patches: EntryPatches, into map: LiveObject, recordingIn base: LiveObject?,
    made: inout [Bool]
  ) throws(KernelFailure) -> MergeCounts {
    if patches.isEmpty { return MergeCounts() }
    let map = try self.map(map, "BPF_MAP_UPDATE_ELEM")
    var record: Map?
    if let base, patches.recorded != nil { record = try self.map(base, "BPF_MAP_UPDATE_ELEM") }
    return try wrap(about: "map \(map.info.name)") { () throws(KernelError) in
      // A trie's look-up finds the longest prefix, not the key: which keys it has is read.
      let there = map.info.type == .lpmTrie ? try contents(of: map) : nil
      guard let program = MergeProgram(map, form: patches.form, base: record) else {
        var counts = try merge(patches, into: map, record, there, &made)
        counts.inUserSpace = true
        return counts
      }
      let absent = there.map { there in
        Set((0..<patches.count).filter { there.row(of: patches.key($0)) == nil })
      }
      return try program.run(patches, absent: absent ?? [], &made) { [onProgress] done in
        onProgress?(EntryProgress(.merged, map: map.info.name, done: done, of: patches.count))
      }
    }
  }

  /// Reads and writes back.
  private func merge(
    _ patches: EntryPatches, into map: Map, _ base: Map?, _ there: EntryTable?,
    _ made: inout [Bool]
  ) throws(KernelError) -> MergeCounts {
    var counts = MergeCounts()
    for row in 0..<patches.count {
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
      if let base, let recorded = patches.recorded {
        if patches.kinds[row] == .delete {
          try base.delete(key)
        } else {
          try base.update(key, Array(recorded.value(row)))
        }
      }
      made[row] = true
    }
    return counts
  }
}
