import FoundationEssentials
import Manifest
import Testing

/// Expected output in files under `Cases`. `RECORD=1` writes them anew, and then fails, so that a
/// recording run never passes for a checking one.
enum Golden {
  static let directory = String(#filePath.prefix(upTo: #filePath.lastIndex(of: "/")!)) + "/Cases"

  static var names: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  }

  static func bytes(_ file: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: "\(directory)/\(file)")))
  }

  static func expect(_ text: String, equals file: String) throws {
    if ProcessInfo.processInfo.environment["RECORD"] == "1" {
      try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(file)"))
      Issue.record("recorded \(file); run again without RECORD to check it")
      return
    }
    let expected = String(decoding: try bytes(file), as: UTF8.self)
    #expect(text == expected, "\(file) differs from what is printed now")
  }
}

/// The diagnostics as they are shown.
func rendered(_ diagnostics: [Diagnostic], _ bytes: [UInt8], file: String) -> String {
  let source = SourceText(file: file, bytes: bytes)
  return diagnostics.map { $0.render { $0 == file ? source : nil } }.joined(separator: "\n")
}
