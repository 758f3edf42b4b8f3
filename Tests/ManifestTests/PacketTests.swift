import Testing

@testable import Manifest

@Suite("Packets")
struct PacketTests {
  private static func hex(_ text: String) -> [UInt8] { ScalarText.hex(text) ?? [] }

  /// What was captured of `ping -c1 -s8 127.0.0.1`, but for addresses and numbers.
  @Test("An echo request has the checksums that the kernel gives it")
  func echo() {
    var packet = PacketDescription()
    packet.network = .ipv4(.init(source: [127, 0, 0, 1], destination: [127, 0, 0, 1]))
    packet.transport = .icmp(.init(type: 8, id: 0x1234, sequence: 1))
    packet.payload = [1, 2, 3, 4, 5, 6, 7, 8]
    #expect(
      packet.bytes
        == Self.hex(
          """
          020000000002 020000000001 0800
          4500 0024 0000 0000 4001 7cd7 7f000001 7f000001
          0800 d5b6 1234 0001 0102030405060708
          """))
  }

  @Test("Checksums add up, whatever the length", arguments: 0..<9)
  func checksums(length: Int) throws {
    let payload = (0..<length).map { UInt8($0 * 37 % 256) }
    let networks: [PacketDescription.Network] = [.ipv4(.init()), .ipv6(.init())]
    let transports: [PacketDescription.Transport] = [
      .tcp(.init(destination: 80)), .udp(.init(destination: 53)), .icmpv6(.init(type: 128)),
    ]
    for network in networks {
      for transport in transports {
        var packet = PacketDescription()
        packet.network = network
        packet.transport = transport
        packet.payload = payload
        let bytes = try #require(packet.bytes)
        let isIPv6 = bytes[12] == 0x86
        let start = isIPv6 ? 54 : 34
        if !isIPv6 { #expect(internetChecksum(Array(bytes[14..<34])) == 0) }
        let segment = Array(bytes[start...])
        let addresses = Array(isIPv6 ? bytes[22..<54] : bytes[26..<34])
        let pseudo = addresses + [0, transport.proto, 0, UInt8(segment.count)]
        #expect(
          internetChecksum(pseudo + segment + (segment.count % 2 == 1 ? [0] : [])) == 0,
          "\(transport) over \(network)")
        let total =
          isIPv6 ? Int(bytes[18]) << 8 | Int(bytes[19]) : Int(bytes[16]) << 8 | Int(bytes[17])
        #expect(total == bytes.count - 14 - (isIPv6 ? 40 : 0))
      }
    }
  }

  @Test("VLAN tags, ARP and a protocol of one's own")
  func others() {
    var tagged = PacketDescription()
    tagged.vlans = [.init(id: 5, priority: 3, type: 0x88a8), .init(id: 4095)]
    tagged.payload = [9]
    #expect(
      tagged.bytes == Self.hex("020000000002 020000000001 88a8 6005 8100 0fff 0000 09"))
    var arp = PacketDescription()
    arp.network = .arp(.init(targetProtocol: [10, 0, 0, 9]))
    #expect(
      arp.bytes
        == Self.hex(
          """
          020000000002 020000000001 0806 0001 0800 06 04 0001
          020000000001 c0000201 000000000000 0a000009
          """))
    var huge = PacketDescription()
    huge.network = .ipv4(.init())
    huge.payload = [UInt8](repeating: 0, count: 65516)
    #expect(huge.bytes == nil)
    huge.payload.removeLast()
    #expect(huge.bytes?.count == 65549)
  }

  @Test("Hex takes spaces and colons between pairs, and nothing else")
  func hexText() {
    #expect(ScalarText.hex("0800 45:00\n0a") == [8, 0, 0x45, 0, 10])
    #expect(ScalarText.hex("") == [])
    for text in ["0", "0x08", "08 0", "0 8", "zz", "08,00"] { #expect(ScalarText.hex(text) == nil) }
  }
}

/// Captures as tools write them, made here.
enum Capture {
  static func number(_ value: UInt32, _ size: Int, _ isBig: Bool) -> [UInt8] {
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    return isBig ? bytes.reversed() : bytes
  }

