/// The types of the running kernel, as BTF.
public enum KernelBTF {
  /// The bytes of `/sys/kernel/btf/vmlinux`: several megabytes. ENOENT when the kernel was built
  /// without CONFIG_DEBUG_INFO_BTF.
  public static func vmlinux() throws(KernelError) -> [UInt8] {
    let path = "/sys/kernel/btf/vmlinux"
    do throws(KernelError) {
      return try readFile(path)
    } catch {
      throw error.hinting(
        error.errno == .noEntry ? "the kernel was built without CONFIG_DEBUG_INFO_BTF" : nil)
    }
  }
}
