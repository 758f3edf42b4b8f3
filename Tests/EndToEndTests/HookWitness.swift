import BPFKernel
import BPFObject
import FoundationEssentials
import Glibc
import Sandbox

/// Another tool that lists what is attached; what it says must agree with `bpfapply show`.
enum HookWitness: Sendable {
  /// `bpftool link`
  case links
  /// `ip link`, for XDP
  case ipLink
  /// `bpftool net`: XDP, TCX, netkit, tc filters, flow dissectors, netfilter
  case net
  /// `bpftool cgroup tree`
  case cgroups

  /// The newest bpftool that there is; see Tests/oracle.
  static let bpftool: String = {
    let newer = "\(Sandbox.packageRoot)/.build/oracle/usr/sbin/bpftool"
    return access(newer, X_OK) == 0 ? newer : "bpftool"
  }()

  private func ask(_ scene: borrowing HookScene) throws -> String {
    let command =
      switch self {
      case .links: [Self.bpftool, "-j", "link", "show"]
      case .ipLink: ["ip", "-j", "-d", "link", "show"]
      case .net: [Self.bpftool, "-j", "net", "show"]
      case .cgroups: [Self.bpftool, "-j", "cgroup", "tree", scene.cgroupRoot]
      }
    // bpftool gives up when a link of somebody else vanishes while it lists them.
    var output = ""
    try eventually("an answer of \(command.joined(separator: " "))") {
      let result = try Sandbox.run(command)
      output = result.output
      return result.status == 0
    }
    return output
  }

  /// Throws unless the tool names the program.
  func names(_ program: UInt32, _ scene: borrowing HookScene) throws {
    let text = try ask(scene)
    // Each tool has its own tree, and not always valid JSON; in all of them a program's id stands
    // under one of these keys.
    let squeezed = text.filter { $0 != " " && $0 != "\n" }
    let isThere = ["id", "prog_id"].contains { key in
      [",", "}", "]"].contains { squeezed.contains("\"\(key)\":\(program)\($0)") }
    }
    try check(isThere, "\(self) does not name program \(program):\n\(text)")
  }
}

/// What `bpfapply show --output json` says of one owner.
struct ShownOwner: Decodable {
  struct Object: Decodable {
    var kind: String
    var id: UInt32
    var address: String?
    var details: [String]
    var problem: String?
  }
  struct Owner: Decodable {
    var name: String
    var objects: [Object]
    var missing: [String]
  }
  var owners: [Owner]

  static func ask(_ scene: borrowing HookScene) throws -> Owner {
    let text = try Sandbox.run(
      [Deployment.executable, "show", "--output", "json", scene.deployment.owner]
    ).succeeded().output
    let shown = try JSONDecoder().decode(ShownOwner.self, from: Data(text.utf8))
    guard shown.owners.count == 1, let owner = shown.owners.first,
      owner.name == scene.deployment.owner
    else { throw SandboxError("show says of \(scene.deployment.owner):\n\(text)") }
    return owner
  }
}

/// A link holds a program, or a map of struct_ops that names its programs.
struct HeldByLink: Equatable, CustomStringConvertible {
  var id: UInt32
  var isMap: Bool

  init(_ link: LinkInfo) {
    if case .structOps(let map) = link.target {
      (id, isMap) = (map, true)
    } else {
      (id, isMap) = (link.programID, false)
    }
  }

  var description: String { "\(isMap ? "map" : "program") \(id)" }
}

extension HookScene {
  /// Where the cgroup2 hierarchy is mounted.
  var cgroupRoot: String { String(cgroup.directory.dropLast(cgroup.path.count)) }

  /// The ids of the programs that are pinned for the owner, by address.
  func programs() throws -> [String: UInt32] {
    let directory = "\(deployment.pins)/programs/"
    var ids: [String: UInt32] = [:]
    for pin in try BPFFilesystem().root.walk().pins where pin.path.hasPrefix(directory) {
      if let object = pin.object {
        ids["program.\(pin.path.dropFirst(directory.count))"] = object.id
      }
    }
    return ids
  }

  /// The ids of the links of the owner's attachments, by pin, and what each holds.
  func links() throws -> [String: (id: UInt32, type: LinkType, holds: HeldByLink)] {
    var links: [String: (id: UInt32, type: LinkType, holds: HeldByLink)] = [:]
    for pin in try attachmentPins() {
      let info = try Pinned.link(pin).info()
      links[pin] = (info.id, info.type, HeldByLink(info))
    }
    return links
  }

  /// `show`, the pins, and the other tools tell the same of what is attached.
  func agrees() throws {
    let shown = try ShownOwner.ask(self)
    try check(shown.missing.isEmpty, "show misses \(shown.missing)")
    for object in shown.objects {
      try check(object.problem == nil, "show finds fault with \(object)")
    }
    let programs = try programs()
    try check(!programs.isEmpty, "no program is pinned")
    for (address, id) in programs {
      try check(
        shown.objects.contains { $0.kind == "program" && $0.id == id && $0.address == address },
        "show has no \(address) with id \(id): \(shown.objects)")
      for witness in example.witnesses { try witness.names(id, self) }
    }
    for (pin, link) in try links() {
      try check(
        shown.objects.contains {
          $0.kind == "link" && $0.id == link.id && $0.details.contains("\(link.holds)")
        }, "show has no link \(link.id) with \(link.holds) (\(pin)): \(shown.objects)")
    }
    let attachments = shown.objects.filter { $0.address?.hasPrefix("attachment.") == true }
    try check(!attachments.isEmpty, "show has no attachment: \(shown.objects)")
  }
}
