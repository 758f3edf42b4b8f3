/// The hashes that kernels make their tags with: FIPS 180-4, SHA-1 and SHA-256.
///
/// They are here, and not a library's, so that `BPFObject` depends on nothing: the library that the other
/// targets use would bring Foundation and megabytes of code to everybody who only opens an object.
enum TagHash {
  /// The digest: 20 bytes of SHA-1, or 32 of SHA-256.
  static func digest(of bytes: [UInt8], _ algorithm: TagAlgorithm) -> [UInt8] {
    switch algorithm {
    case .sha1: digest(of: bytes, SHA1())
    case .sha256: digest(of: bytes, SHA256())
    }
  }

  private static func digest(of bytes: [UInt8], _ fresh: some BlockHash) -> [UInt8] {
    var hash = fresh
    let message = padded(bytes)
    var block = [UInt32](repeating: 0, count: 16)
    for start in stride(from: 0, to: message.count, by: 64) {
      for word in 0..<16 {
        var value: UInt32 = 0
        for byte in message[start + word * 4..<start + word * 4 + 4] {
          value = value << 8 | UInt32(byte)
        }
        block[word] = value
      }
      hash.add(block)
    }
    var digest: [UInt8] = []
    for word in hash.state { digest += bigEndian(UInt64(word), bytes: 4) }
    return digest
  }

  /// Both hashes take blocks of sixteen big-endian words, and end with the message's length in bits.
  private static func padded(_ bytes: [UInt8]) -> [UInt8] {
    let count = (bytes.count + 9 + 63) / 64 * 64
    var padded = bytes
    padded.reserveCapacity(count)
    padded.append(0x80)
    padded.append(contentsOf: repeatElement(0, count: count - 8 - padded.count))
    return padded + bigEndian(UInt64(bytes.count) * 8, bytes: 8)
  }

  private static func bigEndian(_ number: UInt64, bytes: UInt64) -> [UInt8] {
    (1...bytes).map { UInt8(truncatingIfNeeded: number >> ((bytes - $0) * 8)) }
  }
}

/// What is fed with blocks of sixteen words, and consists of words.
private protocol BlockHash {
  var state: [UInt32] { get }
  mutating func add(_ block: [UInt32])
}

extension UInt32 {
  fileprivate func rotatedLeft(_ count: UInt32) -> UInt32 { self << count | self >> (32 - count) }
  fileprivate func rotatedRight(_ count: UInt32) -> UInt32 { self >> count | self << (32 - count) }
}

private struct SHA1: BlockHash {
  var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]
  private var schedule = [UInt32](repeating: 0, count: 80)

  mutating func add(_ block: [UInt32]) {
    for index in 0..<16 { schedule[index] = block[index] }
    for index in 16..<80 {
      let near = schedule[index - 3] ^ schedule[index - 8]
      let far = schedule[index - 14] ^ schedule[index - 16]
      schedule[index] = (near ^ far).rotatedLeft(1)
    }
    var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
    for index in 0..<80 {
      let mixed: UInt32
      switch index {
      case ..<20: mixed = (b & c | ~b & d) &+ 0x5a82_7999
      case ..<40: mixed = (b ^ c ^ d) &+ 0x6ed9_eba1
      case ..<60: mixed = (b & c | b & d | c & d) &+ 0x8f1b_bcdc
      default: mixed = (b ^ c ^ d) &+ 0xca62_c1d6
      }
      let next: UInt32 = a.rotatedLeft(5) &+ mixed &+ e &+ schedule[index]
      (a, b, c, d, e) = (next, a, b.rotatedLeft(30), c, d)
    }
    for (index, word) in [a, b, c, d, e].enumerated() { state[index] &+= word }
  }
}

private struct SHA256: BlockHash {
  var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
    0x5be0_cd19,
  ]
  private var schedule = [UInt32](repeating: 0, count: 64)

  mutating func add(_ block: [UInt32]) {
    for index in 0..<16 { schedule[index] = block[index] }
    for index in 16..<64 {
      let (late, early) = (schedule[index - 2], schedule[index - 15])
      let near: UInt32 = late.rotatedRight(17) ^ late.rotatedRight(19) ^ late >> 10
      let far: UInt32 = early.rotatedRight(7) ^ early.rotatedRight(18) ^ early >> 3
      schedule[index] = near &+ schedule[index - 7] &+ far &+ schedule[index - 16]
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for index in 0..<64 {
      let high: UInt32 = e.rotatedRight(6) ^ e.rotatedRight(11) ^ e.rotatedRight(25)
      let choice: UInt32 = e & f ^ ~e & g
      let first: UInt32 = h &+ high &+ choice &+ Self.constants[index] &+ schedule[index]
      let low: UInt32 = a.rotatedRight(2) ^ a.rotatedRight(13) ^ a.rotatedRight(22)
      let majority: UInt32 = a & b ^ a & c ^ b & c
      let second: UInt32 = low &+ majority
      (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
    }
    for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
  }

  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
    0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
    0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
    0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
    0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
    0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
    0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
    0xc671_78f2,
  ]
}
