import Testing

@testable import BPFObject

@Suite struct ValueTypeTests {
  @Test(arguments: [
    ("u8", 1), ("u16", 2), ("u32", 4), ("u64", 8), ("s8", 1), ("s16", 2), ("s32", 4), ("s64", 8),
    ("be16", 2), ("be32", 4), ("be64", 8), ("bool", 1), ("ipv4", 4), ("ipv6", 16), ("mac", 6),
    ("char[16]", 16), ("bytes[7]", 7), ("u32[3]", 12), ("u8[2][3]", 6), ("char[16][4]", 64),
    ("ipv6[2]", 32), ("u8[0x10]", 16),
  ])
  func sizes(_ name: String, _ size: Int) throws {
    let layout = try Layout(type: text(name))
    #expect(layout.size == size)
    if !name.contains("0x") { #expect(layout.description == name) }
  }

  @Test func structures() throws {
    let layout = try Layout(type: [
      "a": "u8", "b": "u32", "c": "be16", "d": ["x": "u8", "y": "u64"], "e": "mac", "f": "ipv6",
    ])
    guard case .record(let size, let fields, false) = layout else {
      Issue.record("not a record")
      return
    }
    #expect(fields.map { $0.bitOffset / 8 } == [0, 4, 8, 16, 32, 40])
    #expect(size == 56)
    #expect(
      layout.description
        == "{a: u8, b: u32, c: be16, d: {x: u8, y: u64}, e: mac, f: ipv6}")
    #expect(try Layout(type: ["a": "u64", "b": "u8"]).size == 16)
    #expect(try Layout(type: ["a": "u32", "b": "ipv6"]).size == 20)
  }

  @Test(
    arguments: [
      ("u31", "unknown type 'u31'", "did you mean 'u32'?"),
      ("uint32_t", "unknown type 'uint32_t'", "did you mean 'u32'?"),
      ("string[8]", "unknown type 'string'", "did you mean 'char[N]'?"),
      ("ipv5", "unknown type 'ipv5'", "did you mean 'ipv4'?"),
      ("char", "'char' needs a length", "write char[16], for example"),
      ("bytes", "'bytes' needs a length", "write bytes[16], for example"),
      ("u8[", "'u8[' is not a type", "an array is written as TYPE[COUNT]"),
      ("u8[]", "'' is not a count", "a count is a whole number from 1 on"),
      ("u8[0]", "'0' is not a count", "a count is a whole number from 1 on"),
      ("u8[-1]", "'-1' is not a count", "a count is a whole number from 1 on"),
      ("u8[x]", "'x' is not a count", "a count is a whole number from 1 on"),
      ("u8[2]x", "'u8[2]x' is not a type", "an array is written as TYPE[COUNT]"),
      ("u8[67108865]", "'u8[67108865]' takes more than the 67108864 bytes supported", nil),
      ("u64[8388609]", "'u64[8388609]' takes more than the 67108864 bytes supported", nil),
      (
        "u8[67108864][67108864][67108864][67108864]",
        "'u8[67108864][67108864][67108864][67108864]' takes more than the 67108864 bytes supported",
        nil
      ),
      (
        "u8[99999999999999999999]", "'99999999999999999999' is not a count",
        "a count is a whole number from 1 on"
      ),
    ] as [(String, String, String?)])
  func refusals(_ type: String, _ message: String, _ hint: String?) {
    let error = failure { () throws(ValueError) in try Layout(type: text(type)) }
    #expect(error == ValueError(message: message, hint: hint))
  }

  @Test func refusedStructures() throws {
    func error(_ type: Value) -> ValueError? {
      failure { () throws(ValueError) in try Layout(type: type) }
    }
    #expect(error([:])?.message == "a structure needs a field")
    #expect(error(["u8"])?.message == "expected a type, found a list")
    #expect(error(.null)?.message == "expected a type, found nothing")
    #expect(error(["a": ["b": "u9"]])?.path == [.member("a"), .member("b")])
    #expect(error(["a": "u8", "a": "u8"])?.message == "field 'a' is given more than once")
    for name in ["", "1a", "a-b", "a.b", "ü"] {
      #expect(
        error(.record([.init(name: name, value: "u8")]))?.message
          == "\(quoted(name)) is not a field name")
    }
    var deep: Value = "u8"
    for _ in 0..<1000 { deep = ["a": deep] }
    #expect(error(deep)?.message == "types nest more than 32 deep")
    #expect(error(["a": "u8[67108864]", "b": "u8"])?.path == [.member("b")])
  }

  @Test func lengthFromElsewhere() throws {
    #expect(try Layout(type: "bytes", size: 12) == .bytes(12))
    #expect(try Layout(type: "u32", size: 4).size == 4)
    #expect(
      failure { () throws(ValueError) in try Layout(type: "u32", size: 8) }?.message
        == "the type takes 4 bytes, but 8 are expected")
    #expect(failure { () throws(ValueError) in try Layout(type: "bytes", size: 0) } != nil)
  }
}
