extension BTF {
  /// Reads a file of types: raw BTF as `/sys/kernel/btf/vmlinux` has it, or a 64-bit ELF file with a
  /// `.BTF` section, e.g. a kernel's `vmlinux` with its debug information.
  ///
  /// Throws `ObjectError` with `file` set to `name`.
  public init(file bytes: [UInt8], named name: String) throws(ObjectError) {
    do throws(ObjectError) {
      self = try BTF(parsing: try BTF.section(ofFile: bytes))
    } catch {
      var located = error
      located.file = name
      throw located
    }
  }

  private static func section(ofFile bytes: [UInt8]) throws(ObjectError) -> [UInt8] {
    if BTFHeader.bigEndian(bytes) != nil { return bytes }
    guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else {
      throw ObjectError(
        message: "neither BTF nor an ELF file",
        hint: "on the other host: bpftool btf dump file /sys/kernel/btf/vmlinux format raw shows "
          + "what it has; copy that file")
    }
    let elf = try ELFFile(parsing: bytes, for: .types)
    guard let index = elf.sections.indices.first(where: { elf.name(ofSection: $0) == ".BTF" })
    else {
      throw ObjectError(
        message: "there is no section .BTF in it",
        hint: "a kernel's vmlinux has one when it was built with CONFIG_DEBUG_INFO_BTF; "
          + "a compressed vmlinuz has none")
    }
    return elf.contents(ofSection: index)
  }
}
