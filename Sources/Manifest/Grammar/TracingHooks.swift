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

  static let perfEvent = Block(
    "perf_event", "Samples of a performance counter.",
    exclusive: [.init("way of sampling", ["period", "freq"], required: true)],
    [
      Field(
        "type",
        .scalar(
          .choice([
            .init("software", "The kernel's own counters and clocks."),
            .init("hardware", "The processor's, as the kernel names them."),
            .init("cache", "The processor's caches."),
            .init("raw", "The processor's, as its manual numbers them."),
          ])), required: true, "Who counts."),
      Field(
        "config", .scalar(.string), required: true,
        "What is counted: a name of perf(1), such as cpu-clock, or a number."),
      Field(
        "period", .scalar(.integer(1...Int64.max)),
        "The program runs after every so many events; of a clock, nanoseconds."),
      Field(
        "freq", .scalar(.integer(1...1_000_000)), "The program runs so many times in a second."),
      Field(
        "cpu", .oneOrMore(.scalar(.cpu)), default: "all",
        "One attachment for each CPU; all, or numbers. With a pid, all is one that follows it."),
      Field(
        "pid", .scalar(.integer(1...Int64(Int32.max))),
        "The process, if not all of them: its main thread."),
    ])

  private static let pid = Field(
    "pid", .scalar(.integer(1...Int64(Int32.max))), "The process, if not all of them.")

  private static let file = Field(
    "path", .scalar(.string), required: true,
    "The file: an absolute path, or a name that is searched for, like libc.so.6.")

  private static let times = [
    Field(
      "return", .scalar(.boolean), "When the functions return; otherwise as the section says."),
    Field(
      "session", .scalar(.boolean),
      "At the beginning and the end of each function; otherwise as the section says."),
    Field(
      "cookies", .oneOrMore(.scalar(.unsigned)),
      "What bpf_get_attach_cookie returns at each, in the same order."),
  ]

  static let kprobeMulti = Block(
    "kprobe_multi", "Many kernel functions, by one link.",
    [
      Field(
        "functions", .oneOrMore(.scalar(.string)), required: true,
        "Their names, with * and ? for any bytes.")
    ] + times)

  static let uprobeMulti = Block(
    "uprobe_multi", "Many functions of a program or library, by one link.",
    exclusive: [.init("target", ["functions", "offsets"], required: true)],
    [
      file,
      Field(
        "functions", .oneOrMore(.scalar(.string)),
        "Functions that the file's symbols name, with * and ? for any bytes."),
      Field("offsets", .oneOrMore(.scalar(.unsigned)), "Bytes from the start of the file."),
    ] + times + [pid])

  static let usdt = Block(
    "usdt", "A static probe of a program or library, wherever it stands in the code.",
    [
      file, Field("provider", .scalar(.string), required: true, "Who made the probe: libstdcxx."),
      Field("name", .scalar(.string), required: true, "The probe's name: throw."), pid,
    ])
}
