internal import BPFObject

/// What the running kernel was built with.
public struct KernelConfiguration: Sendable {
  /// What stands behind `=`, by name (`CONFIG_HZ` → `250`). What is not set is not in it.
  public let settings: [String: String]

  /// Reads `/boot/config-RELEASE`, else `/proc/config.gz`. Throws when neither can be read.
  public static func running() throws(KernelError) -> KernelConfiguration {
    let path = "/boot/config-" + (try HostFacts.kernelRelease())
    if let bytes = try? readFile(path), !bytes.isEmpty {
      return KernelConfiguration(parsing: bytes)
    }
    let fallback = "/proc/config.gz"
    let compressed: [UInt8]
    do throws(KernelError) {
      compressed = try readFile(fallback)
    } catch {
      throw error.hinting(
        "the kernel's configuration is in neither \(path) nor \(fallback) (CONFIG_IKCONFIG_PROC)")
    }
    guard let bytes = Gzip.contents(of: compressed) else {
      throw KernelError("read", refused: "it cannot be decompressed", on: fallback)
    }
    return KernelConfiguration(parsing: bytes)
  }

  /// Lines of `NAME=VALUE`; of two lines for one name the first counts.
  init(parsing bytes: [UInt8]) {
    var settings: [String: String] = [:]
    for line in bytes.split(separator: UInt8(ascii: "\n")) where line.starts(with: Self.prefix) {
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let name = String(decoding: line[..<equals], as: UTF8.self)
      if settings[name] == nil {
        settings[name] = String(decoding: line[(equals + 1)...], as: UTF8.self)
      }
    }
    self.settings = settings
  }

  private static let prefix = Array("CONFIG_".utf8)
}

/// The addresses of the kernel's symbols.
public enum KernelSymbols {
  /// The addresses of the symbols of these names, from `/proc/kallsyms`: none for a name that is not
  /// there, several for one that stands for different things. A suffix of the compiler's
  /// (`.llvm.123`) is no part of a name.
  ///
  /// Zeros stand there for a reader without CAP_SYSLOG, which is refused.
  public static func addresses(of names: Set<String>) throws(KernelError) -> [String: Set<UInt64>] {
    let path = "/proc/kallsyms"
    let bytes = try readFile(path)
    let wanted = Dictionary(names.map { (Array($0.utf8)[...], $0) }, uniquingKeysWith: { $1 })
    let suffix = Array(".llvm.".utf8)
    var found: [String: Set<UInt64>] = [:]
    var sawAddress = false
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      defer { start = end + 1 }
      let fields = bytes[start..<end].split(
        maxSplits: 2, whereSeparator: { $0 == UInt8(ascii: " ") })
      guard fields.count == 3 else { continue }
      if !sawAddress { sawAddress = fields[0].contains { $0 != UInt8(ascii: "0") } }
      var name = fields[2].prefix { $0 != UInt8(ascii: "\t") }
      if wanted[name] == nil, let cut = name.firstRange(of: suffix)?.lowerBound {
        name = name[..<cut]
      }
      guard let known = wanted[name],
        let address = UInt64(String(decoding: fields[0], as: UTF8.self), radix: 16)
      else { continue }
      found[known, default: []].insert(address)
    }
    guard sawAddress || bytes.isEmpty else {
      throw KernelError(
        "read", refused: "it shows no addresses", on: path,
        hint: "that needs CAP_SYSLOG, and kernel.kptr_restrict below 2")
    }
    return found
  }
}

extension Feature {
  /// `LINUX_HAS_BPF_COOKIE`: whether `bpf_get_attach_cookie` is there.
  public static let attachCookies = Feature("attach cookies", since: .init(5, 15)) {
    () throws(KernelError) in
    do throws(KernelError) {
      _ = try Program.load(
        ProgramParameters(
          type: .kprobe,
          instructions: [
            Instruction(opcode: 0x85, immediate: 174), Instruction(opcode: 0x95),
          ], license: "GPL"))
      return true
    } catch {
      return error.errno == .invalid ? false : nil
    }
  }

  /// `LINUX_HAS_SYSCALL_WRAPPER`: whether system calls take their arguments in one `pt_regs`.
  ///
  /// The symbol says so. libbpf sets a kprobe on it, which finds nothing on a kernel without
  /// kprobes, where nothing can use the answer either.
  public static let systemCallWrappers = Feature("system call wrappers", since: .init(4, 17)) {
    () throws(KernelError) in
    #if arch(arm64)
      let prefix = "arm64"
    #elseif arch(x86_64)
      let prefix = "x64"
    #else
      let prefix = ""
    #endif
    if prefix.isEmpty { return false }
    return try KernelSymbols.hasSymbol("__\(prefix)_sys_bpf")
  }
}

extension KernelSymbols {
  /// Whether there is a symbol of that name; needs no privileges.
  static func hasSymbol(_ name: String) throws(KernelError) -> Bool {
    let bytes = try readFile("/proc/kallsyms")
    return bytes.firstRange(of: Array(" \(name)\n".utf8)) != nil
  }
}

extension HostFacts {
  /// `LINUX_KERNEL_VERSION` as `KERNEL_VERSION(a, b, c)` makes it, from the release that Debian
  /// and Ubuntu hide behind their own.
  public static func versionCode() throws(KernelError) -> UInt64 {
    if let signature = try? readText("/proc/version_signature"),
      let last = signature.split(separator: " ").last, let version = KernelVersion(String(last))
    {
      return code(of: version)
    }
    let text = try readText("/proc/sys/kernel/version")
    if let debian = text.firstRange(of: "Debian ")?.upperBound,
      let version = KernelVersion(String(text[debian...]))
    {
      return code(of: version)
    }
    return code(of: try kernelVersion())
  }

  private static func code(of version: KernelVersion) -> UInt64 {
    UInt64(max(0, version.major)) << 16 + UInt64(max(0, version.minor)) << 8
      + UInt64(min(255, max(0, version.patch)))
  }
}
