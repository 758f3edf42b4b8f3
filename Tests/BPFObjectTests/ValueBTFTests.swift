import Testing

@testable import BPFObject

/// What clang writes is the oracle: the layout comes from its BTF, the bytes from its initialisers.
@Suite struct ValueBTFTests {
  static let source = """
    #include <linux/types.h>
    #include <linux/in.h>
    #include <linux/in6.h>
    #include <linux/bpf.h>
    #define DATA(name) __attribute__((section(".data." #name), used))
    enum verdict { DROP = -1, PASS, LIMIT = 1000 };
    enum big { SMALL = 1, HUGE = 0x100000000ULL };
    enum tiny { A, B, C } __attribute__((packed));
    typedef __be32 vip_t;
    struct flow {
      __be32 saddr;
      struct in_addr gateway;
      __be16 port;
      __be32 spi;
      char name[7];
      signed char delta[2];
      __u8 smac[6];
      __u8 hash[16];
      __u8 src_ip6[16];
      struct in6_addr dst6;
      __be32 addr6[4];
      _Bool on;
      enum verdict verdict;
      enum big big;
      enum tiny tiny;
      const volatile __s64 score;
      __u16 grid[2][3];
      char names[2][4];
    };
    struct flow flow DATA(flow) = {
      .saddr = 0x0100000a, .gateway = { 0xfe00000a }, .port = 0x5000, .spi = 0x07000000,
      .name = "abc", .delta = {-1, 2}, .smac = {2, 0, 0, 0, 0, 1}, .hash = {0xaa, [15] = 0xbb},
      .src_ip6 = {0x20, 1, [15] = 1}, .dst6.in6_u.u6_addr8 = {0xfe, 0x80, [15] = 2},
      .addr6 = {0, 0, 0, 0x03000000}, .on = 1, .verdict = DROP, .big = HUGE, .tiny = C,
      .score = -5, .grid = {{1, 2, 3}, {4, 5, 6}}, .names = {"ab", "wxyz"} };
    struct bits {
      __u32 a : 3;
      __s32 b : 5;
      __u32 : 4;
      enum verdict v : 12;
      _Bool flag : 1;
      __u64 wide : 37;
      __u64 odd : 20;
      __u16 last : 9;
    };
    struct bits bits DATA(bits) = {
      .a = 5, .b = -16, .v = DROP, .flag = 1, .wide = 0x1555555555ULL, .odd = 0xabcde, .last = 511 };
    struct nested {
      __u32 kind;
      union {
        __u32 v4;
        struct { __u8 tag; __u16 id; };
        __u64 wide;
      };
      struct { __u8 x; __u32 y; };
      union { struct in_addr ip4; struct in6_addr ip6; } peer;
    };
    struct nested nested DATA(nested) = {
      .kind = 1, .tag = 2, .id = 3, .x = 4, .y = 5, .peer.ip4 = { 0x0100000a } };
    struct kept {
      struct bpf_spin_lock lock;
      __u32 n;
      struct bpf_timer timer;
      void *pointer;
      struct flow *pointers[3];
      __u8 m;
    };
    struct kept kept DATA(kept) = { .n = 1, .m = 2 };
    struct packed { __u8 a; __u32 b; __u64 c; } __attribute__((packed));
    struct packed packed[2] DATA(packed) = {{1, 2, 3}, {4, 5, 6}};
    const volatile vip_t vip DATA(vip) = 0x0100000a;
    __be32 plain DATA(plain) = 0x0100000a;
    struct trie { struct bpf_lpm_trie_key head; __u32 data; };
    struct trie trie DATA(trie) = { .head.prefixlen = 8, .data = 10 };
    struct trie8 { __u32 prefixlen; __u8 data[16]; };
    struct trie8 trie8 DATA(trie8) = { .prefixlen = 16, .data = {0x20, 1} };
    struct list { struct list *next; int value; };
    struct list list DATA(list) = { 0, 7 };
    float real DATA(real) = 1.5;
    struct { int a; struct { double deep; } b; } reals DATA(reals) = {};
    __int128 giant DATA(giant) = 1;
    """
  static let compiled = Result { try CompiledC(source) }

