import BPFKernel
import BPFObject
import Glibc
import Sandbox

/// What somebody may do to a host behind bpfapply's back.
struct Tampering: Sendable {
  var name: String
  /// What drift has to say: which object, and what happened to it.
  var findings: [String]
  /// How many resources have drifted by it.
  var count: Int
  /// The attachments whose links come back as other links; everything else has to be the same
  /// after the repair as before the deed.
  var newLinks: [String]
  /// Pins that somebody made, and that stay: they are not ours.
  var leaves: [String] = []
  var deed: @Sendable (Scene) throws -> Void

  init(
    _ name: String, _ findings: [String], count: Int = 1, newLinks: [String] = [],
    _ deed: @escaping @Sendable (Scene) throws -> Void
  ) {
    self.name = name
    self.findings = findings
    self.count = count
    self.newLinks = newLinks
    self.deed = deed
  }

  /// Where it happens.
  struct Scene {
    /// The owner's directory.
    var pins: String
    /// The pin of each attachment: xdp, tcx, cgroup, exec.
    var attachments: [String: String]
    /// The cgroup's directory.
    var cgroup: String

    func pin(_ attachment: String) -> String { attachments[attachment] ?? "" }

    /// `$pins`, `$blocked`, `$shared` and `$xdp`, `$tcx`, `$cgroup`, `$exec` stand for the pins,
    /// `$group` for the cgroup's directory.
    func shell(_ text: String) throws {
      var variables = ["pins": pins, "blocked": "\(pins)/maps/w/blocked", "group": cgroup]
      variables["shared"] = Tampering.sharedPin
      for (name, path) in attachments { variables[name] = path }
      let settings = variables.map { "\($0)='\($1)'; " }.sorted().joined()
      try Sandbox.run(["sh", "-ec", settings + text]).succeeded()
    }
  }

  /// The pin that the manifest asks for besides the default ones.
  static let sharedPin = "/sys/fs/bpf/shared/blocked"

  /// A pin of ours is moved to another place.
  private static func moved(
    _ name: String, _ findings: [String], from pin: String, to place: String
  ) -> Tampering {
    var tampering = shell(name, findings, "mv \(pin) \(place)")
    tampering.leaves = [place]
    return tampering
  }

  static let all = links + programs + entries + pins + places

  private static func shell(
    _ name: String, _ findings: [String], count: Int = 1, newLinks: [String] = [], _ text: String
  ) -> Tampering {
    Tampering(name, findings, count: count, newLinks: newLinks) { try $0.shell(text) }
  }

  // MARK: Links

  private static let links: [Tampering] =
    onLink("xdp", "xdp/uplink") + onLink("tcx", "tcx/uplink") + onLink("cgroup", "cgroup/")
    + onLinks

  private static func onLink(_ name: String, _ address: String) -> [Tampering] {
    let address = "attachment.\(address)"
    return [
      shell(
        "\(name) detached", [address, "its link is detached"], newLinks: [name],
        "bpftool link detach pinned $\(name)"),
      shell(
        "\(name) unpinned, which ends its link", [address, "its link is gone"], newLinks: [name],
        "rm $\(name)"),
      shell(
        "\(name) detached and unpinned", [address, "its link is gone"], newLinks: [name],
        "bpftool link detach pinned $\(name); rm $\(name)"),
      moved(
        "pin of \(name) moved", [address, "its pin is gone"], from: "$\(name)",
        to: "/sys/fs/bpf/elsewhere"),
      shell(
        "mode of the pin of \(name)", [address, "pin.mode", "found 0660"],
        "chmod 0660 $\(name)"),
    ]
  }

  private static let onLinks: [Tampering] = [
    shell(
      "tracepoint unpinned", ["attachment.exec", "its link is gone"], newLinks: ["exec"], "rm $exec"
    ),
    shell(
      "owner of a link's pin", ["attachment.exec", "pin.owner", "65534"], "chown 65534 $exec"),
    shell(
      "two links detached", ["attachment.xdp/uplink", "attachment.tcx/uplink"], count: 2,
      newLinks: ["xdp", "tcx"],
      "bpftool link detach pinned $xdp; bpftool link detach pinned $tcx"),
    shell(
      "pins of two links exchanged",
      ["attachment.xdp/uplink", "attachment.tcx/uplink", "its pin is another link"], count: 2,
      "mv $xdp /sys/fs/bpf/kept; mv $tcx $xdp; mv /sys/fs/bpf/kept $tcx"),
    shell(
      "all links unpinned", ["attachment.xdp/uplink", "attachment.exec", "its link is gone"],
      count: 4, newLinks: ["xdp", "tcx", "cgroup", "exec"], "rm -r $pins/attachments"),
  ]

  // MARK: Programs

