import Testing

@testable import BPFObject

@Suite struct ValuePrefixTests {
  /// All the ways that people declare an IPv4 key of an LPM trie.
  static let keys: [Value] = [
    ["prefixlen": "u32", "addr": "u32"], ["prefixlen": "u32", "data": "u8[4]"],
    ["prefixlen": "u32", "ip": "be32"], ["prefixlen": "u32", "addr": "ipv4"],
    ["prefixlen": "u32", "addr": "bytes[4]"], ["hdr": ["prefixlen": "u32"], "addr": "u32"],
    "bytes[8]",
  ]

  @Test(arguments: keys)
  func ipv4(_ type: Value) throws {
    let layout = Layout.prefixLayout(key: try Layout(type: type))
    let length = try Layout(type: "u32")
    for (written, bits, address) in [
      ("0.0.0.0/0", 0, [0, 0, 0, 0]), ("10.0.0.0/8", 8, [10, 0, 0, 0]),
      ("10.128.0.0/9", 9, [10, 128, 0, 0]), ("1.2.3.4/32", 32, [1, 2, 3, 4]),
    ] as [(String, Int, [UInt8])] {
      let bytes = try layout.encode(text(written))
      #expect(try bytes == length.encode(.init(integerLiteral: bits)) + address)
      #expect(layout.decode(bytes) == text(written))
    }
  }

  @Test func ipv6AndRecords() throws {
    for type: Value in [
      ["prefixlen": "u32", "addr": "ipv6"], ["prefixlen": "u32", "addr": "u8[16]"],
      ["prefixlen": "u32", "addr": "u32[4]"], ["prefixlen": "u32", "addr": "be32[4]"], "bytes[20]",
    ] {
      let layout = Layout.prefixLayout(key: try Layout(type: type))
      let bytes = try layout.encode("2001:db8::/32")
      #expect(layout.decode(bytes) == text("2001:db8::/32"))
      #expect(try layout.encode(["prefixlen": 32, "addr": "2001:db8::"]) == bytes)
      #expect(try layout.encode("::/0").allSatisfy { $0 == 0 })
    }
  }

  @Test func refusals() throws {
    let layout = Layout.prefixLayout(key: try Layout(type: ["prefixlen": "u32", "addr": "u32"]))
    func error(_ value: Value) -> ValueError? {
      failure { () throws(ValueError) in try layout.encode(value) }
    }
    #expect(
      error("10.1.2.3/8")
        == ValueError(
          message: "10.1.2.3/8 has bits set beyond the prefix", hint: "write 10.0.0.0/8"))
    #expect(
      error(["prefixlen": 31, "addr": "10.0.0.1"])
        == ValueError(
          message: "10.0.0.1/31 has bits set beyond the prefix", hint: "write 10.0.0.0/31"))
    #expect(error("10.0.0.1")?.hint == "write 10.0.0.1/32")
    #expect(
      error("10.0.0.0/33")?.message == "prefix length 33 is out of range for ipv4 (0 to 32)")
    #expect(
      error(["prefixlen": 33, "addr": "10.0.0.1"])?.message
        == "prefix length 33 is out of range (0 to 32)")
    for bad: Value in ["10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/x", "10.0.0.0/8/8", "/8", "::/0", 5] {
      #expect(error(bad) != nil)
    }
    #expect(error(["prefixlen": 8]) == ValueError(message: "missing field 'addr'"))
    #expect(
      error(["prefixlen": 8, "address": "10.0.0.0"])
        == ValueError(
          path: [.member("address")], message: "unknown field 'address'",
          hint: "did you mean 'addr'?"))
  }

  @Test func keysOfOtherShapes() throws {
    let compound = Layout.prefixLayout(
      key: try Layout(type: ["prefixlen": "u32", "vni": "be32", "addr": "ipv4"]))
    let bytes = try compound.encode(["prefixlen": 40, "vni": 7, "addr": "10.0.0.0"])
    #expect(bytes.suffix(8) == [0, 0, 0, 7, 10, 0, 0, 0])
    #expect(compound.decode(bytes) == ["prefixlen": 40, "vni": 7, "addr": text("10.0.0.0")])
    #expect(failure { () throws(ValueError) in try compound.encode("10.0.0.0/8") } != nil)
    #expect(
      failure { () throws(ValueError) in
        try compound.encode(["prefixlen": 40, "vni": 7, "addr": "10.1.0.0"])
      }?.hint == "write {prefixlen: 40, vni: 7, addr: 10.0.0.0}")
    let odd = Layout.prefixLayout(key: .bytes(7))
    #expect(
      odd.decode(try odd.encode(["prefixlen": 24, "data": text("010203")]))
        == ["prefixlen": 24, "data": text("010203")])
    for type: Value in ["u32", "bytes[4]", ["a": "u64"], ["a": "u16", "b": "u32"]] {
      let layout = try Layout(type: type)
      #expect(Layout.prefixLayout(key: layout) == layout)
    }
  }

  @Test func hostBitsFromTheKernelAreShownButDoNotCount() throws {
    let layout = Layout.prefixLayout(key: try Layout(type: ["prefixlen": "u32", "addr": "u32"]))
    var bytes = try layout.encode("10.0.0.0/9")
    bytes[5] = 0x81
    #expect(layout.decode(bytes) == text("10.129.0.0/9"))
    #expect(layout.decode(layout.canonical(bytes)) == text("10.128.0.0/9"))
    bytes = Array(repeating: 0xff, count: 8)
    #expect(
      layout.decode(bytes) == ["prefixlen": 4_294_967_295, "addr": text("255.255.255.255")])
    #expect(layout.canonical(bytes) == bytes)
  }
}
