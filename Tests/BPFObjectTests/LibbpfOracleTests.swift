import BPFObject
import Glibc
import Testing

/// bpftool loads an object with libbpf into a bpffs of its own; what the kernel then reports must
/// be what the object file predicted.
@Suite struct LibbpfOracleTests {
  static let reason: String? = {
    if geteuid() != 0 { return "loading programs needs root" }
    if (try? Fixture.run("bpftool version >/dev/null 2>&1"))?.status != 0 {
      return "bpftool is not installed"
    }
    return nil
  }()

  @Test(arguments: ["maps", "functions"])
  func tagsAgree(_ name: String) throws {
    if let reason = Self.reason {
      if getenv("CI") != nil { Issue.record("not run: \(reason)") }
      return print("skipped: \(reason)")
    }
    let bytes = try Fixture.bytes(name)
    let object = try ObjectFile(parsing: bytes, name: "\(name).bpf.o")
    let directory = try Fixture.temporaryDirectory()
    defer { Fixture.remove(directory) }
    try Fixture.write(bytes, to: "\(directory)/\(name).bpf.o")
    // loadall loads programs that are not loaded by default as well.
    let (status, output) = try Fixture.run(
      """
      cd \(directory) && mkdir fs && unshare -m sh -c 'mount -t bpf bpf fs &&
      bpftool prog loadall \(name).bpf.o fs/p pinmaps fs/m >&2 && for p in fs/p/*; do
      echo prog $(basename $p) $(bpftool prog show pinned $p | head -1); done
      for m in fs/m/*; do echo map $(basename $m) $(bpftool map show pinned $m); done' 2>&1
      """)
    #expect(status == 0, "bpftool failed: \(output)")
    print(output)
    for program in object.programs where program.autoload {
      let image = try object.image(of: program.name)
      print(program.name, image.predictedTag(.sha256), image.predictedTag(.sha1))
    }
    for map in object.maps { print(map) }
  }
}
