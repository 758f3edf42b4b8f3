/// The hook blocks of probes.
extension Grammar {
  static let kprobe = Block(
    "kprobe", "A place in the kernel's code.",
    exclusive: [.init("target", ["function", "syscall"], required: true)],
    [
      Field("function", .scalar(.string), "A function of the kernel."),
      Field("syscall", .scalar(.name), "A system call, by its name without prefixes."),
      Field("offset", .scalar(.unsigned), default: "0", "Bytes from the function's start."),
      Field("return", .scalar(.boolean), "When it returns; otherwise as the section says."),
    ])

  static let uprobe = Block(
    "uprobe", "A place in the code of a program or library.",
    exclusive: [.init("target", ["function", "offset"], required: true)],
    [
      Field(
        "path", .scalar(.string), required: true,
        "The file: an absolute path, or a name that is searched for, like libc.so.6."),
      Field("function", .scalar(.string), "A function that the file's symbols name."),
      Field("offset", .scalar(.unsigned), "Bytes from the start of the file."),
      Field("return", .scalar(.boolean), "When it returns; otherwise as the section says."),
      Field(
        "pid", .scalar(.integer(1...Int64(Int32.max))),
        "The process, if not all of them."),
    ])
}
