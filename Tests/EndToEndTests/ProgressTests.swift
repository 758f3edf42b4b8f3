import Sandbox
import Testing

/// The line that says how far it is, on a terminal that script(1) makes.
@Suite struct ProgressTests {
  @Test(.kernel) func `entries are counted on a terminal, and nowhere else`() async {
    await #expect(processExitsWith: .success) {
      endToEnd {
        let deployment = try Deployment("progress")
        let rows = (0..<200_000).map { "\($0),1" }
        try deployment.write("key,value\n" + rows.joined(separator: "\n") + "\n", to: "rows.csv")
        try deployment.write(
          """
          apiVersion: bpfapply/v1
          name: \(deployment.owner)
          maps:
            table:
              {type: hash, key: u32, value: u32, max_entries: 200000,
               entries: {policy: exact, file: rows.csv}}
          """)
        // Each call takes 20 ms, so that the whole takes long on every machine.
        let slow =
          "strace -f -o /dev/null -e trace=bpf -e inject=bpf:delay_enter=20000 "
          + "\(try Deployment.executable) "
        let apply = slow + "apply --auto-approve manifest.yaml"
        let clear = "\r\u{1B}[K"
        func terminal(_ command: String) throws -> String {
          try Sandbox.run(
            ["script", "-qefc", command, "/dev/null"], directory: deployment.directory
          ).ended(0).output
        }
        let shown = try terminal(apply)
        try check(shown.contains("of 200000 entries of map table written"), shown)
        try check(shown.contains("create map.table"), shown)
        let ending = shown.components(after: clear)
        try check(ending.contains("Done") && !ending.contains("entries of map"), "not taken away")
        // Comparing takes a look at all of them.
        let compared = try terminal(slow + "drift manifest.yaml")
        try check(compared.contains("entries of map table read"), compared)
        let quiet = try terminal(apply + " 2>/dev/null")
        try check(!quiet.contains("\u{1B}[K"), "on standard output: \(quiet)")
        let plain = try Sandbox.run(
          slow.split(separator: " ").map(String.init) + ["drift", "manifest.yaml"],
          directory: deployment.directory
        ).ended(0)
        try check(!(plain.errors + plain.output).contains("\r"), plain.errors)
        let fast = try terminal("\(try Deployment.executable) --version")
        try check(!fast.contains("\u{1B}[K"), fast)
      }
    }
  }
}

extension String {
  /// What stands behind the last occurrence.
  fileprivate func components(after separator: String) -> Substring {
    var rest = self[...]
    while let range = rest.firstRange(of: separator) { rest = rest[range.upperBound...] }
    return rest
  }
}
