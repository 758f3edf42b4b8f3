import FoundationEssentials
import Manifest
import Planning
import Testing

@Suite("Diagnostics")
struct DiagnosticTests {
  private let diagnostic = Diagnostic(
    code: "unknown-key", message: "unknown key 'x'",
    location: SourceLocation(file: "m.yaml", line: 12, column: 3, length: 2),
    hints: ["did you mean 'y'?"],
    related: [
      .init(message: "first", location: SourceLocation(file: "o.csv", line: 1, column: 1))
    ])

  @Test("JSON keeps everything")
  func json() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let data = try encoder.encode(diagnostic)
    #expect(try JSONDecoder().decode(Diagnostic.self, from: data) == diagnostic)
    #expect(
      String(decoding: data, as: UTF8.self)
        == #"{"code":"unknown-key","hints":["did you mean 'y'?"],"location":{"column":3,"file":"#
        + #""m.yaml","length":2,"line":12},"message":"unknown key 'x'","related":[{"location":"#
        + #"{"column":1,"file":"o.csv","length":1,"line":1},"message":"first"}],"severity":"error"}"#
    )
  }

  @Test("Lines come from the files that are at hand, and the text holds no control characters")
  func render() {
    let source = SourceText(file: "o.csv", bytes: Array("\u{1B}[31m,\u{202E}1\n".utf8))
    #expect(
      diagnostic.render { $0 == "o.csv" ? source : nil } == """
        error[unknown-key]: unknown key 'x'
          --> m.yaml:12:3
           = note: first
          --> o.csv:1:1
           |
         1 | \u{FFFD}[31m,\u{FFFD}1
           | ^
           = hint: did you mean 'y'?

        """)
  }

  @Test("Carets stand under wide characters")
  func wide() {
    let place = SourceLocation(file: "m", line: 1, column: 3, length: 2)
    let text = Diagnostic(code: "x", message: "x", location: place).render { _ in
      SourceText(file: "m", bytes: Array("日本e\u{301}x".utf8))
    }
    #expect(text.hasSuffix("1 | 日本e\u{301}x\n  |     ^\n"))
  }
}
