import BPFKernel
import Glibc
import Sandbox
import Testing

/// A manifest with one mistake.
private struct Mistake {
  var manifest: String
  /// Of the message; with `manifest.yaml:LINE:COLUMN` where the manifest is to blame.
  var words: [String]
  var status: Int32 = 1

  /// `body` follows the head of two lines: its first line is line 3.
  init(_ body: String, _ words: String..., status: Int32 = 1) {
    manifest = body
    self.words = words
    self.status = status
  }
}

@Suite struct BadInputTests {
  private static let head = "apiVersion: bpfapply/v1\nname: bad\n"
  private static let object = "objects: {w: {file: watch.bpf.o}}\n"

  private static func of(_ kind: String) -> [Mistake] {
    switch kind {
    case "syntax":
      [
        Mistake("]not: yaml", "manifest.yaml:3:1"),
        Mistake("maps:\n\tm: {}", "manifest.yaml:4:1", "tab"),
        Mistake("name: again", "manifest.yaml:3:1", "name", "manifest.yaml:2:1"),
        Mistake("maps: {m: {type: hash, type: array}}", "manifest.yaml:3:24", "type"),
      ]
    case "keys":
      [
        Mistake("atachments: {}", "manifest.yaml:3:1", "attachments"),
        Mistake(
          "maps: {m: {type: hash, key: u32, value: u32, max_entrys: 1}}", "manifest.yaml:3:46",
          "max_entries"),
        Mistake(
          "attachments: {x: {program: o/p, xdp: {interfaces: eth0}}}", "manifest.yaml:3:39",
          "'interface'"),
        Mistake(
          "maps: {m: {type: hash, key: u32, value: u32, max_entries: many}}", "manifest.yaml:3:59"),
        Mistake("maps: [m]", "manifest.yaml:3:7"),
        Mistake(
          "maps: {m: {type: array, key: u32, value: u32, max_entries: 1, "
            + "map_flags: no_prealloc}}", "manifest.yaml:3:"),
        Mistake(
          "maps: {a.b: {type: hash, key: u32, value: u32, max_entries: 1}}", "manifest.yaml:3:8",
          "a.b"),
        Mistake(
          "maps: {a/b/c: {type: hash, key: u32, value: u32, max_entries: 1}}", "manifest.yaml:3:8"),
        Mistake(
          "objects: {w/x: {file: watch.bpf.o}}", "manifest.yaml:3:11"),
      ]
    case "objects":
      [
        Mistake("objects: {w: {file: none.bpf.o}}", "manifest.yaml:3:21", "none.bpf.o"),
        Mistake("objects: {w: {file: directory}}", "manifest.yaml:3:21", "directory"),
        Mistake("objects: {w: {file: text.bpf.o}}", "text.bpf.o", "ELF"),
        Mistake("objects: {w: {file: host.o}}", "host.o", "BPF"),
        Mistake("objects: {w: {file: truncated.bpf.o}}", "truncated.bpf.o"),
        Mistake(
          "objects: {w: {file: plain.bpf.o}}\nattachments: {x: {program: w/receive, "
            + "xdp: {interface: uplink}}}", "plain.bpf.o", "BTF"),
        Mistake("objects: {w: {file: empty.bpf.o}}", "empty.bpf.o", "empty"),
        Mistake(
          object + "attachments: {x: {program: w/recieve, xdp: {interface: uplink}}}",
          "manifest.yaml:4:28", "receive"),
        Mistake(object + "maps: {w/countss: {}}", "manifest.yaml:4:8", "counts"),
        Mistake(
          "objects: {w: {file: watch.bpf.o, globals: {wieght: 1}}}", "manifest.yaml:3:44",
          "weight"),
        Mistake(
          "objects: {w: {file: watch.bpf.o, globals: {weight: 4294967296}}}",
          "manifest.yaml:3:52", "4294967295"),
        Mistake(
          object + "maps: {w/blocked: {entries: {policy: exact, items: [{key: 10.0.0.256, "
            + "value: 1}]}}}", "manifest.yaml:4:59"),
        Mistake(
          object + "maps: {w/blocked: {entries: {policy: exact, items: [{key: 10.0.0.1, "
            + "value: -1}]}}}", "manifest.yaml:4:76"),
      ]
    case "targets":
      [
        Mistake(
          object + "attachments: {x: {program: w/receive, xdp: {interface: nowhere}}}",
          "manifest.yaml:4:", "interface nowhere does not exist", status: 4),
        Mistake(
          object + "attachments: {x: {program: w/leave, cgroup: {path: /nowhere}}}",
          "manifest.yaml:4:", "nowhere", "cgroup", status: 4),
        Mistake(
          object + "attachments: {x: {program: w/receive, xdp: {interface: eth0, "
            + "netns: nowhere}}}", "manifest.yaml:4:", "nowhere", "namespace", status: 4),
        Mistake(
          object + "pins: {p: {map: w/counts, path: /tmp/counts}}", "/tmp/counts", "bpffs"),
        Mistake(
          object + "pins: {p: {map: w/counts, path: /sys/fs/bpf/a.b}}", "manifest.yaml:4:33", "dot"),
        Mistake(
          object + "pins: {p: {map: w/counts, path: /sys/fs/bpf/foreign}}", "manifest.yaml:4:",
          "/sys/fs/bpf/foreign", "not ours", status: 4),
        Mistake(
          object + "attachments: {x: {program: w/execute, tracepoint: {name: sched:nothing}}}",
          "manifest.yaml:4:", "sched:nothing", status: 4),
      ]
    default: []
    }
  }

