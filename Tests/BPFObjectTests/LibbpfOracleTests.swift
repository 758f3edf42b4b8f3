import BPFObject
import Glibc
import Testing

/// bpftool loads an object with libbpf into a bpffs of its own; what the kernel then reports must
/// be what the object file predicted.
@Suite struct LibbpfOracleTests {
  private static let reason: String? = {
    if geteuid() != 0 { return "loading programs needs root" }
    if (try? Fixture.run("bpftool version >/dev/null 2>&1"))?.status != 0 {
      return "bpftool is not installed"
    }
    return nil
  }()

  @Test(
    arguments: ["maps", "functions", "sections", "callbacks", "minimal", "externs"], [false, true])
  func whatTheKernelReportsWasPredicted(_ name: String, linked: Bool) throws {
    if let reason = Self.reason {
      if getenv("CI") != nil { Issue.record("not run: \(reason)") }
      return print("skipped: \(reason)")
    }
    var bytes = try Fixture.bytes(name)
    if linked { bytes = try Fixture.linked(bytes) }
    let object = try ObjectFile(parsing: bytes, name: "\(name).bpf.o")
    let directory = try Fixture.temporaryDirectory()
    defer { Fixture.remove(directory) }
    try Fixture.write(bytes, to: "\(directory)/\(name).bpf.o")
    try Fixture.write(object.loadableBTF ?? [], to: "\(directory)/ours.btf")
    let (status, output) = try Fixture.run(
      """
      cd \(directory) && unshare -m sh -ec 'mount -t bpf bpf /sys/fs/bpf; B=/sys/fs/bpf
      bpftool prog loadall \(name).bpf.o $B/p
      for p in $B/p/*; do
        echo "prog $(basename $p) $(bpftool -j prog show pinned $p)"
        for id in $(bpftool prog show pinned $p | grep -o "map_ids [0-9,]*" | tr -c "0-9" " "); do
          echo "map $(bpftool map show id $id | grep -o "name [^ ]*" | cut -d" " -f2)" \
            "$(bpftool -j map show id $id)"
        done
      done
      id=$(bpftool prog show pinned $p | grep -o "btf_id [0-9]*" | cut -d" " -f2)
      bpftool btf dump id $id >theirs; bpftool btf dump file ours.btf >ours; diff ours theirs
      ' 2>&1
      """)
    try #require(status == 0, "bpftool failed or the BTF differs: \(output)")

    var loaded: [String: String] = [:]
    for line in output.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 2)
      if parts.count == 3 { loaded["\(parts[0]) \(parts[1])"] = String(parts[2]) }
    }
    #expect(!object.programs.isEmpty)
    // Its BTF has been compared; images of it need what is not supported yet.
    guard object.externs.isEmpty else { return }
    for program in object.programs {
      let report = try #require(loaded["prog \(program.name)"], "\(program.name): \(output)")
      let image = try object.image(of: program.name)
      let tag = try #require(field("tag", of: report))
      let predicted = TagAlgorithm.allCases.map { image.predictedTag($0).description }
      #expect(predicted.contains(tag), "\(program.name)")
      #expect(field("type", of: report) == program.type.description)
    }
    let reachable = try Set(object.programs.flatMap { try object.image(of: $0.name).reachableMaps })
    for map in object.maps where reachable.contains(map.name) {
      let report = try #require(loaded["map \(map.kernelName)"], "\(map.name): \(output)")
      #expect(field("type", of: report) == map.type.description)
      #expect(field("name", of: report) == map.kernelName)
      #expect(field("bytes_key", of: report) == "\(map.keySize)", "\(map.name)")
      #expect(field("bytes_value", of: report) == "\(map.valueSize)", "\(map.name)")
      #expect(field("max_entries", of: report) == "\(map.maxEntries)", "\(map.name)")
      var expected = map.flags
      // Up to libbpf 1.1 data without any visible variable was mappable as well.
      let isStatic = object.globals.allSatisfy { $0.section != map.name || $0.isStatic }
      if map.data != nil, isStatic, field("flags", of: report) == "\(map.flags | 1 << 10)" {
        expected |= 1 << 10
      }
      #expect(field("flags", of: report) == "\(expected)", "\(map.name)")
    }
  }

  /// The value of a field of bpftool's JSON, quoted or not.
  private func field(_ name: String, of json: String) -> String? {
    let key = "\"\(name)\":"
    guard let start = json.firstRange(of: key)?.upperBound else { return nil }
    return json[start...].prefix { $0 != "," && $0 != "}" }.filter { $0 != "\"" }
  }
}
