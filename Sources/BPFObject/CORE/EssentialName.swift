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
