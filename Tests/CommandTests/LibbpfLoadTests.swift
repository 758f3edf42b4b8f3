import Glibc
import Sandbox
import Testing

/// What `init` writes for an object, `apply` loads, and to what libbpf loads: the same tags, the same
/// attributes of maps, the same contents of constant data.
///
/// bpftool is the oracle. A newer one than the distribution's is used where `Tests/oracle/fetch` has
/// put one into `.build/oracle`; the output says which.
@Suite struct LibbpfLoadTests {
  private static let oracle: String = {
    let newer = Sandbox.packageRoot + "/.build/oracle/usr/sbin/bpftool"
    return access(newer, X_OK) == 0 ? newer : "bpftool"
  }()

  private static let obstacle: String? = {
    if let obstacle = Sandbox.obstacle { return obstacle }
    guard let version = try? Sandbox.run([oracle, "version"]).succeeded() else {
      return "bpftool is not installed"
    }
    // Older ones differ where libbpf has changed since: unused read-only data, exception callbacks.
    let numbers = version.output.prefix { $0 != "\n" }.drop { !$0.isNumber }.split(separator: ".")
      .prefix(2).compactMap { Int($0) }
    guard numbers.count == 2, (numbers[0], numbers[1]) >= (7, 5) else {
      return "bpftool 7.5 or newer is needed: Tests/oracle/fetch"
    }
    print("oracle: \(version.output.split(separator: "\n").prefix(2).joined(separator: ", "))")
    return nil
  }()

  @Test(
    .enabled(
      if: obstacle == nil || Sandbox.isRequired && Sandbox.obstacle != nil,
      "needs root and bpftool 7.5 or newer (Tests/oracle/fetch)"),
    arguments: [
      "minimal", "functions", "sections", "callbacks", "exceptions", "externs", "kconfig", "ksyms",
      "ksymvars", "kfuncs", "mapfields", "data",
    ])
  func initThenApplyLoadsWhatLibbpfLoads(_ name: String) throws {
    let source = try String(
      decoding: read("\(Sandbox.packageRoot)/Tests/Fixtures/\(name).bpf.c"), as: UTF8.self)
    let object = try Sandbox.compile(source: source, name: name)
    // Only loading is compared: attachments are cut off.
    let script = """
      set -e
      mount -t bpf bpf /sys/fs/bpf
      D=$(mktemp -d); trap "rm -rf $D" EXIT; cd $D; cp '\(object)' \(name).bpf.o
      A='\(Sandbox.packageRoot)/.build/debug/bpfapply'
      $A init \(name).bpf.o | sed '/^attachments:/,$d' >m.yaml
      $A validate m.yaml >log 2>&1 || { cat m.yaml log; exit 1; }
      if ! '\(Self.oracle)' prog loadall \(name).bpf.o /sys/fs/bpf/theirs >log 2>&1; then
        if $A apply m.yaml --auto-approve >log2 2>&1; then echo "only libbpf refuses"; cat log; fi
        echo compared; exit 0
      fi
      $A apply m.yaml --auto-approve >log 2>&1 || { cat log; exit 1; }
      $A plan m.yaml --detailed-exitcode >log 2>&1 || { cat log; exit 1; }
      program() {
        bpftool -j prog show pinned $1 |
          grep -o '"type":"[^"]*"\\|"tag":"[^"]*"\\|"gpl_compatible":[a-z]*\\|"bytes_xlated":[0-9]*'
      }
      map() {
        bpftool -j map show $@ | tee shown |
          grep -o '"\\(type\\|name\\)":"[^"]*"\\|"\\(flags\\|bytes_key\\|bytes_value\\|max_entries\\|frozen\\)":[0-9]*'
        if grep -q '"name":"[^"]*\\.\\(rodata\\|data\\|kconfig\\|bss\\)' shown; then bpftool map dump $@; fi
      }
      mkdir ours
      for m in $(find /sys/fs/bpf/bpfapply/\(name)/maps -type f 2>/dev/null); do
        map pinned $m >ours/$(basename $m)
      done
      for p in /sys/fs/bpf/theirs/*; do
        n=$(basename $p)
        program $p >theirs
        program /sys/fs/bpf/bpfapply/\(name)/programs/\(name)/$n >mine
        cmp -s theirs mine || { echo "program $n differs:"; cat theirs mine; }
        for id in $(bpftool prog show pinned $p | grep -o 'map_ids [0-9,]*' | tr -c 0-9 ' '); do
          map id $id >theirs; same=no
          for m in ours/*; do if cmp -s $m theirs; then same=yes; fi; done
          if [ $same = no ]; then echo "no map is like"; cat theirs; fi
        done
      done
      $A destroy \(name) --auto-approve >log 2>&1 || { cat log; exit 1; }
      echo compared
      """
    let result = try Sandbox.run(["unshare", "-m", "bash", "-c", script])
    #expect(result.output == "compared\n", "\(result.output)\(result.errors)")
    #expect(result.status == 0)
  }

  private func read(_ path: String) throws -> [UInt8] {
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    return Array(bytes[..<fread(&bytes, 1, bytes.count, file)])
  }
}
