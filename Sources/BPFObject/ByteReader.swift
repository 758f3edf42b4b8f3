/// A cursor over bytes in either byte order; whatever would reach past the end is an error that
/// says where.
struct ByteReader: Sendable {
  let bytes: [UInt8]
  /// What the bytes are called in errors.
  let section: String
  let bigEndian: Bool
  /// The next byte to be read.
  private(set) var position: Int
  /// Reading stops here.
  let end: Int
  /// Offsets in errors count from here.
  private let start: Int

  init(_ bytes: [UInt8], section: String, bigEndian: Bool) {
    self.bytes = bytes
    self.section = section
    self.bigEndian = bigEndian
    self.position = 0
    self.start = 0
    self.end = bytes.count
  }

  /// Reads only `range`, which is cut to what there is.
  init(_ bytes: [UInt8], in range: Range<Int>, section: String, bigEndian: Bool) {
    let clamped = range.clamped(to: 0..<bytes.count)
    self.bytes = bytes
    self.section = section
    self.bigEndian = bigEndian
    self.position = clamped.lowerBound
    self.start = clamped.lowerBound
    self.end = clamped.upperBound
  }

  var remaining: Int { end - position }
  var isAtEnd: Bool { position >= end }
  /// Bytes from the start of what is read.
  var offset: Int { position - start }

  func failure(_ message: String, hint: String? = nil) -> ObjectError {
    ObjectError(section: section, offset: offset, message: message, hint: hint)
  }

  mutating func read<Number: FixedWidthInteger & BitwiseCopyable>(
    _ type: Number.Type = Number.self
  ) throws(ObjectError) -> Number {
    let size = MemoryLayout<Number>.size
    guard size <= end - position else {
      throw failure("truncated: \(size) bytes are needed, \(end - position) are left")
    }
    let number = bytes.number(at: position, as: Number.self)
    position += size
    return bigEndian ? Number(bigEndian: number) : Number(littleEndian: number)
  }

  mutating func skip(_ count: Int) throws(ObjectError) {
    guard count >= 0, count <= end - position else {
      throw failure("truncated: \(count) bytes are needed, \(end - position) are left")
    }
    position += count
  }

  mutating func seek(to offset: Int) throws(ObjectError) {
    guard offset >= 0, offset <= end - start else {
      throw failure("offset \(offset) lies outside of \(end - start) bytes")
    }
    position = start + offset
  }
}

extension [UInt8] {
  /// The number at a byte offset that the caller has checked, as it stands in memory.
  @inline(__always)
  func number<Number: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: Number.Type
  ) -> Number {
    unsafe span.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self)
  }

  /// The little-endian 32-bit word at a byte offset that the caller has checked.
  @inline(__always)
  func word(at offset: Int) -> UInt32 {
    UInt32(littleEndian: number(at: offset, as: UInt32.self))
  }

  mutating func setWord(_ value: UInt32, at offset: Int) {
    self[offset] = UInt8(truncatingIfNeeded: value)
    self[offset + 1] = UInt8(truncatingIfNeeded: value >> 8)
    self[offset + 2] = UInt8(truncatingIfNeeded: value >> 16)
    self[offset + 3] = UInt8(truncatingIfNeeded: value >> 24)
  }

  mutating func append<Number: FixedWidthInteger>(littleEndian value: Number) {
    var rest = value
    for _ in 0..<MemoryLayout<Number>.size {
      append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  /// The bytes from `offset` up to the next NUL; nil when the offset lies outside or no NUL
  /// follows within `limit` bytes.
  func terminated(at offset: Int, limit: Int = 1024) -> Range<Int>? {
    guard offset >= 0, offset < count else { return nil }
    let stop = Swift.min(count, offset + limit + 1)
    var end = offset
    while end < stop, self[end] != 0 { end += 1 }
    return end < stop ? offset..<end : nil
  }
}
