import BPFObject
import Sandbox
import Testing

/// The example of Sources/BPFObject/README.md is the code of this file.
@Suite struct ReadmeTests {
  @Test func `the example does what the page says`() throws {
    let object = try Fixture.bytes("flows")
    let vmlinux = try Fixture.bytes("flows")
    let lines = try describe(object: object, vmlinux: vmlinux)
    #expect(lines.contains { $0.hasPrefix("  tag ") }, "\(lines)")
    #expect(lines.contains { $0.hasPrefix("map ") }, "\(lines)")
  }

  @Test func `the page shows this file's code`() throws {
    let page = try lines("Sources/BPFObject/README.md")
    let source = try lines("Tests/BPFObjectTests/ReadmeTests.swift")
    let start = try #require(page.firstIndex(of: "```swift"))
    let end = try #require(page[start...].firstIndex(of: "```"))
    let block = page[(start + 1)..<end]
    let function = source.drop { !$0.hasPrefix("/// What an object holds") }
    #expect(block.count > 10)
    #expect(Array(block) == Array(function), "\(block.joined(separator: "\n"))")
  }

  private func lines(_ path: String) throws -> [Substring] {
    String(decoding: try Sandbox.read(Sandbox.packageRoot + "/" + path), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).dropLast()
  }
}

/// What an object holds, and what a kernel would make of it.
func describe(object bytes: [UInt8], vmlinux: [UInt8]) throws -> [String] {
  let object = try ObjectFile(parsing: bytes, name: "flows.bpf.o")
  let kernel = TargetTypes(vmlinux: try BTF(file: vmlinux, named: "vmlinux"))
  var lines: [String] = []
  for map in object.maps {
    lines.append("map \(map.name): \(map.type), at most \(map.maxEntries) entries")
  }
  for program in object.programs {
    // The program with all functions that it calls, then fitted to the kernel's types.
    let image = try object.image(of: program.name).relocated(against: kernel)
    lines.append("\(program.name): \(image.type), \(image.instructions.count) instructions")
    lines.append("  tag \(image.predictedTag(.sha256)), maps \(image.reachableMaps)")
    for result in image.coreResults { lines.append("  \(result)") }
  }
  return lines
}
