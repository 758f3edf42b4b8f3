import Testing

@testable import BPFObject

@Suite struct ValueRecordTests {
  let flow: Layout

  init() throws {
    flow = try Layout(type: ["src": "ipv4", "port": "be16", "proto": "u8", "hits": "u64"])
  }

  @Test func strictNames() throws {
    let good: Value = ["src": "10.0.0.1", "port": 80, "proto": 6, "hits": 1]
    let bytes = try flow.encode(good)
    #expect(bytes.count == 16)
    #expect(bytes[..<8] == [10, 0, 0, 1, 0, 80, 6, 0])
    #expect(try flow.encode(["hits": 1, "proto": 6, "port": 80, "src": "10.0.0.1"]) == bytes)
    func error(_ value: Value) -> ValueError? {
      failure { () throws(ValueError) in try flow.encode(value) }
    }
    #expect(
      error(["src": "10.0.0.1", "prot": 80, "proto": 6, "hits": 1])
        == ValueError(
          path: [.member("prot")], message: "unknown field 'prot'", hint: "did you mean 'port'?"))
    #expect(
      error(["src": "10.0.0.1", "port": 80, "proto": 6, "hits": 1, "zzzzz": 1])?.hint
        == "the fields are 'src', 'port', 'proto', 'hits'")
    #expect(
      error(["src": "10.0.0.1", "port": 80, "port": 81, "proto": 6, "hits": 1])
        == ValueError(
          path: [.member("port")], message: "field 'port' is given more than once"))
    #expect(error(["src": "10.0.0.1"])?.message == "missing fields 'port', 'proto', 'hits'")
    #expect(
      error(["src": "10.0.0.1", "port": 80, "proto": 256, "hits": 1])
        == ValueError(
          path: [.member("proto")], message: "256 is out of range for u8 (0 to 255)"))
    #expect(error(5)?.message == "expected a mapping, found '5'")
    #expect(error(5)?.hint == "its fields are 'src', 'port', 'proto', 'hits'")
    #expect(error([])?.message == "expected a mapping, found a list")
    #expect(error([:])?.message == "missing fields 'src', 'port', 'proto', 'hits'")
  }

  @Test func pathsOfNestedErrors() throws {
    let layout = try Layout(type: ["a": ["b": "u8[3][2]"]])
    #expect(
      failure { () throws(ValueError) in try layout.encode(["a": ["b": [[1, 2, 3], [1, 2, -3]]]]) }?
        .path == [.member("a"), .member("b"), .index(1), .index(2)])
    #expect(
      failure { () throws(ValueError) in try layout.encode(["a": ["b": [[1, 2, 3]]]]) }
        == ValueError(
          path: [.member("a"), .member("b")], message: "expected 2 elements, found 1"))
    #expect(try layout.encode(["a": ["b": ["010203", [4, 5, 6]]]]) == [1, 2, 3, 4, 5, 6])
  }

  @Test func unions() throws {
    let u32 = Layout.integer(size: 4, signed: false, bigEndian: false)
    let u16 = Layout.integer(size: 2, signed: false, bigEndian: false)
    let union = Layout.record(
      size: 4,
      fields: [
        .init(name: "small", bitOffset: 0, layout: u16),
        .init(
          name: "", bitOffset: 0,
          layout: .record(
            size: 4,
            fields: [
              .init(name: "low", bitOffset: 0, layout: u16),
              .init(name: "high", bitOffset: 16, layout: u16),
            ], union: false)),
        .init(name: "whole", bitOffset: 0, layout: u32),
      ], union: true)
    #expect(try union.encode(["small": 1]) == union.encode(["low": 1, "high": 0]))
    #expect(union.decode(try union.encode(["small": 1])) == ["low": 1, "high": 0])
    func error(_ value: Value) -> ValueError? {
      failure { () throws(ValueError) in try union.encode(value) }
    }
    #expect(error([:])?.message == "missing one of 'small', ('low', 'high'), 'whole'")
    #expect(error(["small": 1, "whole": 1])?.message == "'small' and 'whole' overlap in a union")
    #expect(error(["low": 1])?.message == "missing field 'high'")
    #expect(error(["whole": 1, "hihg": 2])?.hint == "did you mean 'high'?")
    // Anonymous in a structure: its alternatives are addressed as if they stood there.
    let outer = Layout.record(
      size: 8,
      fields: [
        .init(name: "kind", bitOffset: 0, layout: u32),
        .init(name: "", bitOffset: 32, layout: union),
      ], union: false)
    #expect(
      outer.decode(try outer.encode(["whole": 0x20001, "kind": 3]))
        == [
          "kind": 3, "low": RawBits.hostIsLittleEndian ? 1 : 2,
          "high": RawBits.hostIsLittleEndian ? 2 : 1,
        ])
    #expect(
      failure { () throws(ValueError) in try outer.encode(["kind": 3]) }?.message
        == "missing one of 'small', ('low', 'high'), 'whole'")
  }

  @Test func opaqueAndPaddingDoNotCount() throws {
    let u32 = Layout.integer(size: 4, signed: false, bigEndian: false)
    let layout = Layout.record(
      size: 16,
      fields: [
        .init(name: "lock", bitOffset: 0, layout: .opaque(4)),
        .init(name: "pointers", bitOffset: 32, layout: .array(.opaque(2), count: 2)),
        .init(name: "n", bitOffset: 64, layout: .integer(size: 1, signed: false, bigEndian: false)),
        .init(name: "m", bitOffset: 96, layout: u32),
        .init(name: "tail", bitOffset: 128, layout: .array(u32, count: 0)),
      ], union: false)
    let bytes = try layout.encode(["n": 1, "m": 2])
    #expect(
      layout.mask == [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])
    let dirty = zip(bytes, layout.mask).map { $0 | ~$1 }
    let bits = SignificantBits(layout)
    #expect(bits.canonical(dirty) == bytes)
    #expect(bits.equal(bytes, dirty))
    #expect(layout.decode(dirty) == ["n": 1, "m": 2])
    var other = dirty
    other[8] = 3
    #expect(!bits.equal(bytes, other))
    #expect(!bits.equal(bytes, Array(bytes.dropLast())))
    #expect(
      failure { () throws(ValueError) in try layout.encode(["lock": 0, "n": 1, "m": 2]) }
        == ValueError(
          path: [.member("lock")],
          message: "the kernel keeps this to itself; it cannot be written"))
    #expect(SignificantBits(u32).mask == nil)
  }

  @Test func oneLine() throws {
    let bytes = try flow.encode(["src": "10.0.0.1", "port": 80, "proto": 6, "hits": 1])
    #expect(flow.decode(bytes).description == "{src: 10.0.0.1, port: 80, proto: 6, hits: 1}")
    #expect(flow.decode(bytes).json == #"{"src":"10.0.0.1","port":80,"proto":6,"hits":1}"#)
    let odd: Value = [
      text("80"), text("true"), text("::1"), text("fe80::1"), text("a b\n\u{1b}[31m"), text(""),
      text("0x1f"), text("1e3"), .null, true, "0x1f", text("XDP_DROP"), text("-x"),
      text("10.0.0.0/8"),
      text("00ff"),
    ]
    #expect(
      odd.description
        == #"["80", "true", "::1", fe80::1, "a b\n\u001b[31m", "", "0x1f", "1e3", null, true, 0x1f, "#
        + #"XDP_DROP, "-x", 10.0.0.0/8, 00ff]"#)
    #expect(
      odd.json
        == #"["80","true","::1","fe80::1","a b\n\u001b[31m","","0x1f","1e3",null,true,"0x1f","#
        + #""XDP_DROP","-x","10.0.0.0/8","00ff"]"#)
    let long = Value.list(Array(repeating: 7, count: 1_000_000))
    #expect(long.text(limit: 20) == "[7, 7, 7, 7, 7, 7, …")
  }

  @Test func columns() throws {
    let columns = try ValueColumns(
      header: ["key.addr", "value.hits", "key.port", "value.ports.0", "value.ports.1"])
    #expect(
      columns.value(row: ["10.0.0.1", 5, 80, 1, 2])
        == ["key": ["addr": "10.0.0.1", "port": 80], "value": ["hits": 5, "ports": [1, 2]]])
    #expect(
      columns.value(row: [nil, 5, 80, nil, nil]) == ["key": ["port": 80], "value": ["hits": 5]])
    #expect(columns.value(row: []) == [:])
    #expect(
      try Value(columns: [("key", "10.0.0.0/8"), ("value.packets", 1)])
        == ["key": "10.0.0.0/8", "value": ["packets": 1]])
    for bad in [
      ["key", "key"], ["key", "key.a"], ["key.a", "key"], ["key."], [".key"], [""], ["a..b"],
      ["a.0", "a.2"], ["a.1"], ["a.0", "a.00"],
      [Array(repeating: "a", count: 100).joined(separator: ".")],
    ] {
      #expect(failure { () throws(ValueError) in try ValueColumns(header: bad) } != nil, "\(bad)")
    }
    #expect(
      failure { () throws(ValueError) in try ValueColumns(header: ["key.a", "key.a"]) }?.path
        == [.member("key"), .member("a")])
  }

  @Test func suggestions() {
    let names = ["prefixlen", "addr", "max_entries", "map_flags", "type"]
    for (word, expected) in [
      ("prefixln", "prefixlen"), ("adr", "addr"), ("ADDR", "addr"), ("maxentries", "max_entries"),
      ("max_entires", "max_entries"), ("prefix", "prefixlen"), ("tpye", "type"), ("xyz", nil),
      ("", nil), ("a", nil), ("flags", nil), (String(repeating: "a", count: 10_000_000), nil),
    ] as [(String, String?)] {
      #expect(suggestion(for: word, among: names) == expected, "\(word.prefix(20))")
    }
    #expect(suggestion(for: "ab", among: ["ac", "ad"]) == "ac")
    #expect(suggestion(for: "x", among: ["X", "y"]) == "X")
    #expect(suggestion(for: "x", among: []) == nil)
  }
}