  private static let programs: [Tampering] = [
    Tampering("XDP program swapped", ["attachment.xdp/uplink", "program", "foreign"]) {
      try Pinned.link($0.pin("xdp")).update(to: foreignProgram(.xdp, .xdp, returning: 2))
    },
    Tampering("TCX program swapped", ["attachment.tcx/uplink", "program", "foreign"]) {
      try Pinned.link($0.pin("tcx")).update(
        to: foreignProgram(.schedCls, .tcxIngress, returning: -1))
    },
    Tampering("cgroup program swapped", ["attachment.cgroup/", "program", "foreign"]) {
      try Pinned.link($0.pin("cgroup")).update(
        to: foreignProgram(.cgroupSkb, .cgroupInetEgress, returning: 1))
    },
    shell(
      "program unpinned", ["program.w/receive", "its pin is gone"], "rm $pins/programs/w/receive"),
    moved(
      "program's pin moved", ["program.w/leave", "its pin is gone"],
      from: "$pins/programs/w/leave", to: "/sys/fs/bpf/leave"),
    shell(
      "programs' pins exchanged",
      ["program.w/receive", "program.w/classify", "its pin is another program"], count: 2,
      "cd $pins/programs/w; mv receive kept; mv classify receive; mv kept classify"),
    shell(
      "owner of a program's pin", ["program.w/classify", "pin.owner", "65534"],
      "chown 65534 $pins/programs/w/classify"),
    shell(
      "mode of a program's pin", ["program.w/execute", "pin.mode", "found 0777"],
      "chmod 0777 $pins/programs/w/execute"),
  ]

  // MARK: Entries

  private static let entries: [Tampering] = onEntries.map {
    shell($0.name, ["map.w/blocked", "entries"], $0.text)
  }

  private static let onEntries: [(name: String, text: String)] = [
    ("entry changed", "bpftool map update pinned $blocked key 10 9 0 3 value 7 0 0 0"),
    ("entry added", "bpftool map update pinned $blocked key 10 9 0 77 value 7 0 0 0"),
    ("entry deleted", "bpftool map delete pinned $blocked key 192 0 2 1"),
    (
      "all entries deleted",
      "bpftool map delete pinned $blocked key 192 0 2 1; bpftool map delete pinned $blocked key 10 9 0 3"
    ),
    (
      "ten entries added",
      "for i in 1 2 3 4 5 6 7 8 9 10; do bpftool map update pinned $blocked key 10 9 1 $i value 1 0 0 0; done"
    ),
    (
      "entry renamed",
      "bpftool map delete pinned $blocked key 10 9 0 3; bpftool map update pinned $blocked key 10 9 0 4 value 1 0 0 0"
    ),
  ]

  // MARK: Pins of maps

  private static let pins: [Tampering] = [
    shell("map unpinned", ["map.w/counts", "its pin is gone"], "rm $pins/maps/w/counts"),
    moved(
      "map's pin moved", ["map.w/counts", "its pin is gone"], from: "$pins/maps/w/counts",
      to: "/sys/fs/bpf/counts"),
    shell(
      "map's pin replaced", ["map.w/blocked", "its pin is another map"],
      "bpftool map create /sys/fs/bpf/other type hash key 4 value 4 entries 64 name blocked; "
        + "mv /sys/fs/bpf/other $blocked"),
    shell(
      "maps' pins exchanged", ["map.w/blocked", "map.w/counts", "its pin is another map"], count: 2,
      "cd $pins/maps/w; mv blocked kept; mv counts blocked; mv kept counts"),
    shell(
      "mode of a map's pin", ["map.w/counts", "pin.mode", "applied 0600, found 0666"],
      "chmod 0666 $pins/maps/w/counts"),
    shell(
      "map's pin closed to all", ["map.w/counts", "pin.mode", "applied 0600"],
      "chmod 0 $pins/maps/w/counts"),
    shell(
      "group of a map's pin", ["map.w/counts", "pin.group", "7"], "chgrp 7 $pins/maps/w/counts"),
    shell("extra pin removed", ["pin.shared", "gone"], "rm $shared"),
    moved(
      "extra pin moved", ["pin.shared", "gone"], from: "$shared", to: "/sys/fs/bpf/shared-blocked"),
    shell(
      "mode of an extra pin", ["pin.shared", "pin.mode", "applied 0640, found 0604"],
      "chmod 0604 $shared"),
    shell("owner of an extra pin", ["pin.shared", "pin.owner", "65534"], "chown 65534 $shared"),
    shell("group of an extra pin", ["pin.shared", "pin.group", "7"], "chgrp 7 $shared"),
  ]

  // MARK: Places

  private static let places: [Tampering] = [
    Tampering(
      "interface made anew",
      ["attachment.xdp/uplink", "attachment.tcx/uplink", "its link is detached"], count: 2,
      newLinks: ["xdp", "tcx"]
    ) {
      try $0.shell("ip link delete uplink")
      try Uplink.connect()
    },
    shell(
      "cgroup made anew", ["attachment.cgroup/", "its link is detached"], newLinks: ["cgroup"],
      "rmdir $group; mkdir $group"),
  ]
}
