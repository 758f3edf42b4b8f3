import BPFKernel
import BPFObject
import FoundationEssentials
import Glibc
import Sandbox
import Testing

/// An object that libbpf and bpfapply are given. Comments at the top of its source may say more:
///
///     // refused: TEXT      libbpf refuses it; so does bpfapply, and says TEXT (A | B: one of them)
///     // options: -g0       how it is compiled
///     // module: nf_conntrack   a module that is asked for before
///     // vmlinux            it includes the types of the running kernel as vmlinux.h
struct OracleFixture: CustomTestStringConvertible, Sendable {
  let name: String

  init(_ name: String) { self.name = name }

  var testDescription: String { name }

  /// Those of Tests/Fixtures/oracle, one for each feature, and the larger ones that other tests use.
  static let all: [OracleFixture] = {
    let shared = [
      "minimal", "functions", "sections", "callbacks", "exceptions", "externs", "kconfig", "ksyms",
      "ksymvars", "kfuncs", "mapfields", "data", "maps", "arena", "core_fields", "core_bitfields",
      "core_types", "core_enums", "core_subprograms", "core_stores", "core_candidates",
      "core_vmlinux",
    ]
    let all = (shared + entries(of: directory)).map(OracleFixture.init)
    // In the matrix's machines the compiler is the host's, and does not find their types.
    return access("/dev/matrix-compile", F_OK) == 0
      ? all.filter { (try? $0.note("vmlinux")) == nil } : all
  }()

  private static let directory = Sandbox.packageRoot + "/Tests/Fixtures/oracle"

