import Glibc

extension Sandbox {
  /// The root of the package.
  public static let packageRoot: String = {
    let parts = "\(#filePath)".split(separator: "/").dropLast(3)
    return "/" + parts.joined(separator: "/")
  }()

  /// Compiles BPF C to an object file and returns the path of it. The result is kept, by a digest
  /// of source and options, in `.build/fixtures`.
  public static func compile(
    source: String, name: String, options: [String] = []
  ) throws(SandboxError) -> String {
    let options = ["-O2", "-g", "-target", "bpf", "-I/usr/include"] + architectureHeaders + options
    let digest = fingerprint(options.joined(separator: " ") + "\n" + source)
    let directory = packageRoot + "/.build/fixtures"
    mkdir(packageRoot + "/.build", 0o755)
    mkdir(directory, 0o755)
    let object = "\(directory)/\(name)-\(digest).bpf.o"
    if access(object, R_OK) == 0 { return object }
    // Threads compile at once too.
    let unfinished = "\(object).\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    try run(
      ["clang"] + options + ["-x", "c", "-c", "-", "-o", unfinished], input: source
    ).succeeded()
    guard rename(unfinished, object) == 0 else {
      throw SandboxError("rename of \(unfinished): \(lastError())")
    }
    return object
  }

  /// Compiles a `.bpf.c` file, whose path is below the package's root.
  public static func compile(
    file: String, options: [String] = []
  ) throws(SandboxError) -> String {
    let path = file.hasPrefix("/") ? file : "\(packageRoot)/\(file)"
    let name = file.split(separator: "/").last.map(String.init) ?? file
    let directory = path.split(separator: "/").dropLast().joined(separator: "/")
    // The line info names the file, and holds its lines, as if it had been compiled itself.
    return try compile(
      source: "#line 1 \"\(path)\"\n" + String(decoding: try read(path), as: UTF8.self),
      name: String(name.split(separator: ".").first ?? "fixture"),
      options: ["-I/\(directory)"] + options)
  }

  /// The bytes of a file.
  public static func read(_ path: String) throws(SandboxError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw SandboxError("\(path): \(lastError())") }
    defer { close(descriptor) }
    return readAll(descriptor)
  }

  /// Where Debian keeps asm/types.h.
  private static let architectureHeaders: [String] = {
    let all = ["x86_64", "aarch64", "riscv64", "s390x"].map { "/usr/include/\($0)-linux-gnu" }
    let here = all.filter { access($0, R_OK) == 0 }
    // A machine of the matrix has no headers: its compiler is the host's, of the same architecture.
    #if arch(arm64)
      let own = all[1]
    #else
      let own = all[0]
    #endif
    return (here.isEmpty ? [own] : here).map { "-I" + $0 }
  }()

  /// FNV-1a, as sixteen hexadecimal digits.
  private static func fingerprint(_ text: String) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
