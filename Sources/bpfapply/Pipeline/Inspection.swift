import BPFObject
import Reconciling

/// What is told of an object file: `inspect` shows it, `init` writes a manifest from it.
struct Inspection {
  /// A program, and as much of its image as can be known of the kernel that is asked.
  struct Program {
    var program: ProgramSpec
    /// Before it is fitted to a kernel.
    var image: ProgramImage?
    /// Why there is no image.
    var problem: ObjectError?
    var tag = Tag.unknown("")
    var functions: [String]
    var globals: [String] = []
    /// Functions, variables and settings of the kernel, sorted.
    var externs: [String] = []
    var relocations: [Relocation] = []
  }

  /// A CO-RE relocation of a program.
  struct Relocation: Hashable {
    /// What became of it; without a kernel's types, only what it is about is known.
    var result: COREResult
    var isResolved: Bool
    var function: String
    var source: SourceLine?
  }

  enum Tag: Hashable {
    case known(ProgramTag)
    /// It is not known how the kernel makes tags.
    case either([TagAlgorithm: ProgramTag])
    case unknown(String)

    var text: String {
      switch self {
      case .known(let tag): "\(tag)"
      case .either(let tags):
        Tag.sorted(tags).map { "\($0.tag) (\($0.algorithm.rawValue))" }.joined(separator: " or ")
      case .unknown(let reason): "unknown (\(reason))"
      }
    }

    static func sorted(
      _ tags: [TagAlgorithm: ProgramTag]
    ) -> [(algorithm: TagAlgorithm, tag: ProgramTag)] {
      TagAlgorithm.allCases.compactMap { algorithm in tags[algorithm].map { (algorithm, $0) } }
    }
  }

  var path: String
  var object: ObjectFile
  var programs: [Program]
  /// What was asked about the kernel; nil when nothing in the object depends on one.
  var kernel: KernelSurvey?
  /// What the kernel has for the object's externs, by name.
  var findings: [String: KernelSurvey.Finding] = [:]

  /// `algorithm` is the kernel's; nil if that is not known. `survey` is called when something in the
  /// object depends on the kernel.
  init(
    _ object: ObjectFile, path: String, algorithm: TagAlgorithm?,
    survey: () throws(Failure) -> KernelSurvey
  ) throws(Failure) {
    self.path = path
    self.object = object
    programs = object.programs.map { program in
      do throws(ObjectError) {
        let image = try object.image(of: program.name)
        return Program(
          program: program, image: image, functions: object.functions(of: image),
          globals: object.globals(of: image).map(\.name),
          externs: Set(image.externs.map(\.name) + object.configuration(of: image)).sorted())
      } catch {
        return Program(
          program: program, problem: error, tag: .unknown(error.message),
          functions: [program.name])
      }
    }
    if !object.externs.isEmpty || programs.contains(where: { $0.image?.dependsOnKernel == true }) {
      let survey = try survey()
      kernel = survey
      findings = survey.findings(for: object)
    }
    for index in programs.indices {
      guard let image = programs[index].image else { continue }
      programs[index].relocations = relocations(of: image)
      programs[index].tag = tag(of: image, algorithm)
    }
  }

  private func relocations(of image: ProgramImage) -> [Relocation] {
    guard !image.coreRelocations.isEmpty else { return [] }
    // Against nothing, a relocation still says what it is about.
    let targets = kernel?.types ?? TargetTypes(vmlinux: BTFBuilder().btf)
    return image.surveyed(against: targets).map { result in
      let instruction = result.relocation.instruction
      return Relocation(
        result: result,
        isResolved: kernel?.types != nil || result.relocation.kind == .typeIDLocal,
        function: object.function(of: instruction, in: image),
        source: object.sourceLine(of: instruction, in: image))
    }
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
