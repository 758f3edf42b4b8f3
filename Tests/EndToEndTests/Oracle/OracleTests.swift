import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

/// libbpf as the oracle: what `init` writes for an object, `apply` loads, and to what libbpf makes of
/// it on the same kernel. Every fixture is loaded by bpftool and by bpfapply, as it was compiled and as
/// libbpf's static linker writes it.
///
/// Where libbpf refuses an object, so does bpfapply; what it has to say is in the fixture. What a
/// kernel lacks, both refuse on it.
@Suite struct OracleTests {
  @Test(.kernel, .oracle, arguments: OracleFixture.all)
  func `a fixture is loaded as libbpf loads it`(_ fixture: OracleFixture) async throws {
    _ = try fixture.object(linked: false)
    await #expect(processExitsWith: .success) { [name = fixture.name as String] in
      endToEnd { try OracleFixture(name).compare(linked: false) }
    }
  }

  @Test(.kernel, .oracle, arguments: OracleFixture.all.filter(\.canBeLinked))
  func `a fixture is loaded as libbpf loads it when it was linked`(
    _ fixture: OracleFixture
  ) async throws {
    _ = try fixture.object(linked: true)
    await #expect(processExitsWith: .success) { [name = fixture.name as String] in
      endToEnd { try OracleFixture(name).compare(linked: true) }
    }
  }

  @Test(.kernel)
  func `a section that nobody knows is loaded with the type that the manifest gives`()
    async
  {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("typed")
        let object = try OracleFixture("refused_section").object(linked: false)
        try deployment.write(Sandbox.read(object), to: "o.bpf.o")
        try deployment.write(
          """
          apiVersion: bpfapply/v1
          name: \(deployment.owner)
          objects: {o: {file: o.bpf.o}}
          programs: {o/pass: {type: xdp}}
          """)
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        let info = try Pinned.program("\(deployment.pins)/programs/o/pass").info()
        try check(info.type == .xdp, "the type is \(info.type)")
      }
    }
  }

  @Test(.kernel) func `a map that asks for a pin of its name gets one by init`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("named")
        let object = try OracleFixture("map_pin_by_name").object(linked: false)
        try deployment.write(Sandbox.read(object), to: "named.bpf.o")
        let manifest = try deployment.bpfapply("init", "named.bpf.o").output
        try deployment.write(manifest)
        try deployment.apply(saying: "Done")
        try deployment.isSettled()
        let shared = try Pinned.map("/sys/fs/bpf/shared").info.id
        let own = try Pinned.map("/sys/fs/bpf/bpfapply/named/maps/named/shared").info.id
        try check(shared == own, "another map is pinned")
      }
    }
  }

  @Test func `meant differences are about fixtures that there are`() {
    let names = Set(OracleFixture.all.map(\.name))
    #expect(OracleDifference.loaded.keys.allSatisfy(names.contains))
    #expect(names.count >= 60)
  }
}

/// Where bpfapply means to differ from libbpf and bpftool.
enum OracleDifference {
  /// libbpf (or bpftool) refuses, and bpfapply loads it. By fixture, with the reason.
  static let loaded: [String: String] = [
    "map_integers_enum":
      "libbpf takes constants of enumerations for map_extra only; a number is a number",
    "section_optional": "bpftool cannot pin a program that it was asked not to load",
  ]

  /// Something else is loaded.
  static let details: [(fixture: String, prefix: String, reason: String)] =
    Oracle.hasKprobes
    ? []
    : [
      (
        "kconfig_virtual", "map kconfig.kconfig: ",
        "libbpf finds wrappers of system calls by kprobes only, and there are none"
      )
    ]

  /// The map that says whose a program is.
  static let metadata = "bpfapply.rodata"

  /// Maps that are bound to programs without being used by them: the metadata by bpfapply, and by
  /// libbpf all constant data of the object (bpfapply would have to load a program again when constants
  /// change that it does not use).
  static func isLeftOut(map name: String) -> Bool { name.contains(".rodata") }
}

extension Trait where Self == ConditionTrait {
  /// Needs a bpftool whose libbpf is new enough.
  static var oracle: Self {
    .enabled(
      if: Oracle.obstacle == nil || Sandbox.isRequired, "\(Oracle.obstacle ?? ""); skipped")
  }
}

/// bpftool, the newest that is here.
enum Oracle {
  static let bpftool: String = {
    let newer = Sandbox.packageRoot + "/.build/oracle/usr/sbin/bpftool"
    return access(newer, X_OK) == 0 ? newer : "bpftool"
  }()

  static let hasKprobes = access("/sys/bus/event_source/devices/kprobe", F_OK) == 0

  static let obstacle: String? = {
    guard let version = try? Sandbox.run([bpftool, "version"]).succeeded() else {
      return "bpftool is not installed"
    }
    // Older ones differ where libbpf has changed since: unused read-only data, exception callbacks.
    let numbers = version.output.prefix { $0 != "\n" }.drop { !$0.isNumber }.split(separator: ".")
      .prefix(2).compactMap { Int($0) }
    guard numbers.count == 2, (numbers[0], numbers[1]) >= (7, 5) else {
      return "bpftool 7.5 or newer is needed: Tests/oracle/fetch"
    }
    return nil
  }()
}
