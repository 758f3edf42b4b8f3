/// The gzip format (RFC 1952), as far as `/proc/config.gz` needs it.
enum Gzip {
  /// The contents of a gzip file; nil if it is damaged or holds more than `limit` bytes.
  static func contents(of bytes: [UInt8], limit: Int = 16 << 20) -> [UInt8]? {
    guard bytes.count > 18, bytes[0] == 0x1f, bytes[1] == 0x8b, bytes[2] == 8 else { return nil }
    let flags = bytes[3]
    var start = 10
    if flags & 4 != 0 {
      guard start + 2 <= bytes.count else { return nil }
      start += 2 + Int(bytes[start]) + Int(bytes[start + 1]) << 8
    }
    // The file's name and a comment, each ended by a zero byte.
    for flag: UInt8 in [8, 16] where flags & flag != 0 {
      guard start < bytes.count, let end = bytes[start...].firstIndex(of: 0) else { return nil }
      start = end + 1
    }
    if flags & 2 != 0 { start += 2 }
    guard start < bytes.count else { return nil }
    var inflate = Inflate(bytes, from: start, limit: limit)
    return inflate.run() ? inflate.output : nil
  }
}

/// Decompresses a stream of RFC 1951.
struct Inflate {
  private let input: [UInt8]
  private var position: Int
  private var held: UInt32 = 0
  private var heldCount = 0
  private let limit: Int
  private(set) var output: [UInt8] = []

  init(_ input: [UInt8], from start: Int, limit: Int) {
    self.input = input
    self.position = start
    self.limit = limit
  }

  /// False when the input is damaged, ends early or gives too much.
  mutating func run() -> Bool {
    while true {
      guard let last = bits(1), let kind = bits(2) else { return false }
      let isRight =
        switch kind {
        case 0: stored()
        case 1: compressed(Self.fixedLiterals, Self.fixedDistances)
        case 2: dynamic()
        default: false
        }
      guard isRight else { return false }
      if last == 1 { return true }
    }
  }

  private mutating func bits(_ count: Int) -> Int? {
    while heldCount < count {
      guard position < input.count else { return nil }
      held |= UInt32(input[position]) << UInt32(heldCount)
      position += 1
      heldCount += 8
    }
    let value = held & (1 << UInt32(count) - 1)
    held >>= UInt32(count)
    heldCount -= count
    return Int(value)
  }

  private mutating func stored() -> Bool {
    // Whole bytes that were read ahead go back.
    position -= heldCount / 8
    held = 0
    heldCount = 0
    guard position + 4 <= input.count else { return false }
    let count = Int(input[position]) | Int(input[position + 1]) << 8
    let complement = Int(input[position + 2]) | Int(input[position + 3]) << 8
    position += 4
    guard count == ~complement & 0xffff, position + count <= input.count,
      output.count + count <= limit
    else { return false }
    output += input[position..<position + count]
    position += count
    return true
  }

  /// A canonical Huffman code: how many codes each length has, and the symbols in their order.
  struct Code {
    var counts = [Int](repeating: 0, count: 16)
    var symbols: [Int]

    /// nil when the lengths ask for more codes than there are.
    init?(_ lengths: [Int]) {
      for length in lengths { counts[length] += 1 }
      var left = 1
      for length in 1...15 {
        left = left * 2 - counts[length]
        if left < 0 { return nil }
      }
      var starts = [Int](repeating: 0, count: 16)
      for length in 1..<15 { starts[length + 1] = starts[length] + counts[length] }
      symbols = [Int](repeating: 0, count: lengths.count)
      for (symbol, length) in lengths.enumerated() where length > 0 {
        symbols[starts[length]] = symbol
        starts[length] += 1
      }
    }
  }

  private mutating func symbol(_ code: Code) -> Int? {
    var value = 0
    var first = 0
    var index = 0
    for length in 1...15 {
      guard let bit = bits(1) else { return nil }
      value |= bit
      let count = code.counts[length]
      if value - count < first { return code.symbols[index + value - first] }
      index += count
      first = (first + count) << 1
      value <<= 1
    }
    return nil
  }

  private mutating func compressed(_ literals: Code?, _ distances: Code?) -> Bool {
    guard let literals, let distances else { return false }
    while true {
      guard let literal = symbol(literals) else { return false }
      if literal == 256 { return true }
      if literal < 256 {
        guard output.count < limit else { return false }
        output.append(UInt8(literal))
        continue
      }
      guard literal <= 285, let extra = bits(Self.lengthBits[literal - 257]),
        let slot = symbol(distances), slot < 30, let more = bits(Self.distanceBits[slot])
      else { return false }
      let length = Self.lengths[literal - 257] + extra
      let distance = Self.distances[slot] + more
      guard distance <= output.count, output.count + length <= limit else { return false }
      for _ in 0..<length { output.append(output[output.count - distance]) }
    }
  }

  private mutating func dynamic() -> Bool {
    guard let literalCount = bits(5), let distanceCount = bits(5), let lengthCount = bits(4),
      literalCount <= 29, distanceCount <= 29
    else { return false }
    var lengths = [Int](repeating: 0, count: 19)
    for index in 0..<lengthCount + 4 {
      guard let length = bits(3) else { return false }
      lengths[Self.lengthOrder[index]] = length
    }
    guard let lengthCode = Code(lengths) else { return false }
    let total = literalCount + 257 + distanceCount + 1
    var all: [Int] = []
    while all.count < total {
      guard let next = symbol(lengthCode) else { return false }
      var repeated = 0
      var count: Int?
      switch next {
      case 16:
        guard let last = all.last else { return false }
        repeated = last
        count = bits(2).map { $0 + 3 }
      case 17: count = bits(3).map { $0 + 3 }
      case 18: count = bits(7).map { $0 + 11 }
      default:
        all.append(next)
        continue
      }
      guard let count, all.count + count <= total else { return false }
      all += [Int](repeating: repeated, count: count)
    }
    return compressed(
      Code(Array(all[..<(literalCount + 257)])), Code(Array(all[(literalCount + 257)...])))
  }

  private static let fixedLiterals = Code(
    [Int](repeating: 8, count: 144) + [Int](repeating: 9, count: 112)
      + [Int](repeating: 7, count: 24) + [Int](repeating: 8, count: 8))
  private static let fixedDistances = Code([Int](repeating: 5, count: 30))
  private static let lengthOrder = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
  ]
  private static let lengths = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
  ]
  private static let lengthBits = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
  ]
  private static let distances = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
    2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
  ]
  private static let distanceBits = [
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13,
    13,
  ]
}
