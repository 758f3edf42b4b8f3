/// The named types of one BTF (not of its base) by essential name: a hash table over the ids, a few
/// bytes for each type.
struct NameIndex: Sendable {
  /// The first id of a bucket, and the next one after an id; 0 = none.
  private var heads: [UInt32]
  private var next: [UInt32]
  private let firstID: UInt32

  init(of btf: BTF) {
    var size = 16
    while size < btf.starts.count { size *= 2 }
    heads = [UInt32](repeating: 0, count: size)
    next = [UInt32](repeating: 0, count: btf.starts.count)
    firstID = btf.firstID
    let mask = UInt32(size - 1)
    let held = NameIndex.held
    // Backwards, so that each bucket is in ascending order.
    for index in btf.starts.indices.reversed() {
      let start = Int(btf.starts[index])
      guard held >> (btf.types.word(at: start + 4) >> 24 & 0x1f) & 1 == 1 else { continue }
      let name = btf.types.word(at: start)
      guard name != 0 else { continue }
      let bucket = Int(btf.essentialHash(at: name) & mask)
      next[index] = heads[bucket]
      heads[bucket] = firstID + UInt32(truncatingIfNeeded: index)
    }
  }

  /// Functions and variables are no types to relocate against, and half of a kernel's BTF.
  private static let held: UInt32 = [
    BTF.Kind.int, .structure, .union, .enumeration, .enumeration64, .forward, .typedef, .float,
  ].reduce(0) { $0 | 1 << UInt32($1.rawValue) }

  /// Calls `body` with the ids that may have that essential name, ascending.
  func forEachCandidate<Failure: Error>(
    _ name: ArraySlice<UInt8>, _ body: (UInt32) throws(Failure) -> Void
  ) throws(Failure) {
    var id = heads[Int(EssentialName.hash(name)) & (heads.count - 1)]
    while id != 0 {
      try body(id)
      id = next[Int(id - firstID)]
    }
  }
}

extension BTF {
  /// Calls `body` with the ids of this BTF (not of its base) whose names begin as `name`, without its
  /// flavour, does, and whose kinds are in the set `kinds`, a bit for each; ascending.
  ///
  /// For a name or two a look at each type is sooner done than an index of all.
  func forEachCandidate<Failure: Error>(
    _ name: ArraySlice<UInt8>, kinds: UInt32, _ body: (UInt32) throws(Failure) -> Void
  ) throws(Failure) {
    let length = min(EssentialName.length(name), 4)
    var wanted: UInt32 = 0
    for byte in name.prefix(length).reversed() { wanted = wanted << 8 | UInt32(byte) }
    let mask = length < 4 ? (1 as UInt32) << (8 * UInt32(length)) - 1 : .max
    let lastWord = strings.count - 4
    for index in starts.indices {
      let start = Int(starts[index])
      guard kinds >> (types.word(at: start + 4) >> 24 & 0x1f) & 1 == 1 else { continue }
      let place = types.word(at: start)
      if place >= firstString {
        let at = Int(place - firstString)
        // Names at the very end are left to `body` to compare.
        if at <= lastWord, strings.word(at: at) & mask != wanted { continue }
      }
      try body(firstID + UInt32(truncatingIfNeeded: index))
    }
  }
}
