import Testing

/// What Sources/README.md says about the targets is so.
@Suite struct ArchitectureTests {
  let tree: SourceTree
  let arrows: Arrows

  init() throws {
    tree = try SourceTree()
    arrows = Arrows(readme: try SourceTree.text(of: "Sources/README.md"))
  }

  @Test func everyTargetIsInTheTable() {
    #expect(Set(arrows.allowed.keys) == Set(tree.targets.keys))
  }

  @Test func targetsImportWhatTheTableAllows() {
    for (target, files) in tree.targets {
      let allowed = arrows.allowed[target] ?? []
      for file in files {
        for (module, line) in file.imports where !allowed.contains(module) {
          Issue.record("\(file.path):\(line): \(target) may not import \(module)")
        }
      }
    }
  }

  /// The table may be edited; these few lines of it may not.
  @Test func theTableKeepsThePureTargetsPure() {
    for (target, allowed) in arrows.allowed {
      #expect(!allowed.contains("Foundation"), "\(target)")
      #expect(!allowed.contains("CBPF") || target == "BPFKernel", "\(target)")
      #expect(!allowed.contains("CYAML") || target == "Manifest", "\(target)")
    }
    for target in ["BPFObject", "Planning"] {
      let allowed = arrows.allowed[target] ?? []
      #expect(allowed.isDisjoint(with: ["Glibc", "BPFKernel", "Reconciling", "Manifest"]))
    }
    #expect(arrows.allowed["BPFObject"]?.contains("Planning") == false)
    #expect(arrows.allowed["BPFKernel"]?.contains("Planning") == false)
  }

  @Test func noFileIsTooLong() {
    for file in tree.files {
      #expect(file.lines.count <= 500, "\(file.path)")
    }
  }

  @Test(arguments: ["try!", "fatalError(", "preconditionFailure(", " as! "])
  func nothingTrapsOnPurpose(_ construct: String) {
    for file in tree.files {
      for line in file.lines(containing: construct) {
        Issue.record("\(file.path):\(line): \(construct)")
      }
    }
  }
}

/// The reading of sources that the tests above rest on.
@Suite struct SourceTreeTests {
  @Test(arguments: [
    ("import Glibc", "Glibc"),
    ("  internal import CBPF", "CBPF"),
    ("@preconcurrency public import Crypto", "Crypto"),
    ("@testable import Planning", "Planning"),
    ("@_exported @_spi(X) import Manifest", "Manifest"),
    ("import struct Foundation.Date", "Foundation"),
    ("import Glibc; let a = 1", "Glibc"),
  ])
  func findsTheModule(line: String, module: String) {
    #expect(importedModule(line[...]) == module)
  }

  @Test(arguments: ["let important = 1", "// import Glibc", "importGlibc", "", "public struct A {"])
  func findsNoModule(line: String) {
    #expect(importedModule(line[...]) == nil)
  }

  @Test func commentsAreCutOff() {
    #expect(withoutComment("let a = b as! C // why") == "let a = b as! C ")
    #expect(withoutComment("/// try! that") == "")
    #expect(withoutComment(#"let a = "http://b" // c"#) == #"let a = "http://b" "#)
  }

  @Test func aFileThatBreaksTheRulesIsFound() {
    let file = SourceTree.File(
      path: "Sources/A/B.swift",
      text: "// import C\nimport Foundation\nlet a = try! b()\nlet c = d as! E\n")
    #expect(file.imports.map(\.module) == ["Foundation"])
    #expect(file.imports.map(\.line) == [2])
    #expect(file.lines(containing: "try!") == [3])
    #expect(file.lines(containing: " as! ") == [4])
  }

  @Test func theTableIsRead() {
    let arrows = Arrows(
      readme: """
        ## Other
        | `X` | holds | `Y` | – |
        ## Arrows
        | target | holds | of ours | of others |
        |---|---|---|---|
        | `A` | a `quoted` thing | `B`, `C` | `Crypto` |
        | `D` | nothing | – | – |
        """)
    #expect(arrows.allowed == ["A": ["B", "C", "Crypto"], "D": []])
  }
}