  private func check(_ name: String, _ value: Value, _ shown: Value) throws {
    let c = try ValueBTFTests.compiled.get()
    let layout = try c.layout(name)
    let bytes = try layout.encode(value)
    #expect(try bytes == c.bytes(name))
    #expect(layout.decode(bytes) == shown)
    #expect(try layout.encode(layout.decode(bytes)) == bytes)
    #expect(layout.canonical(bytes) == bytes)
  }

  @Test func everyKindOfField() throws {
    let given: Value = [
      "saddr": "10.0.0.1", "gateway": "10.0.0.254", "port": 80, "spi": 7, "name": "abc",
      "delta": [-1, 2], "smac": "02:00:00:00:00:01",
      "hash": "aa000000 00000000 00000000 000000bb", "src_ip6": "2001::1", "dst6": "fe80::2",
      "addr6": "::3", "on": true, "verdict": "DROP", "big": "HUGE", "tiny": "C", "score": -5,
      "grid": [[1, 2, 3], [4, 5, 6]], "names": ["ab", "wxyz"],
    ]
    let shown: Value = [
      "saddr": text("10.0.0.1"), "gateway": text("10.0.0.254"), "port": 80, "spi": 7,
      "name": text("abc"), "delta": [-1, 2], "smac": text("02:00:00:00:00:01"),
      "hash": text("aa0000000000000000000000000000bb"), "src_ip6": text("2001::1"),
      "dst6": text("fe80::2"), "addr6": text("::3"), "on": true, "verdict": text("DROP"),
      "big": text("HUGE"), "tiny": text("C"), "score": -5, "grid": [[1, 2, 3], [4, 5, 6]],
      "names": [text("ab"), text("wxyz")],
    ]
    try check("flow", given, shown)
  }

