import Testing

@testable import BPFObject

@Suite struct ValueAddressTests {
  @Test(arguments: ["0.0.0.0", "10.0.0.1", "255.255.255.255"])
  func ipv4(_ written: String) throws {
    let bytes = try #require(AddressText.ipv4(written))
    #expect(AddressText.format(ipv4: bytes) == written)
    #expect(try Layout.ipv4.encode(text(written)) == bytes)
    #expect(Layout.ipv4.decode(bytes) == text(written))
  }

  @Test(arguments: [
    "", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.-4", "01.2.3.4", "1..2.3", "1.2.3.",
    ".1.2.3",
    "1.2.3.4 ", "1.2.3.4/8", "a.b.c.d", "1.2.3.00",
  ])
  func notIPv4(_ written: String) {
    #expect(AddressText.ipv4(written) == nil)
  }

  /// As written, canonical.
  @Test(arguments: [
    ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("0:0:0:0:0:0:0:0", "::"),
    ("2001:DB8::1", "2001:db8::1"), ("2001:db8:0:0:0:0:0:1", "2001:db8::1"),
    ("2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
    ("0:0:1:2:3:4:5:6", "::1:2:3:4:5:6"), ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"),
    ("::ffff:10.0.0.1", "::ffff:10.0.0.1"), ("::ffff:a00:1", "::ffff:10.0.0.1"),
    ("::10.0.0.1", "::a00:1"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("fe80::", "fe80::"),
    (
      "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    ),
  ])
  func ipv6(_ written: String, _ canonical: String) throws {
    let bytes = try #require(AddressText.ipv6(written))
    #expect(bytes.count == 16)
    #expect(AddressText.format(ipv6: bytes) == canonical)
    #expect(AddressText.ipv6(canonical) == bytes)
    #expect(try Layout.ipv6.encode(text(written)) == bytes)
  }

  @Test(arguments: [
    "", ":", ":::", "1", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:",
    ":1:2:3:4:5:6:7:8", "::1::", "1::2::3", "12345::", "g::", "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4", "::1.2.3", "::1.2.3.4:5",
    "::256.1.1.1", "fe80::1%eth0", "::1/64", " ::1", "1:::2",
  ])
  func notIPv6(_ written: String) {
    #expect(AddressText.ipv6(written) == nil)
  }

  @Test func mac() throws {
    let bytes: [UInt8] = [2, 0, 0, 0xab, 0xcd, 0xef]
    for written in ["02:00:00:ab:cd:ef", "02-00-00-AB-CD-EF"] {
      #expect(try Layout.mac.encode(text(written)) == bytes)
    }
    #expect(Layout.mac.decode(bytes) == text("02:00:00:ab:cd:ef"))
    for bad in [
      "", "02:00:00:ab:cd", "02:00:00:ab:cd:ef:00", "2:0:0:ab:cd:ef", "02:00-00:ab:cd:ef",
      "020000abcdef", "0g:00:00:ab:cd:ef",
    ] {
      #expect(AddressText.mac(bad) == nil)
    }
  }

  @Test func otherForms() throws {
    #expect(try Layout.ipv4.encode(0x7f00_0001) == [127, 0, 0, 1])
    #expect(try Layout.ipv4.encode([127, 0, 0, 1]) == [127, 0, 0, 1])
    #expect(try Layout(type: "u8[4]").encode("127.0.0.1") == [127, 0, 0, 1])
    #expect(try Layout(type: "u8[6]").encode("02:00:00:00:00:01") == [2, 0, 0, 0, 0, 1])
    #expect(try Layout(type: "u8[16]").encode("::1").last == 1)
    #expect(try Layout(type: "be32[4]").encode("::1").last == 1)
    #expect(failure { () throws(ValueError) in try Layout(type: "u32").encode("1.2.3.4") } != nil)
    #expect(failure { () throws(ValueError) in try Layout(type: "u8[4]").encode("::1") } != nil)
    #expect(
      failure { () throws(ValueError) in try Layout.ipv4.encode("10.0.0.0/8") }?.hint
        == "a prefix can stand only in the key of an LPM trie")
    #expect(
      failure { () throws(ValueError) in try Layout.ipv6.encode("10.0.0.1") }?.hint
        == "write ::ffff:10.0.0.1 for a mapped address")
    #expect(
      failure { () throws(ValueError) in try Layout.ipv6.encode("fe80::1%lo") }?.hint
        == "leave out the zone after '%'")
  }
}
