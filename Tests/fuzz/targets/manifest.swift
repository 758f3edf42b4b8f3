import BPFObject
import Manifest

private struct NoFiles: FileReader {
  func read(_ path: String) throws(Diagnostic) -> [UInt8] {
    throw Diagnostic(code: "not-found", message: "there are no files here")
  }
}

private struct Root: AccountNames {
  func user(_ name: String) -> UInt32? { name == "root" ? 0 : UInt32(name) }
  func group(_ name: String) -> UInt32? { user(name) }
}

/// YAML → manifest → desired state, and what is said about mistakes.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let inputs = VariableInputs(environment: [:], assignments: [])
  guard let manifest = try? Manifest.parse(bytes, file: "fuzz.yaml", variables: inputs) else {
    return 0
  }
  _ = try? manifest.resolve(files: NoFiles(), accounts: Root())
  return 0
}
