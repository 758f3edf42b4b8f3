import Glibc
import Manifest
import Testing

/// Files held in memory, and the fixtures compiled by clang.
struct MemoryFiles: FileReader, AccountNames {
  var files: [String: [UInt8]] = [:]

  func read(_ path: String) throws(Diagnostic) -> [UInt8] {
    guard let bytes = files[path] else {
      throw Diagnostic(code: "not-found", message: "there is no file \(path)")
    }
    return bytes
  }

  func user(_ name: String) -> UInt32? { name == "root" ? 0 : UInt32(name) }
  func group(_ name: String) -> UInt32? {
    name == "root" ? 0 : name == "netops" ? 42 : UInt32(name)
  }
}

enum Compiled {
  struct Failure: Error { var message: String }

  /// `Tests/Fixtures/resolution.bpf.c`, compiled once.
  static let resolution = Result { try compile("resolution") }
  static let testrun = Result { try compile("testrun") }

  private static func compile(_ name: String) throws -> [UInt8] {
    let parts = #filePath.split(separator: "/").dropLast(2)
    let source = "/" + parts.joined(separator: "/") + "/Fixtures/\(name).bpf.c"
    #if arch(arm64)
      let multiarch = "aarch64-linux-gnu"
    #else
      let multiarch = "x86_64-linux-gnu"
    #endif
    // `-` is standard output. Never a path such as /dev/stdout: clang renames its output over it.
    let command = "clang -O2 -g -target bpf -I/usr/include/\(multiarch) -c '\(source)' -o -"
    guard let stream = popen(command, "r") else { throw Failure(message: "popen failed") }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 {
      bytes += buffer[..<count]
    }
    guard pclose(stream) == 0 else { throw Failure(message: "failed: \(command)") }
    return bytes
  }
}
