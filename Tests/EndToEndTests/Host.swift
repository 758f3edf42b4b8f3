import BPFKernel
import BPFObject
import Glibc
import Sandbox

/// What there is to guard: the interface `uplink` at 10.9.0.1, whose other end is in the network
/// namespace `peer` with the addresses 10.9.0.2 and 10.9.0.3.
enum Uplink {
  static func make() throws {
    try Sandbox.run(["ip", "netns", "add", "peer"]).succeeded()
    try connect()
  }

  static func connect() throws {
    let commands = [
      "ip link add uplink type veth peer name eth0 netns peer",
      "ip address add 10.9.0.1/24 dev uplink",
      "ip link set uplink up",
      "ip -n peer address add 10.9.0.2/24 dev eth0",
      "ip -n peer address add 10.9.0.3/24 dev eth0",
      "ip -n peer link set eth0 up",
    ]
    for command in commands {
      try Sandbox.run(command.split(separator: " ").map(String.init)).succeeded()
    }
  }

  /// How many of so many pings from an address of the peer are answered.
  /// `options` are ping's.
  static func answers(
    of count: Int, _ options: [String] = [], from source: String = "10.9.0.2"
  ) throws -> Int {
    let result = try Sandbox.run(
      ["ip", "netns", "exec", "peer", "ping", "-q", "-n", "-c", "\(count)", "-i", "0.05"]
        + ["-W", "1", "-I", source] + options + ["10.9.0.1"])
    return try numbers(of: result).received
  }

  /// `N packets transmitted, M received` of ping's summary.
  static func numbers(of ping: CommandResult) throws -> (sent: Int, received: Int) {
    let line = ping.output.split(separator: "\n").first { $0.contains("packets transmitted") }
    let words = (line ?? "").split(separator: " ")
    guard words.count > 3, let sent = Int(words[0]), let received = Int(words[3]) else {
      throw SandboxError("ping: \(ping.errors)\(ping.output)")
    }
    return (sent, received)
  }
}

/// The objects that pins hold, seen without bpfapply's help.
enum Pinned {
  /// Opens a pin, by its whole path.
  static func open(_ path: String) throws -> PinnedObject {
    let filesystem = try BPFFilesystem()
    var names = try filesystem.components(of: path)
    guard let name = names.popLast() else { throw SandboxError("\(path) is no pin") }
    guard let object = try filesystem.directory(names).open(name) else {
      throw SandboxError("nothing is pinned at \(path)")
    }
    return object
  }

  static func map(_ path: String) throws -> Map {
    guard case .map(let map) = try open(path) else { throw SandboxError("\(path) is no map") }
    return map
  }

  static func link(_ path: String) throws -> Link {
    guard case .link(let link) = try open(path) else { throw SandboxError("\(path) is no link") }
    return link
  }

  static func program(_ path: String) throws -> Program {
    guard case .program(let program) = try open(path) else {
      throw SandboxError("\(path) is no program")
    }
    return program
  }

  /// An element of a map of 64-bit counters.
  static func counter(_ path: String, _ slot: UInt32) throws -> Int {
    guard let value = try map(path).lookup(withUnsafeBytes(of: slot) { Array($0) }) else {
      throw SandboxError("\(path) has no element \(slot)")
    }
    return value.enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
  }
}

/// Every pin of the sandbox's bpffs with what is told of it in one line. Inventories are left out:
/// each apply that changes something writes a new one.
struct Snapshot: Equatable {
  var lines: [String: String] = [:]

  static func take() throws -> Snapshot {
    var snapshot = Snapshot()
    for pin in try BPFFilesystem().root.walk().pins where !pin.path.hasSuffix("/inventory") {
      guard let object = pin.object else { continue }
      var line = "\(object.kind) \(object.id) mode \(String(pin.status.mode, radix: 8))"
      line += " owner \(pin.status.userID):\(pin.status.groupID)"
      switch object.kind {
      case .link: line += " program \(try Link(id: object.id).info().programID)"
      case .map:
        let map = try Map(id: object.id)
        // Arrays are counted into by programs.
        if map.info.type == .hash {
          let entries = try map.keys().map { "\($0)=\(try map.lookup($0) ?? [])" }
          line += " entries \(entries.sorted())"
        }
      default: break
      }
      snapshot.lines[pin.path] = line
    }
    return snapshot
  }

  /// The paths at which two snapshots differ.
  func changes(to other: Snapshot) -> Set<String> {
    Set(lines.keys).union(other.lines.keys).filter { lines[$0] != other.lines[$0] }
  }

  /// Throws unless exactly these pins differ.
  func isUnchanged(
    in other: Snapshot, except paths: Set<String> = [], after what: String
  ) throws {
    let changed = changes(to: other)
    guard changed != paths else { return }
    let lines = changed.union(paths).sorted().map {
      "  \($0): \(self.lines[$0] ?? "nothing") -> \(other.lines[$0] ?? "nothing")"
    }
    throw SandboxError(
      "after \(what), \(paths.sorted()) had to change, and this did:\n"
        + lines.joined(separator: "\n"))
  }
}

/// `r0 = value; exit`, loaded by nobody that bpfapply knows.
func foreignProgram(
  _ type: ProgramType, _ attachType: AttachType?, returning value: Int32
) throws -> Program {
  try Program.load(
    ProgramParameters(
      type: type, name: "foreign",
      instructions: [Instruction(opcode: 0xb7, immediate: value), Instruction(opcode: 0x95)],
      license: "GPL", expectedAttachType: attachType))
}