  private static func entries(of directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".bpf.c") { names.append(String(name.dropLast(6))) }
    }
    return names.sorted()
  }

  private var file: String {
    let own = "\(Self.directory)/\(name).bpf.c"
    return access(own, R_OK) == 0 ? own : "\(Sandbox.packageRoot)/Tests/Fixtures/\(name).bpf.c"
  }

  /// What comes after `// KEY` at the top of the source; nil when there is no such line.
  private func note(_ key: String) throws -> String? {
    let text = String(decoding: try Sandbox.read(file), as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      .prefix { $0.hasPrefix("//") }
    let line = lines.first { $0.hasPrefix("// \(key)") }
    return line.map { String($0.dropFirst(3 + key.utf8.count).drop { $0 == ":" || $0 == " " }) }
  }

  /// What bpfapply has to say; nil: libbpf takes the object where the kernel can.
  private var refusal: String? { get throws { try note("refused") } }

  /// libbpf's linker wants types, and would find most of what makes an object wrong itself.
  var canBeLinked: Bool {
    let refuses = (try? refusal) != nil
    return !refuses && (try? note("options")) == nil
  }

  /// The path of the compiled object.
  func object(linked: Bool) throws -> String {
    var options = ["-mcpu=v3", "-Wno-unused"]
    if let more = try note("options") { options += more.split(separator: " ").map(String.init) }
    if try note("vmlinux") != nil { options.append("-I" + (try Self.kernelTypes.get())) }
    let object = try Sandbox.compile(file: file, options: options)
    guard linked else { return object }
    let result = object.replacing(".bpf.o", with: "-linked.bpf.o")
    if access(result, R_OK) == 0 { return result }
    let unfinished = "\(result).\(getpid())"
    try Sandbox.run([Oracle.bpftool, "gen", "object", unfinished, object]).succeeded()
    guard rename(unfinished, result) == 0 else { throw SandboxError("rename of \(unfinished)") }
    return result
  }

  /// A directory with vmlinux.h.
  private static let kernelTypes = Result<String, SandboxError> { () throws(SandboxError) in
    let types = try Sandbox.run(
      [Oracle.bpftool, "btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "c"]
    ).succeeded().output
    var release = utsname()
    uname(&release)
    let kernel = withUnsafeBytes(of: &release.release) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    let directory = "\(Sandbox.packageRoot)/.build/fixtures/vmlinux-\(kernel)"
    mkdir(directory, 0o755)
    guard let file = fopen("\(directory)/vmlinux.h", "w") else {
      throw SandboxError("\(directory) cannot be written")
    }
    defer { fclose(file) }
    fputs(types, file)
    return directory
  }

  // MARK: Comparing

  /// Loads the object both ways, inside a sandbox.
  func compare(linked: Bool) throws {
    let deployment = try Deployment("oracle")
    let bytes = try Sandbox.read(object(linked: linked))
    try deployment.write(bytes, to: "\(name).bpf.o")
    let refusal = try refusal
    // Where there is no such module, both refuse.
    if let module = try note("module") { _ = try? Sandbox.run(["modprobe", module]) }
    guard let theirs = try loadedByLibbpf(deployment, bytes) else {
      return try refuses(deployment, bytes, saying: refusal)
    }
    try check(refusal == nil, "libbpf takes it")
    try deployment.write(manifest(deployment))
    try deployment.apply(saying: "Done")
    try deployment.isSettled()
    let ours = try Picture(
      programs: "\(deployment.pins)/programs", maps: "\(deployment.pins)/maps")
    let differences = theirs.differences(to: ours).filter { difference in
      !OracleDifference.details.contains { $0.fixture == name && difference.hasPrefix($0.prefix) }
    }
    try check(differences.isEmpty, differences.joined(separator: "\n"))
    try checkPredictions(bytes, ours)
    try checkInspection(deployment, ours)
  }

  /// `inspect` said which tags the kernel would report, of programs with externs and CO-RE too.
  private func checkInspection(_ deployment: borrowing Deployment, _ ours: Picture) throws {
    let json = try deployment.bpfapply("inspect", "\(name).bpf.o", "--output", "json").output
    let inspection = try JSONDecoder().decode(Inspected.self, from: Data(json.utf8))
    for program in inspection.programs {
      guard let tag = ours.tags[program.name] else { continue }
      if let said = program.tag {
        try check(said == tag.description, "\(program.name): inspect says \(said), not \(tag)")
      } else {
        let reason = program.tagUnknown ?? "no reason"
        try check(
          reason.hasPrefix("a descriptor of the module "),
          "\(program.name): inspect knows no tag: \(reason)")
      }
    }
  }

  private struct Inspected: Decodable {
    struct Program: Decodable {
      var name: String
      var tag: String?
      var tagUnknown: String?
      enum CodingKeys: String, CodingKey {
        case name, tag
        case tagUnknown = "tag_unknown"
      }
    }
    var programs: [Program]
  }

  /// What bpftool's libbpf makes of it; nil when it refuses. Its pins are gone afterwards.
  private func loadedByLibbpf(
    _ deployment: borrowing Deployment, _ bytes: [UInt8]
  ) throws -> Picture? {
    let root = "/sys/fs/bpf/theirs"
    let pinsByName = try? ObjectFile(parsing: bytes, name: name).maps.contains(where: \.pinByName)
    // bpftool pins no map at two places.
    let maps = pinsByName == true ? [] : ["pinmaps", "\(root)-maps"]
    let result = try Sandbox.run(
      [Oracle.bpftool, "prog", "loadall", "\(name).bpf.o", root] + maps,
      directory: deployment.directory)
    defer { _ = try? Sandbox.run(["sh", "-c", "rm -rf /sys/fs/bpf/*"]) }
    guard result.status == 0 else {
      print("\(name): libbpf refuses: \(result.errors.suffix(600))")
      return nil
    }
    return try Picture(programs: root, maps: pinsByName == true ? nil : "\(root)-maps")
  }

  /// The manifest that `init` writes, without attachments: only loading is compared.
  private func manifest(_ deployment: borrowing Deployment) throws -> String {
    let written = try deployment.bpfapply("init", "\(name).bpf.o").output
    var lines: [Substring] = []
    var isAttachment = false
    for line in written.split(separator: "\n", omittingEmptySubsequences: false) {
      if let first = line.first, first != " ", first != "#" {
        isAttachment = line.hasPrefix("attachments:")
      }
      if !isAttachment {
        lines.append(line.hasPrefix("name:") ? "name: \(deployment.owner)" : line)
      }
    }
    return lines.joined(separator: "\n")
  }

  /// libbpf refused: bpfapply does so too, when it is told to load everything that is in the object.
  private func refuses(
    _ deployment: borrowing Deployment, _ bytes: [UInt8], saying text: String?
  ) throws {
    if OracleDifference.loaded[name] != nil {
      try deployment.write(manifest(deployment))
      try deployment.apply(saying: "Done")
      return try deployment.isSettled()
    }
    let object = try? ObjectFile(parsing: bytes, name: name)
    func section(_ key: String, _ names: [String]) -> String {
      names.isEmpty ? "" : "\(key):\n" + names.map { "  o/\($0): {}" }.joined(separator: "\n")
    }
    // Global data is an object's own affair.
    let maps = object?.maps.filter { $0.data == nil } ?? []
    try deployment.write(
      """
      apiVersion: bpfapply/v1
      name: \(deployment.owner)
      objects: {o: {file: \(name).bpf.o}}
      \(section("maps", maps.map(\.name)))
      \(section("programs", object?.programs.map(\.name) ?? []))
      """)
    let result = try Sandbox.run(
      [Deployment.executable, "apply", "--auto-approve", "manifest.yaml"],
      directory: deployment.directory)
    let output = result.errors + result.output
    try check(result.status != 0, "only libbpf refuses it: \(output)")
    guard let text else { return }
    try check(
      text.split(separator: " | ").contains { output.contains($0) },
      "\"\(text)\" is not in:\n\(output)")
  }

  /// What the kernel reports was known beforehand.
  private func checkPredictions(_ bytes: [UInt8], _ ours: Picture) throws {
    let object = try ObjectFile(parsing: bytes, name: "\(name).bpf.o")
    var kernel: TargetTypes?
    for program in object.programs where ours.tags[program.name] != nil {
      var image = try object.image(of: program.name)
      if try BPFKernel.HostFacts.kernelVersion() < KernelVersion(5, 16) {
        image = image.withoutExceptionCallback()
      }
      guard image.externs.isEmpty, image.type != .structOps else { continue }
      if !image.coreRelocations.isEmpty {
        let types =
          try kernel
          ?? TargetTypes(
            vmlinux: BTF(parsing: Sandbox.read("/sys/kernel/btf/vmlinux")))
        kernel = types
        image = try image.relocated(against: types)
      }
      let predicted = TagAlgorithm.allCases.map { image.predictedTag($0) }
      let tag = ours.tags[program.name]
      try check(
        predicted.contains { $0 == tag },
        "\(program.name): \(predicted), not \(tag?.description ?? "")")
    }
  }
}
