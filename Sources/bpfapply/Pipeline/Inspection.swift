import BPFObject

/// What is told of an object file: `inspect` shows it, `init` writes a manifest from it.
struct Inspection {
  /// A program, and as much of its image as can be known without a kernel.
  struct Program {
    var program: ProgramSpec
    var image: ProgramImage?
    /// Why there is no image.
    var problem: ObjectError?
    var tag: Tag
    var functions: [String]
  }

  enum Tag: Hashable {
    case known(ProgramTag)
    /// The running kernel does not say how it makes tags.
    case either([(algorithm: TagAlgorithm, tag: ProgramTag)])
    case unknown(String)

    static func == (left: Tag, right: Tag) -> Bool { left.text == right.text }
    func hash(into hasher: inout Hasher) { hasher.combine(text) }

    var text: String {
      switch self {
      case .known(let tag): "\(tag)"
      case .either(let tags):
        tags.map { "\($0.tag) (\($0.algorithm.rawValue))" }.joined(separator: " or ")
      case .unknown(let reason): "unknown (\(reason))"
      }
    }
  }

  var path: String
  var object: ObjectFile
  var programs: [Program]

  /// `algorithm` is the running kernel's; nil if that is not known.
  init(_ object: ObjectFile, path: String, algorithm: TagAlgorithm?) {
    self.path = path
    self.object = object
    programs = object.programs.map { program in
      do throws(ObjectError) {
        let image = try object.image(of: program.name)
        return Program(
          program: program, image: image, problem: nil,
          tag: Inspection.tag(of: image, algorithm), functions: object.functions(of: image))
      } catch {
        return Program(
          program: program, image: nil, problem: error, tag: .unknown(error.message),
          functions: [program.name])
      }
    }
  }

  private static func tag(of image: ProgramImage, _ algorithm: TagAlgorithm?) -> Tag {
    if image.dependsOnKernel { return .unknown("it depends on the kernel's own functions") }
    if let algorithm { return .known(image.predictedTag(algorithm)) }
    return .either(TagAlgorithm.allCases.map { ($0, image.predictedTag($0)) })
  }

  // MARK: In words

  /// What the object says the key or value of a map is: its layout, or its size.
  func type(_ id: UInt32, size: UInt32) -> String {
    if let btf = object.btf, id != 0, let layout = try? btf.layout(of: id),
      layout.size == Int(size)
    {
      return layout.description
    }
    return "bytes[\(size)]"
  }

  static func flags(_ bits: UInt32) -> [String] {
    var rest = bits
    var names: [String] = []
    for (name, bit) in MapFlag.names where bits & bit != 0 {
      names.append(name)
      rest &= ~bit
    }
    return rest == 0 ? names : names + ["0x" + String(rest, radix: 16)]
  }

  static func programFlags(_ program: ProgramSpec) -> [String] {
    var words: [String] = []
    if program.flags & SectionName.sleepable != 0 { words.append("sleepable") }
    if program.flags & SectionName.xdpHasFrags != 0 { words.append("frags") }
    if !program.autoload { words.append("only on request") }
    return words
  }

  /// `SEC("xdp")`, as it stands in the source.
  static func section(_ program: ProgramSpec) -> String {
    "SEC(\"\(program.autoload ? "" : "?")\(program.section.text)\")"
  }

  /// What an extern is: `function`, `variable of struct rq`, `address`, `configuration`.
  func kind(of extern: Extern) -> String {
    if extern.isFunction { return "kernel function" }
    if extern.section == ".kconfig" { return "kernel configuration" }
    guard let btf = object.btf, let head = btf.skipModifiers(extern.typeID), head.kind != .void
    else { return "kernel address" }
    return "kernel variable of \(btf.declaration(of: head.id))"
  }
}
