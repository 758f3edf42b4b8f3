/// Names without their flavour: `task_struct___old` and `task_struct` are the same to CO-RE.
///
/// A flavour is what follows the last `___` that has other characters than `_` on both sides.
enum EssentialName {
  /// The bytes up to the flavour.
  static func length(_ name: ArraySlice<UInt8>) -> Int { scan(name).length }

  static func hash(_ name: ArraySlice<UInt8>) -> UInt32 { scan(name).hash }

  /// Length and FNV-1a hash in one pass.
  @inline(__always)
  private static func scan(_ name: ArraySlice<UInt8>) -> (length: Int, hash: UInt32) {
    var scanner = Scanner()
    for byte in name { scanner.take(byte) }
    return scanner.result
  }

  struct Scanner {
    private var hash: UInt32 = 2_166_136_261
    private var count = 0
    private var underscores = 0
    /// At the start of the current run of underscores.
    private var hashBefore: UInt32 = 0
    private var countBefore = 0
    private var found: (length: Int, hash: UInt32)?

    @inline(__always)
    mutating func take(_ byte: UInt8) {
      if byte == 0x5f {
        if underscores == 0 {
          hashBefore = hash
          countBefore = count
        }
        underscores += 1
      } else {
        if underscores == 3, countBefore > 0 { found = (countBefore, hashBefore) }
        underscores = 0
      }
      hash = (hash ^ UInt32(byte)) &* 16_777_619
      count += 1
    }

    var result: (length: Int, hash: UInt32) { found ?? (count, hash) }
  }

  /// Whether two names are the same but for their flavours.
  static func areEqual(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
    left.prefix(length(left)).elementsEqual(right.prefix(length(right)))
  }
}

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
    // Backwards, so that each bucket is in ascending order.
    for index in btf.starts.indices.reversed() {
      let start = Int(btf.starts[index])
      guard NameIndex.holds(btf.types.word(at: start + 4)) else { continue }
      let name = btf.types.word(at: start)
      guard name != 0 else { continue }
      let bucket = Int(btf.essentialHash(at: name) & mask)
      next[index] = heads[bucket]
      heads[bucket] = firstID + UInt32(truncatingIfNeeded: index)
    }
  }

  /// Functions and variables are no types to relocate against, and half of a kernel's BTF.
  private static func holds(_ info: UInt32) -> Bool {
    guard let kind = BTF.Kind(rawValue: UInt8((info >> 24) & 0x1f)) else { return false }
    switch kind {
    case .int, .structure, .union, .enumeration, .enumeration64, .forward, .typedef, .float:
      return true
    default: return false
    }
  }

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
  /// Names longer than this are cut: the kernel has none, and types that share a long one must not
  /// multiply it.
  static let nameLimit = 1024

  /// The bytes of a name.
  func nameBytes(at offset: UInt32) -> ArraySlice<UInt8> {
    if offset < firstString { return base?.nameBytes(at: offset) ?? [] }
    let start = Int(offset - firstString)
    guard start < strings.count else { return [] }
    var end = start
    let stop = min(strings.count, start + BTF.nameLimit)
    while end < stop, strings[end] != 0 { end += 1 }
    return strings[start..<end]
  }

  func nameBytes(of id: UInt32) -> ArraySlice<UInt8> {
    head(id).map { nameBytes(at: $0.nameOffset) } ?? []
  }

  func essentialHash(at offset: UInt32) -> UInt32 {
    if offset < firstString { return base?.essentialHash(at: offset) ?? 0 }
    let start = Int(offset - firstString)
    guard start < strings.count else { return 0 }
    var scanner = EssentialName.Scanner()
    var at = start
    let stop = min(strings.count, start + BTF.nameLimit)
    while at < stop, strings[at] != 0 {
      scanner.take(strings[at])
      at += 1
    }
    return scanner.result.hash
  }
}
