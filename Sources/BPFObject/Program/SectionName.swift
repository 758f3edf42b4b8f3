/// What the name of a program's ELF section says: `SEC("tracepoint/sched/sched_switch")`.
///
/// ```swift
/// let section = SectionName("fentry.s/do_unlinkat")
/// section.type        // .tracing
/// section.attachType  // .traceFentry
/// section.flags       // SectionName.sleepable
/// section.target      // "do_unlinkat"
/// ```
public struct SectionName: Hashable, Sendable {
  /// As in the object, without the `?`.
  public var text: String
  /// `.unspecified` when the name is not known.
  public var type: ProgramType
  /// What PROG_LOAD is given; nil where the type alone decides.
  public var attachType: AttachType?
  /// `BPF_F_*` of PROG_LOAD.
  public var flags: UInt32
  /// The part behind the kind, where the kind has one: `sched/sched_switch`.
  public var target: String?
  /// What the target is the name of; nil for kinds that take none.
  public var targetKind: Target?
  /// False for names that start with `?`: loaded only when asked for.
  public var autoload: Bool

  /// `BPF_F_SLEEPABLE`.
  public static let sleepable: UInt32 = 1 << 4
  /// `BPF_F_XDP_HAS_FRAGS`.
  public static let xdpHasFrags: UInt32 = 1 << 5

  /// What the rest of a section's name is the name of.
  public enum Target: Hashable, Sendable {
    /// A kernel function, with `+offset` for kprobes.
    case kernelFunction
    /// A pattern of kernel functions, `*` and `?` as in a shell.
    case kernelFunctions
    /// A system call, by its name without prefixes.
    case syscall
    /// `category/name`.
    case tracepoint
    /// The name of a raw tracepoint, without category.
    case rawTracepoint
    /// `path:function[+offset]`.
    case userFunction
    /// `path:pattern`.
    case userFunctions
    /// `path:provider:name`.
    case usdt
    case lsmHook
    /// `task`, `bpf_map_elem` …
    case iterator
    /// A function of another BPF program.
    case programFunction
    /// Free text; the member that uses the program decides.
    case structOpsMember
  }

  public init(_ section: String) {
    autoload = !section.hasPrefix("?")
    text = autoload ? section : String(section.dropFirst())
    let name = text
    guard let found = SectionName.definitions.first(where: { $0.matches(name) }) else {
      type = .unspecified
      attachType = nil
      flags = 0
      target = nil
      targetKind = nil
      return
    }
    type = found.type
    attachType = found.attachType
    flags = found.flags
    targetKind = found.target
    let rest = name.utf8.dropFirst(found.name.utf8.count + 1)
    target = found.target != nil && !rest.isEmpty ? String(rest) : nil
  }

  struct Definition: Sendable {
    /// Without the `+` that names of kinds with a target are usually written with.
    var name: String
    var type: ProgramType
    var attachType: AttachType?
    var flags: UInt32
    /// nil = the whole name must match.
    var target: Target?

    func matches(_ section: String) -> Bool {
      guard section.utf8.starts(with: name.utf8) else { return false }
      let rest = section.utf8.dropFirst(name.utf8.count)
      return rest.isEmpty || target != nil && rest.first == UInt8(ascii: "/")
    }
  }

  /// Every section name that is known, sorted; those with a target end in `+`.
  public static var known: [String] {
    definitions.map { $0.target == nil ? $0.name : $0.name + "+" }.sorted()
  }
}