  static func pcap(
    _ frames: [[UInt8]], isBig: Bool = false, magic: UInt32 = 0xa1b2_c3d4, link: UInt32 = 1,
    cut: Int = 0
  ) -> [UInt8] {
    func n(_ value: UInt32, _ size: Int = 4) -> [UInt8] { number(value, size, isBig) }
    var bytes = n(magic) + n(2, 2) + n(4, 2) + n(0) + n(0) + n(262144) + n(link)
    for frame in frames {
      bytes += n(1) + n(2) + n(UInt32(frame.count - cut)) + n(UInt32(frame.count))
      bytes += frame.dropLast(cut)
    }
    return bytes
  }

  static func pcapng(
    _ frames: [[UInt8]], isBig: Bool = false, link: UInt32 = 1, simple: Bool = false
  ) -> [UInt8] {
    func n(_ value: UInt32, _ size: Int = 4) -> [UInt8] { number(value, size, isBig) }
    func block(_ kind: UInt32, _ body: [UInt8]) -> [UInt8] {
      let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
      let length = n(UInt32(padded.count + 12))
      return n(kind) + length + padded + length
    }
    var bytes = block(0x0a0d_0d0a, n(0x1a2b_3c4d) + n(1, 2) + n(0, 2) + n(.max) + n(.max))
    bytes += block(1, n(link, 2) + n(0, 2) + n(65535))
    // A block of names, which does not matter here.
    bytes += block(4, [0, 0, 0, 0])
    for frame in frames {
      let size = n(UInt32(frame.count))
      bytes +=
        simple ? block(3, size + frame) : block(6, n(0) + n(1) + n(2) + size + size + frame)
    }
    return bytes
  }
}

@Suite("Captures")
struct CaptureTests {
  static let frames: [[UInt8]] = [
    [UInt8](repeating: 1, count: 14), (0..<61).map { UInt8($0) }, [UInt8](repeating: 3, count: 60),
  ]

  static let kinds: [String: [UInt8]] = [
    "pcap": Capture.pcap(frames), "big pcap": Capture.pcap(frames, isBig: true),
    "pcap of nanoseconds": Capture.pcap(frames, magic: 0xa1b2_3c4d),
    "pcapng": Capture.pcapng(frames), "big pcapng": Capture.pcapng(frames, isBig: true),
    "simple pcapng": Capture.pcapng(frames, simple: true),
    "two sections": Capture.pcapng([frames[0]]) + Capture.pcapng(Array(frames[1...]), isBig: true),
  ]

  private func problem(_ number: Int, _ bytes: [UInt8]) -> CaptureError? {
    do throws(CaptureError) {
      _ = try CaptureFile.frame(number, of: bytes)
      return nil
    } catch {
      return error
    }
  }

  @Test("Each frame is found by its number", arguments: kinds.keys.sorted())
  func found(kind: String) throws {
    let bytes = try #require(Self.kinds[kind])
    for (index, frame) in Self.frames.enumerated() {
      #expect(try CaptureFile.frame(index + 1, of: bytes) == frame)
    }
    let beyond = problem(4, bytes)
    #expect(beyond?.message == "it has no frame 4" && beyond?.hint == "it has 3")
  }

  @Test("What is no Ethernet frame, or only a part of one, is refused")
  func refused() {
    #expect(problem(1, [1, 2, 3, 4, 5])?.message == "it is neither a pcap nor a pcapng file")
    for bytes in [Capture.pcap(Self.frames, link: 113), Capture.pcapng(Self.frames, link: 113)] {
      #expect(problem(1, bytes)?.message == "its frames are not Ethernet (link type 113)")
    }
    #expect(
      problem(2, Capture.pcap(Self.frames, cut: 4))?.message
        == "frame 2 was captured in part: 57 of 61 bytes")
    #expect(problem(1, Capture.pcap([]))?.hint == "it has none at all")
  }

  @Test("Any bytes give a frame or an error", arguments: kinds.keys.sorted())
  func hostile(kind: String) throws {
    let bytes = try #require(Self.kinds[kind])
    // Cut off anywhere, the last frame is not there.
    for length in 0..<bytes.count {
      #expect(problem(3, Array(bytes[..<length])) != nil || length > bytes.count - 5)
    }
    var random = SplitMix(state: 5)
    for _ in 0..<20_000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let values: [UInt8] = [0, 0xff, 0x7f, 0x80, UInt8.random(in: 0...255, using: &random)]
        changed[Int.random(in: 0..<changed.count, using: &random)] =
          values[Int.random(in: 0..<values.count, using: &random)]
      }
      for number in [1, 3, Int(Int32.max)] { _ = problem(number, changed) }
    }
  }
}
