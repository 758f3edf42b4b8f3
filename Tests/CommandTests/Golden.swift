import FoundationEssentials
import Testing

/// Compares with a file in `Golden/`. With `RECORD=1` in the environment the file is written anew,
/// and the test fails, so that a recording run is never taken for a passing one.
func expectGolden(
  _ actual: String, _ name: String, sourceLocation: Testing.SourceLocation = #_sourceLocation
) throws {
  let directory = #filePath.split(separator: "/").dropLast().joined(separator: "/")
  let path = "/\(directory)/Golden/\(name)"
  if ProcessInfo.processInfo.environment["RECORD"] == "1" {
    try Data(actual.utf8).write(to: URL(filePath: path))
    Issue.record("recorded \(name)", sourceLocation: sourceLocation)
    return
  }
  guard let bytes = try? Data(contentsOf: URL(filePath: path)) else {
    Issue.record("no golden file \(name); record it with RECORD=1", sourceLocation: sourceLocation)
    return
  }
  let expected = String(decoding: bytes, as: UTF8.self)
  #expect(actual == expected, "differs from Golden/\(name)", sourceLocation: sourceLocation)
}

/// Members of the printed JSON are in snake_case.
var snakeCaseDecoder: JSONDecoder {
  let decoder = JSONDecoder()
  decoder.keyDecodingStrategy = .convertFromSnakeCase
  return decoder
}
