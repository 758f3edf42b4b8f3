/// The kernel's short digest of a program's instructions, as `bpftool prog show` prints it.
public struct ProgramTag: Hashable, Sendable, Comparable, CustomStringConvertible, Codable {
  /// Eight bytes.
  public let bytes: [UInt8]

  /// The first eight bytes; nil when there are fewer.
  public init?(bytes: some Sequence<UInt8>) {
    let kept = Array(bytes.prefix(8))
    guard kept.count == 8 else { return nil }
    self.bytes = kept
  }

  /// From eight bytes that were read as one number, in memory order.
  public init(number: UInt64) {
    bytes = unsafe withUnsafeBytes(of: number) { unsafe Array($0) }
  }

  /// From sixteen hex digits.
  public init?(_ hex: String) {
    guard hex.utf8.count == 16 else { return nil }
    var bytes: [UInt8] = []
    var high: UInt8?
    for character in hex {
      guard let digit = character.hexDigitValue, character.isASCII else { return nil }
      if let first = high {
        bytes.append(first << 4 | UInt8(digit))
        high = nil
      } else {
        high = UInt8(digit)
      }
    }
    self.init(bytes: bytes)
  }

  /// Sixteen hex digits.
  public var description: String {
    bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
  }

  public static func < (left: Self, right: Self) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }

  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let tag = ProgramTag(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "no program tag: \(text)"))
    }
    self = tag
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// The hash that a kernel makes its tags with.
public enum TagAlgorithm: String, Hashable, Sendable, Codable, CaseIterable {
  /// Up to Linux 6.17.
  case sha1
  /// From Linux 6.18 on.
  case sha256
}

extension ProgramTag {
  /// The tag of instructions as passed to PROG_LOAD: what the kernel hashes, which is all of them
  /// but the immediates that load a map (a descriptor, and the offset in its value).
  public init(of instructions: [Instruction], algorithm: TagAlgorithm) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(instructions.count * 8)
    var inMapLoad = false
    for var instruction in instructions {
      if !inMapLoad && instruction.isWideLoad
        && (instruction.source == PseudoSource.mapFD
          || instruction.source == PseudoSource.mapValue)
      {
        inMapLoad = true
        instruction.immediate = 0
      } else if inMapLoad {
        inMapLoad = false
        if instruction.opcode == 0 && instruction.registers == 0 && instruction.offset == 0 {
          instruction.immediate = 0
        }
      }
      instruction.encode(into: &bytes)
    }
    self.bytes = Array(TagHash.digest(of: bytes, algorithm).prefix(8))
  }
}
