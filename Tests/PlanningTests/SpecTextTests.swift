import Sandbox
import Testing

@testable import Planning

@Suite struct SpecTextTests {
  @Test func `fields are lines, sorted, and what they are shows`() {
    let spec = Spec([
      "type": "hash", "key_size": 4, "freeze": false,
      "map_flags": .list(["rdonly_prog", "mmapable"]),
    ])
    #expect(
      spec.text == """
        freeze=!false
        key_size=#4
        map_flags=[rdonly_prog,mmapable]
        type=hash
        """)
    #expect(Spec(text: spec.text) == spec)
  }

  @Test(arguments: [
    SpecValue.text(""), .text("#4"), .text("!true"), .text("[a]"), .text("a=b\nc\\d,e]"),
    .text("\\n"), .number(.max), .bool(true), .list([]), .list([""]), .list(["", ""]),
    .list(["a", ""]), .list([.list([]), .list(["#", "]", ","]), 7, true]),
  ])
  func `every value comes back`(value: SpecValue) {
    let spec = Spec(["a=b\n": value, "z": "last"])
    #expect(Spec(text: spec.text) == spec)
    #expect(Spec(text: Spec(["only": value]).text) == Spec(["only": value]))
  }

  @Test func `any spec comes back`() {
    var random = SplitMix(seed: 20260)
    let letters = ["a", "#", "!", "[", "]", ",", "=", "\n", "\\", "e", "n", "ü", ""]
    func text() -> String {
      (0..<Int.random(in: 0...5, using: &random)).map { _ in letters.randomElement(using: &random)!
      }
      .joined()
    }
    func value(_ depth: Int) -> SpecValue {
      switch Int.random(in: 0..<(depth < 3 ? 4 : 3), using: &random) {
      case 0: .text(text())
      case 1: .number(UInt64.random(in: 0 ... .max, using: &random))
      case 2: .bool(Bool.random(using: &random))
      default: .list((0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth + 1) })
      }
    }
    for _ in 0..<2000 {
      var spec = Spec()
      for _ in 0..<Int.random(in: 0...4, using: &random) { spec[text()] = value(0) }
      #expect(Spec(text: spec.text) == spec, "\(spec)")
    }
  }

  @Test(arguments: [
    "type", "a=#", "a=#x", "a=#-1", "a=!yes", "a=[b", "a=[b\\", "a=1\na=2", "a=1\n", "a=\\",
    "a=[[[[[[[[[[]]]]]]]]]]", "a=[]x", "a=[]xb=1",
  ])
  func `what is no spec is refused`(text: String) {
    #expect(Spec(text: text) == nil)
  }
}