  @Test func bitfields() throws {
    let good: Value = [
      "a": 5, "b": -16, "v": "DROP", "flag": true, "wide": 0x15_5555_5555, "odd": 0xabcde,
      "last": 511,
    ]
    try check(
      "bits", good,
      [
        "a": 5, "b": -16, "v": text("DROP"), "flag": true, "wide": 0x15_5555_5555,
        "odd": 0xabcde, "last": 511,
      ])
    let layout = try ValueBTFTests.compiled.get().layout("bits")
    for (name, bad, message) in [
      ("a", 8, "8 is out of range for a 3-bit field (0 to 7)"),
      ("b", 16, "16 is out of range for a 5-bit field (-16 to 15)"),
      ("b", -17, "-17 is out of range for a 5-bit field (-16 to 15)"),
      ("last", 512, "512 is out of range for a 9-bit field (0 to 511)"),
      ("flag", 2, "expected true or false, found '2'"),
    ] as [(String, Value, String)] {
      guard case .record(var members) = good else { return }
      for index in members.indices where members[index].name == name {
        members[index].value = bad
      }
      #expect(
        failure { () throws(ValueError) in try layout.encode(.record(members)) }
          == ValueError(path: [.member(name)], message: message))
    }
    // The four unnamed bits do not count.
    #expect(layout.mask.map(\.nonzeroBitCount).reduce(0, +) == 87)
  }

  @Test func anonymousMembersAndUnions() throws {
    try check(
      "nested",
      ["kind": 1, "tag": 2, "id": 3, "x": 4, "y": 5, "peer": ["ip4": "10.0.0.1"]],
      [
        "kind": 1, "wide": 0x30002, "x": 4, "y": 5,
        "peer": ["ip6": text("a00:1::")],
      ])
    let layout = try ValueBTFTests.compiled.get().layout("nested")
    #expect(
      failure { () throws(ValueError) in
        try layout.encode(["kind": 1, "v4": 1, "tag": 2, "x": 4, "y": 5, "peer": ["ip4": 1]])
      }?.message == "'v4' and ('tag', 'id') overlap in a union")
    #expect(
      failure { () throws(ValueError) in try layout.encode(["kind": 1, "x": 4, "y": 5]) }?.message
        == "missing fields one of 'v4', ('tag', 'id'), 'wide', 'peer'")
  }

  @Test func whatTheKernelKeeps() throws {
    try check("kept", ["n": 1, "m": 2], ["n": 1, "m": 2])
    let layout = try ValueBTFTests.compiled.get().layout("kept")
    #expect(layout.mask.count { $0 != 0 } == 5)
    #expect(
      failure { () throws(ValueError) in try layout.encode(["n": 1, "m": 2, "timer": 0]) }?.path
        == [.member("timer")])
    try check("list", ["value": 7], ["value": 7])
  }

  @Test func packedAndScalars() throws {
    let packed: Value = [["a": 1, "b": 2, "c": 3], ["a": 4, "b": 5, "c": 6]]
    try check("packed", packed, packed)
    try check("vip", "10.0.0.1", text("10.0.0.1"))
    try check("plain", 0x0a00_0001, text("10.0.0.1"))
    try check(
      "giant", "01000000 00000000 00000000 00000000", text("01" + String(repeating: "0", count: 30))
    )
  }

  @Test func tries() throws {
    let c = try ValueBTFTests.compiled.get()
    for (name, prefix) in [("trie", "10.0.0.0/8"), ("trie8", "2001::/16")] {
      let layout = Layout.prefixLayout(key: try c.layout(name))
      #expect(try layout.encode(text(prefix)) == c.bytes(name))
      #expect(try layout.decode(c.bytes(name)) == text(prefix))
    }
    let trie = Layout.prefixLayout(key: try c.layout("trie"))
    #expect(
      try trie.encode(["head": ["prefixlen": 8], "data": "10.0.0.0"]) == c.bytes("trie"))
  }

  @Test func typesWithoutALayout() throws {
    let c = try ValueBTFTests.compiled.get()
    func error(_ name: String) -> ValueError? {
      failure { () throws(ValueError) in
        try c.btf.layout(of: c.btf.first(.variable, named: name) ?? 0)
      }
    }
    #expect(error("real")?.message == "floating point is not supported ('float')")
    #expect(error("reals")?.path == [.member("b"), .member("deep")])
    #expect(error("nothing")?.message == "a void has no size")
    #expect(failure { () throws(ValueError) in try c.btf.layout(of: .max) } != nil)
  }

  /// The TYPE grammar lays out as clang does.
  @Test func typeGrammarAgreesWithC() throws {
    let c = try CompiledC(
      """
      #include <linux/types.h>
      #include <linux/in.h>
      #include <linux/in6.h>
      struct s {
        __u8 a; __u64 b; __u16 c; struct in_addr d; __u8 e[6]; struct in6_addr f; _Bool g;
        struct { __u8 x; __u32 y; } h; char i[5]; __u16 j[3];
      } s __attribute__((section(".data.s"), used)) = {
        1, 2, 3, {0x0100000a}, {2, 0, 0, 0, 0, 1}, {{{0xfe, 0x80}}}, 1, {4, 5}, "six", {7, 8, 9} };
      """)
    let layout = try Layout(type: [
      "a": "u8", "b": "u64", "c": "u16", "d": "ipv4", "e": "mac", "f": "ipv6", "g": "bool",
      "h": ["x": "u8", "y": "u32"], "i": "char[5]", "j": "u16[3]",
    ])
    let bytes = try layout.encode([
      "a": 1, "b": 2, "c": 3, "d": "10.0.0.1", "e": "02:00:00:00:00:01", "f": "fe80::", "g": true,
      "h": ["x": 4, "y": 5], "i": "six", "j": [7, 8, 9],
    ])
    #expect(try bytes == c.bytes("s"))
    #expect(try layout.mask == c.layout("s").mask)
  }

  @Test func hostileBTFEnds() throws {
    var builder = BTFBuilder()
    // 2^40 fields by doubling; the same by arrays; a structure in itself.
    var type = builder.integer("int", size: 4, signed: true)
    let int = type
    for level in 0..<30 {
      type = builder.structure(
        "s\(level)", size: 4,
        members: [
          .init(name: "a", type: type, bitOffset: 0), .init(name: "b", type: type, bitOffset: 0),
        ])
    }
    let doubled = type
    var array = int
    for _ in 0..<30 { array = builder.array(of: array, count: 1 << 20) }
    let outside = builder.structure(
      "outside", size: 4, members: [.init(name: "a", type: int, bitOffset: 8)])
    let loop = builder.structure(
      "loop", size: 4, members: [.init(name: "a", type: UInt32(outside + 1), bitOffset: 0)])
    let empty = builder.array(
      of: builder.structure("empty", size: 0, members: []), count: 0x7fff_ffff)
    for bad in [doubled, array, outside, loop] {
      #expect(failure { () throws(ValueError) in try builder.btf.layout(of: bad) } != nil)
    }
    #expect(try builder.btf.layout(of: empty).size == 0)
  }
}
