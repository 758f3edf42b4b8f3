import BPFObject
import Testing

/// What the fuzzer once found, again: a trap, a hang or a broken promise would end the tests.
@Suite struct FuzzFindingsTests {
  private static func findings(_ target: String) throws -> [[UInt8]] {
    let directory = Fixture.directory + "/../fuzz/crashes/\(target)"
    let (_, names) = try Fixture.run("ls '\(directory)' 2>/dev/null")
    return try names.split(separator: "\n").map { try Fixture.read("\(directory)/\($0)") }
  }

  @Test func elfFiles() throws {
    for bytes in try Self.findings("elf") { Exercise.elf(bytes) }
  }

  @Test func types() throws {
    for bytes in try Self.findings("btf") { Exercise.btf(bytes) }
  }

  @Test func extensions() throws {
    let objects = try ["core_fields", "functions"].map { try Fixture.object($0) }
    for bytes in try Self.findings("btfext") { Exercise.extensions(bytes, in: objects) }
  }

  @Test func relocations() throws {
    let objects = try ["core_fields", "core_bitfields", "core_types", "core_enums", "core_stores"]
      .map { try Fixture.object($0) }
    for bytes in try Self.findings("core") { Exercise.relocations(against: bytes, of: objects) }
  }

  @Test func objects() throws {
    for bytes in try Self.findings("object") { Exercise.object(bytes) }
  }
}
