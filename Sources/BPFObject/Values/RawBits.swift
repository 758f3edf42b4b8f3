/// Integers and bitfields in a type's bytes, in the host's order. Nothing here traps: places
/// outside the bytes are refused when written and read as zero.
enum RawBits {
  #if _endian(little)
    static let hostIsLittleEndian = true
  #else
    static let hostIsLittleEndian = false
  #endif

  static func store(
    _ value: UInt64, size: Int, bigEndian: Bool, into bytes: inout [UInt8], at offset: Int
  ) throws(ValueError) {
    try check(offset: offset, size: size, in: bytes)
    let little = hostIsLittleEndian && !bigEndian
    for index in 0..<size {
      let shift = UInt64(little ? index : size - 1 - index) * 8
      bytes[offset + index] = shift < 64 ? UInt8(truncatingIfNeeded: value >> shift) : 0
    }
  }

  static func load(size: Int, bigEndian: Bool, from bytes: [UInt8], at offset: Int) -> UInt64 {
    guard isInside(offset: offset, size: size, of: bytes) else { return 0 }
    let little = hostIsLittleEndian && !bigEndian
    var value: UInt64 = 0
    for index in 0..<size {
      value = value << 8 | UInt64(bytes[offset + (little ? size - 1 - index : index)])
    }
    return value
  }

  /// Calls `body` with the byte and the mask of each bit of a bitfield, from the least
  /// significant bit. `bitOffset` counts as the compiler does: from the lowest bit of the lowest
  /// byte on a little-endian host, from the highest bit of the lowest byte on a big-endian one.
  static func forEachBit(
    offset: Int, bitOffset: Int, bitSize: Int, count: Int,
    _ body: (_ bit: Int, _ byte: Int, _ mask: UInt8) -> Void
  ) -> Bool {
    guard offset >= 0, bitOffset >= 0, (0...64).contains(bitSize) else { return false }
    let (end, overflow) = bitOffset.addingReportingOverflow(bitSize + 7)
    guard !overflow, offset <= count, end / 8 <= count - offset else { return false }
    for bit in 0..<bitSize {
      let at = bitOffset + (hostIsLittleEndian ? bit : bitSize - 1 - bit)
      body(bit, offset + at / 8, hostIsLittleEndian ? 1 << UInt8(at % 8) : 0x80 >> UInt8(at % 8))
    }
    return true
  }

  static func storeBits(
    _ value: UInt64, bitOffset: Int, bitSize: Int, into bytes: inout [UInt8], at offset: Int
  ) throws(ValueError) {
    let fits = forEachBit(
      offset: offset, bitOffset: bitOffset, bitSize: bitSize, count: bytes.count
    ) { bit, byte, mask in
      if value >> UInt64(bit) & 1 == 1 { bytes[byte] |= mask } else { bytes[byte] &= ~mask }
    }
    if !fits { throw outside }
  }

  static func loadBits(bitOffset: Int, bitSize: Int, from bytes: [UInt8], at offset: Int)
    -> UInt64
  {
    var value: UInt64 = 0
    _ = forEachBit(offset: offset, bitOffset: bitOffset, bitSize: bitSize, count: bytes.count) {
      bit, byte, mask in
      if bytes[byte] & mask != 0 { value |= 1 << UInt64(bit) }
    }
    return value
  }

  static func copy(_ source: [UInt8], into bytes: inout [UInt8], at offset: Int)
    throws(ValueError)
  {
    try check(offset: offset, size: source.count, in: bytes)
    for index in source.indices { bytes[offset + index] = source[index] }
  }

  static func isInside(offset: Int, size: Int, of bytes: [UInt8]) -> Bool {
    offset >= 0 && size >= 0 && offset <= bytes.count && size <= bytes.count - offset
  }

  private static func check(offset: Int, size: Int, in bytes: [UInt8]) throws(ValueError) {
    if !isInside(offset: offset, size: size, of: bytes) { throw outside }
  }

  private static var outside: ValueError {
    ValueError(message: "the type places a field outside its own size")
  }
}
