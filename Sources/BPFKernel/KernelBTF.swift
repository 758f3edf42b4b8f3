internal import Glibc

/// The types of the running kernel and its modules, as BTF.
public enum KernelBTF {
  private static let directory = "/sys/kernel/btf"

  /// The bytes of `/sys/kernel/btf/vmlinux`: several megabytes. ENOENT when the kernel was built
  /// without CONFIG_DEBUG_INFO_BTF.
  public static func vmlinux() throws(KernelError) -> [UInt8] {
    do throws(KernelError) {
      return try readFile("\(directory)/vmlinux")
    } catch {
      throw error.hinting(
        error.errno == .noEntry ? "the kernel was built without CONFIG_DEBUG_INFO_BTF" : nil)
    }
  }

  /// The loaded modules that have types, sorted.
  public static func moduleNames() throws(KernelError) -> [String] {
    guard let stream = unsafe opendir(directory) else {
      throw KernelError("opendir", Errno(rawValue: errno), on: directory)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        if errno != 0 { throw KernelError("readdir", Errno(rawValue: errno), on: directory) }
        return names.sorted()
      }
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { text(in: unsafe Array($0)) }
      if !name.hasPrefix("."), name != "vmlinux" { names.append(name) }
    }
  }

  /// The split BTF of a module, over vmlinux; nil when there is no such module any more.
  public static func module(_ name: String) throws(KernelError) -> [UInt8]? {
    do throws(KernelError) {
      return try readFile("\(directory)/\(name)")
    } catch {
      if error.errno == .noEntry { return nil }
      throw error
    }
  }
}
