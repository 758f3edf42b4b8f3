import Manifest
import Testing

@Suite("Manifests with mistakes")
struct BadInputTests {
  @Test("are refused with the diagnostics on record", arguments: Golden.names)
  func golden(name: String) throws {
    let bytes = try Golden.bytes("\(name).yaml")
    let file = "\(name).yaml"
    var text = ""
    do throws(ManifestError) {
      let manifest = try Manifest.parse(bytes, file: file)
      Issue.record("\(name) was accepted")
      text = rendered(manifest.warnings, bytes, file: file)
    } catch {
      text = rendered(error.diagnostics, bytes, file: file)
    }
    try Golden.expect(text, equals: "\(name).txt")
  }

  @Test("Every diagnostic is one line of plain text, with a code in kebab-case")
  func shape() throws {
    for name in Golden.names {
      let bytes = try Golden.bytes("\(name).yaml")
      guard let error = failure(bytes) else { continue }
      for diagnostic in error.diagnostics {
        #expect(!diagnostic.message.contains("\n") && !diagnostic.message.hasSuffix("."))
        #expect(diagnostic.code.allSatisfy { $0.isLowercase || $0 == "-" || $0.isNumber })
        let rendered = diagnostic.render { _ in SourceText(file: "m.yaml", bytes: bytes) }
        #expect(rendered.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 0x20 })
      }
    }
  }

  private func failure(_ bytes: [UInt8]) -> ManifestError? {
    do throws(ManifestError) {
      _ = try Manifest.parse(bytes, file: "m.yaml")
      return nil
    } catch {
      return error
    }
  }
}
