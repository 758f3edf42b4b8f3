/// A file of captured packets as tcpdump (pcap) and Wireshark (pcapng) write them.
///
/// Takes any bytes: lengths are compared with what is left before anything is read.
public enum CaptureFile {
  /// A frame from the Ethernet header on, the first one being number 1.
  ///
  /// Throws a sentence without a place when the file is no capture, has no such frame, or that frame is
  /// not a whole Ethernet frame.
  public static func frame(_ number: Int, of bytes: [UInt8]) throws(CaptureError) -> [UInt8] {
    guard number >= 1 else { throw CaptureError("frames are counted from 1") }
    var cursor = CaptureCursor(bytes)
    let magic = try cursor.number(4)
    switch magic {
    case 0xa1b2_c3d4, 0xa1b2_3c4d: break
    case 0xd4c3_b2a1, 0x4d3c_b2a1: cursor.isSwapped = true
    case 0x0a0d_0d0a:
      cursor.at = 0
      return try next(&cursor, number)
    default:
      throw CaptureError(
        "it is neither a pcap nor a pcapng file", hint: "tcpdump -w FILE writes one")
    }
    // Version, time zone, accuracy, longest packet.
    try cursor.skip(16)
    try check(linkType: cursor.number(4) & 0xffff)
    for index in 1...number {
      guard !cursor.isAtEnd else { throw missing(number, of: index - 1) }
      try cursor.skip(8)
      let captured = try cursor.number(4)
      let original = try cursor.number(4)
      if index == number {
        try check(captured: captured, original: original, number)
        return try cursor.bytes(captured)
      }
      try cursor.skip(captured)
    }
    throw missing(number, of: 0)
  }

  /// Block by block.
  private static func next(
    _ cursor: inout CaptureCursor, _ number: Int
  ) throws(CaptureError) -> [UInt8] {
    var linkTypes: [Int] = []
    var snapLength = 0
    var seen = 0
    while !cursor.isAtEnd {
      let start = cursor.at
      let kind = try cursor.number(4)
      if kind == 0x0a0d_0d0a {
        // A section says in which order its bytes are.
        try cursor.skip(4)
        cursor.isSwapped = false
        let order = try cursor.number(4)
        guard order == 0x1a2b_3c4d || order == 0x4d3c_2b1a else {
          throw CaptureError("a section of the file has no byte order")
        }
        cursor.isSwapped = order == 0x4d3c_2b1a
        cursor.at = start + 4
        linkTypes = []
      }
      let length = try cursor.number(4)
      guard length >= 12, length % 4 == 0, length <= cursor.count - start else {
        throw CaptureError("a block at byte \(start) has a length of \(length)")
      }
      switch kind {
      case 1:
        linkTypes.append(try cursor.number(2))
        try cursor.skip(2)
        snapLength = try cursor.number(4)
      case 3, 6:
        seen += 1
        guard seen == number else { break }
        let interface = kind == 6 ? try cursor.number(4) : 0
        guard interface < linkTypes.count else {
          throw CaptureError("frame \(number) is of an interface that the file does not describe")
        }
        try check(linkType: linkTypes[interface])
        // The time stamp.
        if kind == 6 { try cursor.skip(8) }
        let first = try cursor.number(4)
        var captured = first
        if kind == 3, snapLength > 0 { captured = min(captured, snapLength) }
        let original = kind == 6 ? try cursor.number(4) : first
        try check(captured: captured, original: original, number)
        guard cursor.at + captured <= start + length else {
          throw CaptureError("frame \(number) is longer than its block")
        }
        return try cursor.bytes(captured)
      default: break
      }
      cursor.at = start + length
    }
    throw missing(number, of: seen)
  }

  private static func check(linkType: Int) throws(CaptureError) {
    guard linkType == 1 else {
      throw CaptureError(
        "its frames are not Ethernet (link type \(linkType))",
        hint: "capture on an Ethernet interface, not on 'any'")
    }
  }

  private static func check(
    captured: Int, original: Int, _ number: Int
  ) throws(CaptureError) {
    guard captured == original else {
      throw CaptureError(
        "frame \(number) was captured in part: \(captured) of \(original) bytes",
        hint: "tcpdump -s 0 captures all")
    }
    guard captured <= PacketDescription.limit else {
      throw CaptureError("frame \(number) is longer than any packet: \(captured) bytes")
    }
  }

  private static func missing(_ number: Int, of count: Int) -> CaptureError {
    CaptureError(
      "it has no frame \(number)",
      hint: count == 0 ? "it has none at all" : "it has \(count)")
  }
}

public struct CaptureError: Error, Hashable, Sendable {
  public var message: String
  public var hint: String?

  init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }
}

/// Numbers of a capture, in the byte order of who wrote it.
private struct CaptureCursor {
  private let data: [UInt8]
  var at = 0
  /// The lowest byte stands first.
  var isSwapped = false

  init(_ data: [UInt8]) { self.data = data }

  var count: Int { data.count }
  var isAtEnd: Bool { at >= data.count }

  mutating func skip(_ size: Int) throws(CaptureError) { _ = try range(size) }
  mutating func bytes(_ size: Int) throws(CaptureError) -> [UInt8] { Array(data[try range(size)]) }

  mutating func number(_ size: Int) throws(CaptureError) -> Int {
    let bytes = data[try range(size)]
    return isSwapped
      ? bytes.reversed().reduce(0) { $0 << 8 | Int($1) } : bytes.reduce(0) { $0 << 8 | Int($1) }
  }

  private mutating func range(_ size: Int) throws(CaptureError) -> Range<Int> {
    guard size >= 0, at >= 0, at <= data.count, size <= data.count - at else {
      throw CaptureError("it ends in the middle of something, at byte \(data.count)")
    }
    defer { at += size }
    return at..<at + size
  }
}