  @Test(.kernel, arguments: ["syntax", "keys", "objects", "targets"])
  func `each mistake is told where it is, and nothing is changed`(kind: String) async {
    await #expect(processExitsWith: .success) { [kind = kind as String] in
      endToEnd {
        try Uplink.make()
        let deployment = try Deployment("bad")
        try BadInputTests.writeObjects(to: deployment)
        try Sandbox.run(
          "bpftool map create /sys/fs/bpf/foreign type hash key 4 value 4 entries 1 name foreign"
            .split(separator: " ").map(String.init)
        ).succeeded()
        let before = try Snapshot.take()
        var failures: [String] = []
        for mistake in BadInputTests.of(kind) {
          try deployment.write(BadInputTests.head + mistake.manifest + "\n")
          let result = try Sandbox.run(
            [Deployment.executable, "apply", "--auto-approve", "manifest.yaml"],
            directory: deployment.directory)
          do {
            try result.ended(mistake.status, saying: mistake.words)
            try check(result.errors.hasPrefix("error["), "no code:\n\(result.errors)")
          } catch {
            failures.append("\(mistake.manifest)\n\(error)")
          }
        }
        try before.isUnchanged(in: Snapshot.take(), after: "mistakes")
        try check(failures.isEmpty, failures.joined(separator: "\n\n"))
      }
    }
  }

  private static func writeObjects(to deployment: borrowing Deployment) throws {
    try deployment.compile("watch")
    let object = try Sandbox.read(deployment.path("watch.bpf.o"))
    try deployment.write(Array(object.prefix(object.count / 2)), to: "truncated.bpf.o")
    try deployment.write([], to: "empty.bpf.o")
    try deployment.write(
      "This is no object file, but it is long enough to be one.\n", to: "text.bpf.o")
    try Sandbox.run(["mkdir", deployment.path("directory")]).succeeded()
    try Sandbox.run(
      ["clang", "-x", "c", "-c", "-", "-o", deployment.path("host.o")], input: "int number;"
    ).succeeded()
    // Without -g there is no BTF.
    let compile = """
      clang -O2 -target bpf -I/usr/include/$(uname -m)-linux-gnu -c "$0" -o "$1"
      """
    try Sandbox.run(
      ["sh", "-ec", compile, "\(Sandbox.packageRoot)/Tests/Fixtures/watch.bpf.c"]
        + [deployment.path("plain.bpf.o")]
    ).succeeded()
  }

  @Test(.kernel) func `a host without a bpffs is told how to mount one`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("bad")
        try deployment.compile("watch")
        try deployment.write(
          BadInputTests.head + BadInputTests.object + "programs: {w/receive: {}}\n")
        try Sandbox.run(["umount", "/sys/fs/bpf"]).succeeded()
        for command in [["apply", "--auto-approve"], ["plan"], ["drift"]] {
          try Sandbox.run(
            [Deployment.executable] + command + ["manifest.yaml"], directory: deployment.directory
          ).ended(1, saying: ["bpffs", "mount -t bpf bpf /sys/fs/bpf"])
        }
        // What needs no kernel goes on working.
        try deployment.bpfapply("validate", "manifest.yaml")
      }
    }
  }

  @Test(.kernel) func `without privileges the missing capability is named`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("bad")
        try deployment.compile("watch")
        try deployment.write(
          BadInputTests.head + BadInputTests.object + "programs: {w/receive: {}}\n")
        // The build directory may be closed to others, a bind mount of the file is not.
        try deployment.write([], to: "bpfapply")
        try Sandbox.mount(
          Deployment.executable, at: deployment.path("bpfapply"), type: nil, flags: UInt(MS_BIND))
        let nobody = [
          "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
          deployment.path("bpfapply"),
        ]
        func run(_ arguments: String...) throws -> CommandResult {
          try Sandbox.run(nobody + arguments, directory: deployment.directory)
        }
        try run("apply", "--auto-approve", "manifest.yaml").ended(
          1, saying: ["error[missing-capabilities]", "CAP_BPF", "CAP_NET_ADMIN"])
        let before = try BPFFilesystem().root.walk()
        try check(before.directories.isEmpty, "\(before.directories)")
        try run("validate", "manifest.yaml").ended(0)
        try Sandbox.run(["umount", deployment.path("bpfapply")]).succeeded()
      }
    }
  }

  @Test(.kernel) func `files and directories are not taken for one another`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("bad")
        try deployment.bpfapply("validate", "/etc", status: 1, saying: "directory")
        try deployment.bpfapply("validate", "./nothing.yaml", status: 1, saying: "nothing.yaml")
        try deployment.write("{}", to: "file")
        try deployment.bpfapply(
          "show", "--bpffs", deployment.path("file"), status: 1, saying: "file")
        try deployment.bpfapply(
          "show", "--bpffs", "/tmp", status: 1, saying: "/tmp", "no bpffs is mounted")
      }
    }
  }

  @Test(.kernel) func `a pin where a directory has to be is left alone`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("bad")
        try deployment.compile("watch")
        try deployment.write(
          BadInputTests.head + BadInputTests.object + "programs: {w/receive: {}}\n")
        try Sandbox.run(
          "bpftool map create /sys/fs/bpf/bpfapply type hash key 4 value 4 entries 1 name foreign"
            .split(separator: " ").map(String.init)
        ).succeeded()
        let before = try Snapshot.take()
        let result = try Sandbox.run(
          [Deployment.executable, "apply", "--auto-approve", "manifest.yaml"],
          directory: deployment.directory)
        try check(
          [1, 4, 6].contains(result.status) && result.errors.contains("/sys/fs/bpf/bpfapply"),
          "\(result.status)\n\(result.errors)")
        try before.isUnchanged(in: Snapshot.take(), after: "a refused apply")
      }
    }
  }

  @Test(.kernel) func `large and hostile manifests end in bounded time and memory`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("bad")
        // Ten megabytes of entries of a map that has no room for them.
        var text = BadInputTests.head
        text += "maps: {m: {type: hash, key: u32, value: u32, max_entries: 10, entries: "
        text += "{policy: exact, items: [\n"
        for number in 0..<400_000 { text += "  {key: \(number), value: 1},\n" }
        text += "]}}}\n"
        try check(text.utf8.count > 10_000_000, "\(text.utf8.count) bytes")
        try deployment.write(text, to: "large.yaml")
        // One anchor, a million aliases.
        var aliases = BadInputTests.head + "x-a: &a [1, 2]\nx-b: [\n"
        for _ in 0..<1_000_000 { aliases += "*a,\n" }
        aliases += "]\n"
        try deployment.write(aliases, to: "aliases.yaml")
        // Nine levels of nine aliases each: 387 million values if they were copied out.
        var laughs = BadInputTests.head + "x-0: &a0 [0]\n"
        for level in 1...9 {
          let names = [String](repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
          laughs += "x-\(level): &a\(level) [\(names)]\n"
        }
        try deployment.write(laughs, to: "laughs.yaml")
        for name in ["large.yaml", "aliases.yaml", "laughs.yaml"] {
          // A gigabyte of address space for data, a minute of processor time.
          let result = try Sandbox.run(
            ["bash", "-c", "ulimit -d 1500000 -t 60; exec \"$@\"", "bash", Deployment.executable]
              + ["validate", "./\(name)"], directory: deployment.directory)
          try check(
            result.status == 0 || result.status == 1 && result.errors.hasPrefix("error["),
            "\(name): \(result.status)\n\(result.errors.prefix(2000))")
        }
      }
    }
  }
}
