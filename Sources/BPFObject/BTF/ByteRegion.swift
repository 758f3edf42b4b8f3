/// A part of an array of bytes, which is copied out of it only when it is changed: the types and the
/// strings of a kernel's BTF stay in the five megabytes that were read.
///
/// Offsets count from the start of the part.
struct ByteRegion: Sendable {
  private var storage: [UInt8]
  private var start: Int
  private(set) var count: Int

  init(_ bytes: [UInt8] = []) {
    storage = bytes
    start = 0
    count = bytes.count
  }

  /// `range` is cut to what there is.
  init(_ bytes: [UInt8], in range: Range<Int>) {
    let clamped = range.clamped(to: 0..<bytes.count)
    storage = bytes
    start = clamped.lowerBound
    count = clamped.count
  }

  var isEmpty: Bool { count == 0 }
  var first: UInt8? { count == 0 ? nil : storage[start] }
  var last: UInt8? { count == 0 ? nil : storage[start + count - 1] }

  @inline(__always)
  subscript(offset: Int) -> UInt8 { storage[start + offset] }

  subscript(range: Range<Int>) -> ArraySlice<UInt8> {
    storage[start + range.lowerBound..<start + range.upperBound]
  }

  var all: ArraySlice<UInt8> { self[0..<count] }

  /// The little-endian 32-bit word at an offset that the caller has checked.
  @inline(__always)
  func word(at offset: Int) -> UInt32 { storage.word(at: start + offset) }

  /// The bytes from `offset` up to the next NUL; nil when the offset lies outside or no NUL follows
  /// within `limit` bytes.
  func terminated(at offset: Int, limit: Int) -> Range<Int>? {
    guard offset >= 0, offset < count else { return nil }
    let stop = min(count, offset + limit + 1)
    var end = offset
    while end < stop, storage[start + end] != 0 { end += 1 }
    return end < stop ? offset..<end : nil
  }

  /// Whether exactly these bytes and a NUL stand there.
  func holds(_ wanted: some Collection<UInt8>, at offset: Int) -> Bool {
    guard offset >= 0, wanted.count < count - offset, self[offset + wanted.count] == 0 else {
      return false
    }
    var at = start + offset
    for byte in wanted {
      guard storage[at] == byte else { return false }
      at += 1
    }
    return true
  }

  // MARK: Changing

  /// Leaves the array that it was a part of.
  private mutating func detach() {
    guard count != storage.count else { return }
    storage = Array(storage[start..<start + count])
    start = 0
  }

  mutating func setWord(_ value: UInt32, at offset: Int) {
    detach()
    storage.setWord(value, at: offset)
  }

  mutating func append(littleEndian value: UInt32) {
    detach()
    storage.append(littleEndian: value)
    count += 4
  }

  mutating func append(terminated text: String) {
    detach()
    storage.append(contentsOf: text.utf8)
    storage.append(0)
    count = storage.count
  }
}

extension ByteRegion: Equatable {
  static func == (left: Self, right: Self) -> Bool { left.all.elementsEqual(right.all) }
}
