import BPFKernel
import Glibc
import Sandbox

/// A row of the hook catalogue: a directory of examples/hooks, what its hook needs, and how the effect
/// of its program is brought about and seen. `HookCatalogueTests` does the rest with it.
///
/// The directory NAME holds `manifest.yaml` and `NAME.bpf.c`, whose object is called NAME in the
/// manifest. Compiled with -mcpu=v2, it runs on every kernel. Its variables `uplink`, `cgroup` and `pid`, if
/// it has them, are set to the test's interface, cgroup and process. `-DRELEASE=2` makes another program of the source with the same effect.
struct HookExample: Sendable {
  var name: String
  var needs: HookNeed
  /// How somebody undoes the attachment behind bpfapply's back; the effect must be gone by it.
  var deed = HookDeed.detach
  /// An upgrade leaves the links: LINK_UPDATE swaps their programs.
  var keepsLinks = true
  /// What names the program to people, apart from `bpfapply show`.
  var witnesses: [HookWitness] = [.links]
  /// What the hook needs beside the uplink and the cgroup.
  var prepare: @Sendable (borrowing HookScene) throws -> Void = { _ in }
  /// Does what the program is there to see, and tells whether it took effect.
  var effect: @Sendable (borrowing HookScene) throws -> Bool

  /// Of every family; a new one is added here.
  static let all = [
    interfaceHooks,
    cgroupHooks,
    namespaceHooks,
    socketHooks,
    tracingHooks,
    codeHooks,
  ].flatMap { $0 }
}

/// What a kernel must have for a hook.
struct HookNeed: Sendable {
  /// The words with which the plan has to refuse the hook on this kernel; nil where it must work.
  /// Found out without bpfapply's help.
  var refusal: @Sendable () throws -> [String]?
  /// Some machines let nobody load such programs, whatever the kernel can: those that are called through
  /// trampolines, and iterators of maps.
  var mayBeForbidden = false
  /// The example that fares alike, where libbpf cannot load this one by itself.
  var forbiddenLike: String?

  /// From that release on, where the machine does not forbid it.
  static func unlessForbidden(_ major: Int, _ minor: Int) -> HookNeed {
    var need = linux(major, minor)
    need.mayBeForbidden = true
    return need
  }

  /// Programs that replace a function of another one: they are loaded for it.
  static let extensions: HookNeed = {
    var need = unlessForbidden(5, 10)
    need.forbiddenLike = "fentry"
    return need
  }()

  /// With BPF among the security modules that the kernel was booted with.
  static let securityModule: HookNeed = {
    var need = HookNeed {
      if access("/sys/kernel/security/lsm", F_OK) != 0 {
        try Sandbox.mount("securityfs", at: "/sys/kernel/security", type: "securityfs")
      }
      let modules = try Sandbox.read("/sys/kernel/security/lsm").split(separator: 0x2c)
      return modules.contains(Array("bpf".utf8)[...]) ? nil : ["CONFIG_BPF_LSM", "lsm="]
    }
    need.mayBeForbidden = true
    return need
  }()

  /// The same for cgroups.
  static let cgroupSecurityModule: HookNeed = {
    var need = HookNeed {
      if let words = try linux(6, 0).refusal() { return words }
      return try securityModule.refusal()
    }
    need.mayBeForbidden = true
    return need
  }()

  /// From that release on. No kernel of the matrix has a hook of a newer one.
  static func linux(_ major: Int, _ minor: Int) -> HookNeed {
    HookNeed { Sandbox.kernelVersion < (major, minor) ? ["Linux \(major).\(minor)"] : nil }
  }

  /// An option of the kernel's configuration, from that release on.
  static func option(_ name: String, since major: Int, _ minor: Int) -> HookNeed {
    HookNeed {
      if let words = try linux(major, minor).refusal() { return words }
      let value = try KernelConfiguration.running().settings[name]
      return value == "y" || value == "m" ? nil : [name]
    }
  }
}

/// How an attachment is undone behind bpfapply's back.
enum HookDeed: Sendable {
  /// `bpftool link detach`, of every link.
  case detach
  /// Its pins are removed, which is the end of a link that knows no detaching.
  case unpin
  /// Anything else, and the words with which drift tells of it.
  case other([String], @Sendable (borrowing HookScene) throws -> Void)

  var findings: [String] {
    switch self {
    case .detach: ["its link is detached"]
    case .unpin: ["its link is gone"]
    case .other(let words, _): words
    }
  }

