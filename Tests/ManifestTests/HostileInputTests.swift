import Manifest
import Testing

/// Numbers from a fixed seed: a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

@Suite("Hostile manifests end in an error, in bounded time")
struct HostileInputTests {
  private func codes(_ text: String) -> [String] { codes(Array(text.utf8)) }

  private func codes(_ bytes: [UInt8]) -> [String] {
    do throws(ManifestError) {
      return try Manifest.parse(bytes, file: "m.yaml").warnings.map(\.code)
    } catch {
      return error.diagnostics.map(\.code)
    }
  }

  private let head = "apiVersion: bpfapply/v1\nname: a\n"

  @Test("Aliases of aliases")
  func aliasBomb() {
    var text = head + "x-0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...30 {
      let before = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "x-\(level): &a\(level) [\(before)]\n"
    }
    #expect(codes(text) == ["alias-budget"])
  }

  @Test("A million aliases")
  func millionAliases() {
    let many = String(repeating: "*a,", count: 1_000_000)
    #expect(codes(head + "x-a: &a v\nx-b: [\(many)]\n") == [])
    #expect(codes(head + "x-a: &a [v]\nx-b: [\(many)]\n") == ["alias-budget"])
  }

  @Test("Nesting, directly and through aliases")
  func nesting() {
    #expect(codes(head + "x-a: " + String(repeating: "[", count: 100_000)) == ["nesting-depth"])
    var text = head + "x-0: &a0 [v]\n"
    for level in 1...100 { text += "x-\(level): &a\(level) [*a\(level - 1)]\n" }
    #expect(codes(text) == ["nesting-depth"])
  }

  @Test("A manifest of 10 MB with half a million entries")
  func large() throws {
    var text =
      head + """
        maps:
          m:
            type: hash
            key: u32
            value: u32
            max_entries: 1000000
            entries:
              policy: exact
              items:

        """
    var count = 0
    while text.utf8.count < 10 << 20 {
      text += "      - {key: \(count), value: 1}\n"
      count += 1
    }
    let bytes = Array(text.utf8)
    let clock = ContinuousClock()
    var manifest: Manifest?
    let time = try clock.measure { manifest = try Manifest.parse(bytes, file: "m.yaml") }
    let items = try #require(manifest?.maps.first?.entries?.items)
    #expect(items.count == count)
    #expect(items.reduce(0) { $0 + ($1.key == nil ? 0 : 1) } == count)
    // Far above what it takes, and far below what a quadratic step would.
    #expect(time < .seconds(60), "took \(time)")
  }

  @Test("A mapping with a hundred thousand keys, the last one twice")
  func manyKeys() {
    let keys = (0..<100_000).map { "  x-\($0): 1\n" }.joined()
    #expect(codes(head + "maps:\n\(keys)  x-99999: 2\n") == ["duplicate-key"])
  }

  @Test("Variables that make too much text")
  func variables() {
    let long = String(repeating: "v", count: 100_000)
    let many = String(repeating: "\"${v}\",", count: 2_000)
    let text =
      head
      + "variables: {v: {default: \(long)}}\nobjects: {o: {file: a.o, globals: {g: [\(many)]}}}\n"
    #expect(codes(text).first == "too-large")
  }

  @Test("Random changes of bytes never crash", arguments: 0..<8)
  func flips(seed: Int) {
    var random = SplitMix(state: UInt64(seed))
    let original = Array(GoodManifestTests.firewall.utf8)
    for _ in 0..<150 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: index)
        case 2:
          bytes.insert("{}[]:,&*!|>'\"%@`#-?~\t\n $".utf8.randomElement(using: &random)!, at: index)
        default: bytes.removeSubrange(index...)
        }
        if bytes.isEmpty { break }
      }
      let found = codes(bytes)
      for code in found { #expect(!code.isEmpty) }
      do throws(ManifestError) {
        _ = try Manifest.parse(bytes, file: "m.yaml")
      } catch {
        #expect(!error.diagnostics.isEmpty)
        let source = SourceText(file: "m.yaml", bytes: bytes)
        for diagnostic in error.diagnostics { _ = diagnostic.render { _ in source } }
      }
    }
  }
}
