import BPFObject
import Glibc

/// Compiled fixtures by name, from the directory that `Tests/fuzz/run` made. A target that cannot have
/// them would fuzz nothing, so it ends.
func seeds(_ names: [String]) -> [ObjectFile] {
  names.map { name in
    guard let directory = getenv("FUZZ_SEEDS"),
      let file = fopen("\(String(cString: directory))/object/\(name).o", "r")
    else { fatalError("no seed \(name): use Tests/fuzz/run") }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    guard let object = try? ObjectFile(parsing: Array(bytes[..<count]), name: name) else {
      fatalError("the seed \(name) is no object")
    }
    return object
  }
}