  func commit(_ scene: borrowing HookScene) throws {
    switch self {
    case .detach:
      for pin in try scene.attachmentPins() {
        try Sandbox.run([HookWitness.bpftool, "link", "detach", "pinned", pin]).succeeded()
      }
    case .unpin:
      for pin in try scene.attachmentPins() {
        guard unlink(pin) == 0 else { throw SandboxError("unlink \(pin): errno \(errno)") }
      }
    case .other(_, let act): try act(scene)
    }
  }
}

/// Where an example is tried: the uplink and its peer, a cgroup, and a copy of the directory.
struct HookScene: ~Copyable {
  let example: HookExample
  let deployment: Deployment
  let cgroup: TemporaryCgroup
  /// What is said of the manifest's variables.
  let variables: [String]

  init(_ example: HookExample) throws {
    let deployment = try Deployment(example.name)
    let cgroup = try TemporaryCgroup()
    let text = String(
      decoding: try Sandbox.read("\(Self.directory)/\(example.name)/manifest.yaml"), as: UTF8.self)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let owner = lines.firstIndex(where: { $0.hasPrefix("name:") }) else {
      throw SandboxError("the manifest of \(example.name) has no name")
    }
    // Tests that run at the same time need owners of their own.
    lines[owner] = "name: \(deployment.owner)"
    try deployment.write(lines.joined(separator: "\n"))
    variables = ["uplink": "uplink", "cgroup": cgroup.path, "pid": "\(getpid())"]
      .filter { name, _ in lines.contains { $0.hasPrefix("  \(name):") } }
      .sorted { $0.key < $1.key }.flatMap { ["--var", "\($0.key)=\($0.value)"] }
    self.example = example
    self.deployment = deployment
    self.cgroup = cgroup
  }

  static var directory: String { "\(Sandbox.packageRoot)/examples/hooks" }

  func compile(release: Int) throws {
    let object = try Sandbox.compile(
      file: "\(Self.directory)/\(example.name)/\(example.name).bpf.c",
      // Else the compiler uses atomic operations that kernels before 5.12 do not have.
      options: ["-DRELEASE=\(release)", "-mcpu=v2"])
    try deployment.write(Sandbox.read(object), to: "\(example.name).bpf.o")
  }

  /// Whether this machine lets nobody load the example's programs: libbpf's word for it.
  func isForbidden() throws -> Bool {
    var object = "\(example.name).bpf.o"
    if let other = example.needs.forbiddenLike {
      object = try Sandbox.compile(file: "\(Self.directory)/\(other)/\(other).bpf.c")
    }
    let result = try Sandbox.run(
      [HookWitness.bpftool, "prog", "loadall", object, "/sys/fs/bpf/probe"],
      directory: deployment.directory)
    try Sandbox.run(["rm", "-rf", "/sys/fs/bpf/probe"]).succeeded()
    return result.status != 0
      && (result.errors + result.output).contains("Operation not permitted")
  }

  /// Runs a command of bpfapply's on the manifest.
  @discardableResult
  func bpfapply(_ words: String..., status: Int32 = 0, saying: [String] = []) throws
    -> CommandResult
  {
    try Sandbox.run(
      [Deployment.executable] + words + variables + ["manifest.yaml"],
      directory: deployment.directory
    ).ended(status, saying: saying)
  }

  /// The paths of the attachments' pins.
  func attachmentPins() throws -> [String] {
    try BPFFilesystem().root.walk().pins.map(\.path)
      .filter { $0.hasPrefix("\(deployment.pins)/attachments/") }
  }

  // MARK: Seeing effects

  /// Whether a counter in an array of the example's grows by an act.
  func moves(_ map: String, _ slot: UInt32 = 0, by act: () throws -> Void) throws -> Bool {
    let path = "\(deployment.pins)/maps/\(example.name)/\(map)"
    let exists = access(path, F_OK) == 0
    let before = exists ? try Pinned.counter(path, slot) : 0
    try act()
    return exists ? try Pinned.counter(path, slot) > before : false
  }

  /// Does something as a process of the cgroup.
  func inCgroup<Result>(_ body: () throws -> Result) throws -> Result {
    try cgroup.add(process: getpid())
    let result = Swift.Result { try body() }
    // The cgroup is removed in the end, and must be empty then.
    let root = cgroup.directory.dropLast(cgroup.path.count)
    try Sandbox.run(["sh", "-c", "echo \(getpid()) >\(root)/cgroup.procs"]).succeeded()
    return try result.get()
  }
}
