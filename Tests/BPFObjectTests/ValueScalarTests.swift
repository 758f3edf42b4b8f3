import Testing

@testable import BPFObject

@Suite struct ValueScalarTests {
  static let integers: [(name: String, low: String, high: String, below: String, above: String)] = [
    ("u8", "0", "255", "-1", "256"),
    ("u16", "0", "65535", "-1", "65536"),
    ("u32", "0", "4294967295", "-1", "4294967296"),
    ("u64", "0", "18446744073709551615", "-1", "18446744073709551616"),
    ("s8", "-128", "127", "-129", "128"),
    ("s16", "-32768", "32767", "-32769", "32768"),
    ("s32", "-2147483648", "2147483647", "-2147483649", "2147483648"),
    (
      "s64", "-9223372036854775808", "9223372036854775807", "-9223372036854775809",
      "9223372036854775808"
    ),
    ("be16", "0", "65535", "-1", "65536"),
    ("be32", "0", "4294967295", "-1", "4294967296"),
    ("be64", "0", "18446744073709551615", "-1", "18446744073709551616"),
  ]

  @Test(arguments: integers)
  func limits(_ type: (name: String, low: String, high: String, below: String, above: String))
    throws
  {
    let layout = try Layout(type: text(type.name))
    for good in [type.low, type.high, "1", "100"] {
      let bytes = try layout.encode(.scalar(good, plain: true))
      #expect(bytes.count == layout.size)
      #expect(layout.decode(bytes) == .scalar(good, plain: true))
    }
    for bad in [type.below, type.above] {
      let error = failure { () throws(ValueError) in try layout.encode(.scalar(bad, plain: true)) }
      #expect(
        error?.message == "\(bad) is out of range for \(type.name) (\(type.low) to \(type.high))")
    }
  }

  @Test func byteOrder() throws {
    #expect(try Layout(type: "be16").encode(80) == [0, 80])
    #expect(try Layout(type: "be32").encode(0x0a00_0001) == [10, 0, 0, 1])
    #expect(try Layout(type: "be32").encode("10.0.0.1") == [10, 0, 0, 1])
    #expect(try Layout(type: "be64").encode(1) == [0, 0, 0, 0, 0, 0, 0, 1])
    let host = try Layout(type: "u32").encode(1)
    #expect(host == (RawBits.hostIsLittleEndian ? [1, 0, 0, 0] : [0, 0, 0, 1]))
    #expect(try Layout(type: "s16").encode(-2).sorted() == [0xfe, 0xff])
  }

  @Test(arguments: [
    ("0x10", 16), ("0o17", 15), ("0b101", 5), ("+7", 7), ("0", 0), ("-0", 0), ("0xFf", 255),
    ("0x00ff", 255),
  ])
  func bases(_ written: String, _ number: Int) throws {
    let layout = try Layout(type: "u16")
    #expect(
      try layout.encode(.scalar(written, plain: true))
        == layout.encode(.init(integerLiteral: number))
    )
  }

  @Test(arguments: [
    "", "-", "+", "0x", "0b2", "0o8", "1_000", "1.5", "1e3", "abc", " 1", "1 ", "--1", "0X10",
    "010",
    "00", "0xg", "10.0.0.1", "१",
  ])
  func notNumbers(_ written: String) throws {
    let error = failure { () throws(ValueError) in
      try Layout(type: "u32").encode(.scalar(written, plain: true))
    }
    #expect(error?.message == "\(quoted(written)) is not a number (u32)")
  }

  @Test func hintsForNumbers() throws {
    let u32 = try Layout(type: "u32")
    #expect(
      failure { () throws(ValueError) in try u32.encode("1_000") }?.hint
        == "write the digits without underscores")
    #expect(
      failure { () throws(ValueError) in try u32.encode("0755") }?.hint
        == "write 755 for decimal or 0o755 for octal, without the leading zero")
    let quoted = failure { () throws(ValueError) in try u32.encode(text("5")) }
    #expect(quoted?.message == "expected a number (u32), found the text '5'")
    #expect(quoted?.hint == "write 5 without quotes")
    #expect(
      failure { () throws(ValueError) in try u32.encode([1]) }?.message
        == "expected a number (u32), found a list")
    let long = failure { () throws(ValueError) in
      try u32.encode(text(String(repeating: "x", count: 1_000_000)))
    }
    #expect((long?.message.count ?? .max) < 200)
  }

  @Test func booleans() throws {
    let bool = Layout.bool
    for (written, byte) in [
      ("true", 1), ("True", 1), ("TRUE", 1), ("1", 1), ("false", 0), ("False", 0), ("0", 0),
    ] as [(String, UInt8)] {
      #expect(try bool.encode(.scalar(written, plain: true)) == [byte])
    }
    for bad in ["yes", "on", "2", "t", ""] {
      #expect(
        failure { () throws(ValueError) in try bool.encode(.scalar(bad, plain: true)) } != nil)
    }
    #expect(failure { () throws(ValueError) in try bool.encode(text("true")) } != nil)
    #expect(bool.decode([1]) == true)
    #expect(bool.decode([0]) == false)
    #expect(bool.decode([2]) == 2)
  }

  @Test func enumerations() throws {
    let layout = Layout.enumeration(
      size: 4, signed: true,
      constants: [
        .init(name: "XDP_ABORTED", value: 0), .init(name: "XDP_DROP", value: 1),
        .init(name: "BROKEN", value: UInt64(bitPattern: -1)),
      ])
    #expect(layout.decode(try layout.encode("XDP_DROP")) == text("XDP_DROP"))
    #expect(layout.decode(try layout.encode(text("BROKEN"))) == text("BROKEN"))
    #expect(try layout.encode("BROKEN") == [255, 255, 255, 255])
    #expect(layout.decode(try layout.encode(1)) == text("XDP_DROP"))
    #expect(layout.decode(try layout.encode(7)) == 7)
    #expect(layout.decode(try layout.encode(-2)) == -2)
    let error = failure { () throws(ValueError) in try layout.encode("XDP_DORP") }
    #expect(error?.message == "'XDP_DORP' is not a constant of the enumeration")
    #expect(error?.hint == "did you mean 'XDP_DROP'?")
    #expect(
      failure { () throws(ValueError) in try layout.encode("zzz") }?.hint
        == "its constants are 'XDP_ABORTED', 'XDP_DROP', 'BROKEN'")
    let packed = Layout.enumeration(
      size: 1, signed: false, constants: [.init(name: "BIG", value: 200)])
    #expect(try packed.encode("BIG") == [200])
    #expect(packed.decode([200]) == text("BIG"))
  }

  @Test func strings() throws {
    let layout = try Layout(type: "char[4]")
    #expect(try layout.encode("abcd") == Array("abcd".utf8))
    #expect(try layout.encode("80") == [0x38, 0x30, 0, 0])
    #expect(try layout.encode(text("")) == [0, 0, 0, 0])
    #expect(layout.decode([0x38, 0x30, 0, 0]) == text("80"))
    #expect(layout.decode(Array("ü€".utf8.prefix(4))) == [0xc3, 0xbc, 0xe2, 0x82])
    #expect(layout.decode([97, 0, 98, 0]) == [97, 0, 98, 0])
    #expect(try layout.encode([97, 0, 98, 0]) == [97, 0, 98, 0])
    #expect(
      failure { () throws(ValueError) in try layout.encode("abcde") }?.message
        == "'abcde' is 5 bytes long, at most 4 fit")
    #expect(failure { () throws(ValueError) in try layout.encode(text("a\0b")) } != nil)
    #expect(failure { () throws(ValueError) in try layout.encode([1, 2, 3]) } != nil)
    #expect(failure { () throws(ValueError) in try layout.encode(.null) } != nil)
  }

  @Test func hex() throws {
    let layout = try Layout(type: "bytes[4]")
    for written in ["0a0000ff", "0A0000FF", "0a00 00ff", "0a 00 00 ff", " 0a0000ff "] {
      #expect(try layout.encode(text(written)) == [10, 0, 0, 255])
    }
    #expect(try layout.encode([10, 0, 0, 255]) == [10, 0, 0, 255])
    #expect(layout.decode([10, 0, 0, 255]) == text("0a0000ff"))
    for bad in ["0a0000", "0a0000ff00", "0a0000f", "0 a0000ff", "0x0a0000ff", "zz000000", ""] {
      #expect(failure { () throws(ValueError) in try layout.encode(text(bad)) } != nil)
    }
    #expect(
      failure { () throws(ValueError) in try layout.encode([1, 2, 300, 4]) }
        == ValueError(path: [.index(2)], message: "300 is out of range for u8 (0 to 255)"))
    #expect(layout.decode([1, 2]) == text("0102"))
    #expect(layout.decode([]) == text(""))
  }
}
