internal import Glibc

/// A process that has a BPF object open.
public struct ObjectHolder: Hashable, Sendable {
  public var processID: Int32
  /// The name that /proc/PID/comm gives.
  public var command: String

  /// Which processes hold which of these objects, by ascending process id. From /proc/PID/fd and
  /// fdinfo: processes that the caller may not look into, and those that end meanwhile, are left out.
  public static func all(
    of wanted: Set<Pin.Object>
  ) throws(KernelError) -> [Pin.Object: [ObjectHolder]] {
    var holders: [Pin.Object: [ObjectHolder]] = [:]
    let own = getpid()
    for process in try numbers(in: "/proc") where process != own {
      var found: Set<Pin.Object> = []
      for descriptor in (try? numbers(in: "/proc/\(process)/fd")) ?? [] {
        guard let object = object(process, descriptor), wanted.contains(object) else { continue }
        found.insert(object)
      }
      guard !found.isEmpty else { continue }
      let command = (try? readText("/proc/\(process)/comm")) ?? "unknown"
      for object in found {
        holders[object, default: []].append(ObjectHolder(processID: process, command: command))
      }
    }
    return holders
  }

  /// What a descriptor of a process is of; nil for what is no BPF object.
  private static func object(_ process: Int32, _ descriptor: Int32) -> Pin.Object? {
    let path = "/proc/\(process)/fd/\(descriptor)"
    guard let name = try? linkText(path), name.hasPrefix("anon_inode:bpf") else { return nil }
    // A link's lines name its program too: the kind is the descriptor's.
    let kind: ObjectKind
    let field: String
    switch name {
    case "anon_inode:bpf-map": (kind, field) = (.map, "map_id:")
    case "anon_inode:bpf-prog": (kind, field) = (.program, "prog_id:")
    case "anon_inode:bpf_link", "anon_inode:bpf-link": (kind, field) = (.link, "link_id:")
    default: return nil
    }
    guard let info = try? readText("/proc/\(process)/fdinfo/\(descriptor)") else { return nil }
    for line in info.split(separator: "\n") where line.hasPrefix(field) {
      let text = line.dropFirst(field.count).drop { $0 == " " || $0 == "\t" }
      return UInt32(text).map { Pin.Object(kind: kind, id: $0) }
    }
    return nil
  }
}
