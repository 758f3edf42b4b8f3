import BPFObject
import Manifest
import Planning
import Testing

/// A manifest named `edge` in `dir/m.yaml`, with the fixture `resolution.bpf.c` as `fw` unless other
/// objects are given; `files` stand beside it.
func resolve(
  _ text: String, objects: String? = nil, files: [String: String] = [:]
) throws -> Resolution {
  let head = "apiVersion: bpfapply/v1\nname: edge\n"
  let fw = objects ?? "objects:\n  fw: {file: fw.bpf.o}\n"
  var memory = MemoryFiles(files: ["dir/fw.bpf.o": try Compiled.resolution.get()])
  for (path, content) in files { memory.files["dir/\(path)"] = Array(content.utf8) }
  let manifest = try Manifest.parse(Array((head + fw + text).utf8), file: "dir/m.yaml")
  return try manifest.resolve(files: memory, accounts: memory)
}

/// Its errors as `code line:column`.
func errors(
  _ text: String, objects: String? = nil, files: [String: String] = [:]
) -> [String] {
  let error = #expect(throws: ManifestError.self) {
    try resolve(text, objects: objects, files: files)
  }
  return (error?.diagnostics ?? []).map {
    "\($0.code) \($0.location.map { "\($0.line):\($0.column)" } ?? "-")"
  }
}
