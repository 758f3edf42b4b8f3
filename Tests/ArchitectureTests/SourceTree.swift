import FoundationEssentials

/// The Swift sources of the package, as text.
struct SourceTree {
  struct File {
    /// From the root of the repository: `Sources/Planning/Plan.swift`.
    var path: String
    /// Without what follows `//`.
    var lines: [Substring]

    init(path: String, text: String) {
      self.path = path
      lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(withoutComment)
    }
  }

  /// By target, which is the directory below `Sources`; directories without Swift files too.
  var targets: [String: [File]] = [:]

  static let root: String = {
    let components = #filePath.split(separator: "/").dropLast(3)
    return "/" + components.joined(separator: "/")
  }()

  static func text(of path: String) throws -> String {
    let data = try Data(contentsOf: URL(filePath: "\(root)/\(path)"))
    return String(decoding: data, as: UTF8.self)
  }

  init() throws {
    let manager = FileManager.default
    for target in try manager.contentsOfDirectory(atPath: "\(Self.root)/Sources") {
      let directory = "Sources/\(target)"
      var isDirectory = false
      guard manager.fileExists(atPath: "\(Self.root)/\(directory)", isDirectory: &isDirectory),
        isDirectory
      else { continue }
      targets[target] = try manager.subpathsOfDirectory(atPath: "\(Self.root)/\(directory)")
        .filter { $0.hasSuffix(".swift") }
        .sorted()
        .map { File(path: "\(directory)/\($0)", text: try Self.text(of: "\(directory)/\($0)")) }
    }
  }

  var files: [File] { targets.values.flatMap(\.self).sorted { $0.path < $1.path } }
}

/// The line up to `//`, unless that stands in a string.
func withoutComment(_ line: Substring) -> Substring {
  var inString = false
  var previous: Character = " "
  for index in line.indices {
    let character = line[index]
    if character == "\"" && previous != "\\" { inString.toggle() }
    if !inString && character == "/" && previous == "/" {
      return line[..<line.index(before: index)]
    }
    previous = character
  }
  return line
}

extension SourceTree.File {
  /// The modules that are imported, with the number of the line.
  var imports: [(module: String, line: Int)] {
    lines.enumerated().compactMap { index, line in
      importedModule(line).map { ($0, index + 1) }
    }
  }

  /// The numbers of the lines that contain the text outside comments.
  func lines(containing text: String) -> [Int] {
    lines.enumerated().filter { $0.element.contains(text) }.map { $0.offset + 1 }
  }
}

/// `public import struct A.B` → `A`; nil for what is no import.
func importedModule(_ line: Substring) -> String? {
  let modifiers: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
  let kinds: Set<Substring> = [
    "struct", "class", "enum", "protocol", "typealias", "func", "let", "var",
  ]
  var words = line.split(whereSeparator: \.isWhitespace)[...]
  while let word = words.first, modifiers.contains(word) || word.hasPrefix("@") {
    words = words.dropFirst()
  }
  guard words.first == "import" else { return nil }
  words = words.dropFirst()
  if let word = words.first, kinds.contains(word) { words = words.dropFirst() }
  return words.first.map { String($0.prefix { $0 != "." && $0 != ";" }) }
}
