import FoundationEssentials
import Testing

/// What the READMEs show is what is in the repository.
@Suite struct DocumentationTests {
  static let pages = [
    "README.md", "CONTRIBUTING.md", "Sources/README.md", "Tests/README.md", "examples/README.md",
  ]

  @Test func theReadmeShowsTheQuickstartsManifest() throws {
    let readme = try SourceTree.text(of: "README.md")
    let manifest = try SourceTree.text(of: "examples/quickstart/firewall.yaml")
    #expect(readme.contains("```yaml\n\(manifest)```"))
  }

  @Test(arguments: pages)
  func linksLeadToFiles(page: String) throws {
    let directory = page.split(separator: "/").dropLast().joined(separator: "/")
    for target in linkTargets(in: try SourceTree.text(of: page)) where !target.contains("://") {
      let path = "\(SourceTree.root)/\(directory)/\(target)"
      #expect(FileManager.default.fileExists(atPath: path), "\(page): \(target)")
    }
  }

  @Test func linksAreFound() {
    #expect(
      linkTargets(in: "a [b](c.md) d [e](https://f.g/h) (i) [j]\n[k](l/m#n).")
        == ["c.md", "https://f.g/h", "l/m"])
  }
}

/// `[text](target#fragment)` → `target`.
private func linkTargets(in text: String) -> [String] {
  text.split(separator: "](", omittingEmptySubsequences: false).dropFirst().compactMap { part in
    guard let end = part.firstIndex(of: ")") else { return nil }
    return String(part[..<end].prefix { $0 != "#" })
  }
}
