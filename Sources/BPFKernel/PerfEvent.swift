internal import CBPF
internal import Glibc

/// A perf event, on which a program can be put. It ends with the last descriptor.
public final class PerfEvent: Sendable, CustomStringConvertible {
  public let descriptor: FileDescriptor
  public let description: String

  private init(_ descriptor: consuming FileDescriptor, _ description: String) {
    self.descriptor = descriptor
    self.description = description
  }

  /// Opens the perf event of a tracepoint, by category and name (`sched`, `sched_switch`), on all
  /// processes. The system call is perf_event_open(2); it needs CAP_PERFMON and tracefs.
  public static func tracepoint(
    category: String, name: String
  ) throws(KernelError) -> PerfEvent {
    let id = try Tracefs.tracepointID(category: category, name: name)
    var attributes = cbpf_perf_event_attr()
    attributes.type = UInt32(CBPF_PERF_TYPE_TRACEPOINT)
    attributes.size = UInt32(MemoryLayout<cbpf_perf_event_attr>.size)
    attributes.config = id
    attributes.sample_period = 1
    attributes.wakeup_events = 1
    return try open(&attributes, process: -1, cpu: 0, "tracepoint \(category):\(name)")
  }

  static func open(
    _ attributes: inout cbpf_perf_event_attr, process: Int32, cpu: Int32, _ description: String
  ) throws(KernelError) -> PerfEvent {
    let result = unsafe cbpf_perf_event_open(
      &attributes, process, cpu, -1, UInt(CBPF_PERF_FLAG_FD_CLOEXEC))
    return PerfEvent(
      try FileDescriptor(cbpf_good_descriptor(result), "perf_event_open", on: description),
      description)
  }

  /// Puts a program on the event without a link, as kernels before 5.15 need it; it runs until
  /// the event is closed. The system calls are `PERF_EVENT_IOC_SET_BPF` and
  /// `PERF_EVENT_IOC_ENABLE`.
  public func set(_ program: Program) throws(KernelError) {
    try check(
      cbpf_perf_event_set_bpf(descriptor.rawValue, program.descriptor.rawValue),
      "PERF_EVENT_IOC_SET_BPF", on: description)
    try check(
      cbpf_perf_event_enable(descriptor.rawValue), "PERF_EVENT_IOC_ENABLE", on: description)
  }
}

/// The file system that describes tracepoints.
public enum Tracefs {
  /// Where it is mounted. Throws with what to do if it is nowhere.
  public static func path() throws(KernelError) -> String {
    let mounts = try MountPoint.all(ofType: "tracefs").map(\.path)
    let usual = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]
    if let known = usual.first(where: mounts.contains) ?? mounts.first { return known }
    // Below a mounted debugfs it mounts itself when it is looked at.
    for path in usual {
      if let directory = try? openFile(path + "/events", O_RDONLY | O_DIRECTORY),
        (try? filesystemType(directory.rawValue, on: path))
          == UInt32(CBPF_TRACEFS_MAGIC)
      {
        return path
      }
    }
    throw KernelError(
      "tracefs", refused: "no tracefs is mounted", on: "/sys/kernel/tracing",
      hint: "tracepoints are found through it: mount -t tracefs tracefs /sys/kernel/tracing")
  }

  /// The number that perf_event_open(2) knows a tracepoint by.
  public static func tracepointID(
    category: String, name: String
  ) throws(KernelError) -> UInt64 {
    let context = "tracepoint \(category):\(name)"
    guard isName(category), isName(name) else {
      throw KernelError(
        "tracefs", refused: "a tracepoint is CATEGORY:NAME of letters, digits and _", on: context)
    }
    let path = try path()
    do throws(KernelError) {
      let text = try readText("\(path)/events/\(category)/\(name)/id")
      guard let id = UInt64(text) else {
        throw KernelError("tracefs", refused: "its id is \"\(text)\"", on: context)
      }
      return id
    } catch {
      guard error.errno == .noEntry else { throw error }
      throw KernelError(
        "tracefs", refused: "this kernel has no such tracepoint", on: context,
        hint: "see \(path)/events; some come with a module")
    }
  }

  private static func isName(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
