import BPFKernel
import BPFObject
import Glibc
import Sandbox

/// What somebody may do to a host behind bpfapply's back.
enum Tampering: String, CaseIterable, Codable, Sendable {
  case xdpDetached, tcxDetached, cgroupDetached
  case tracepointUnpinned, programUnpinned, mapUnpinned, extraPinRemoved
  case xdpProgramSwapped, tcxProgramSwapped, cgroupProgramSwapped
  case entryChanged, entryAdded, entryDeleted
  case mapPinReplaced, pinModeChanged, pinOwnerChanged, extraPinModeChanged
  case interfaceMadeAnew

  /// Does it. `pins` is the owner's directory, `attachments` the pin of each attachment.
  func commit(_ pins: String, _ attachments: [String: String]) throws {
    func bpftool(_ words: String) throws {
      try Sandbox.run(["bpftool"] + words.split(separator: " ").map(String.init)).succeeded()
    }
    func shell(_ text: String) throws { try Sandbox.run(["sh", "-ec", text]).succeeded() }
    let blocked = "\(pins)/maps/w/blocked"
    let pin = attachment.flatMap { attachments[$0] } ?? ""
    switch self {
    case .xdpDetached, .tcxDetached, .cgroupDetached: try bpftool("link detach pinned \(pin)")
    case .tracepointUnpinned: try shell("rm \(pin)")
    case .programUnpinned: try shell("rm \(pins)/programs/w/receive")
    case .mapUnpinned: try shell("rm \(pins)/maps/w/counts")
    case .extraPinRemoved: try shell("rm /sys/fs/bpf/shared/blocked")
    case .xdpProgramSwapped:
      try Pinned.link(pin).update(to: foreignProgram(.xdp, .xdp, returning: 2))
    case .tcxProgramSwapped:
      try Pinned.link(pin).update(to: foreignProgram(.schedCls, .tcxIngress, returning: -1))
    case .cgroupProgramSwapped:
      try Pinned.link(pin).update(to: foreignProgram(.cgroupSkb, .cgroupInetEgress, returning: 1))
    case .entryChanged:
      try bpftool("map update pinned \(blocked) key 10 9 0 3 value 7 0 0 0")
    case .entryAdded: try bpftool("map update pinned \(blocked) key 10 9 0 77 value 7 0 0 0")
    case .entryDeleted: try bpftool("map delete pinned \(blocked) key 192 0 2 1")
    case .mapPinReplaced:
      try bpftool("map create /sys/fs/bpf/other type hash key 4 value 4 entries 64 name blocked")
      try shell("mv /sys/fs/bpf/other \(blocked)")
    case .pinModeChanged: try shell("chmod 0666 \(pins)/maps/w/counts")
    case .pinOwnerChanged: try shell("chown 65534 \(pins)/programs/w/classify")
    case .extraPinModeChanged: try shell("chmod 0604 /sys/fs/bpf/shared/blocked")
    case .interfaceMadeAnew:
      try shell("ip link delete uplink")
      try Uplink.connect()
    }
  }

  /// The attachment that it is done to.
  private var attachment: String? {
    switch self {
    case .xdpDetached, .xdpProgramSwapped: "xdp"
    case .tcxDetached, .tcxProgramSwapped: "tcx"
    case .cgroupDetached, .cgroupProgramSwapped: "cgroup"
    case .tracepointUnpinned: "exec"
    default: nil
    }
  }

  /// What drift has to say: which object, and what happened to it.
  var findings: [String] {
    switch self {
    case .xdpDetached: ["attachment.xdp/uplink", "its link is detached"]
    case .tcxDetached: ["attachment.tcx/uplink", "its link is detached"]
    case .cgroupDetached: ["attachment.cgroup/", "its link is detached"]
    case .tracepointUnpinned: ["attachment.exec", "its link is gone"]
    case .programUnpinned: ["program.w/receive", "its pin is gone"]
    case .mapUnpinned: ["map.w/counts", "its pin is gone"]
    case .extraPinRemoved: ["pin.shared", "gone"]
    case .xdpProgramSwapped: ["attachment.xdp/uplink", "program", "foreign"]
    case .tcxProgramSwapped: ["attachment.tcx/uplink", "program", "foreign"]
    case .cgroupProgramSwapped: ["attachment.cgroup/", "program", "foreign"]
    case .entryChanged, .entryAdded, .entryDeleted: ["map.w/blocked", "entries"]
    case .mapPinReplaced: ["map.w/blocked", "its pin is another map"]
    case .pinModeChanged: ["map.w/counts", "pin.mode", "applied 0600, found 0666"]
    case .pinOwnerChanged: ["program.w/classify", "pin.owner", "65534"]
    case .extraPinModeChanged: ["pin.shared", "pin.mode", "applied 0640, found 0604"]
    case .interfaceMadeAnew:
      ["attachment.xdp/uplink", "attachment.tcx/uplink", "its link is detached"]
    }
  }

  /// How many resources have drifted by it.
  var count: Int { self == .interfaceMadeAnew ? 2 : 1 }

  /// The attachments whose links come back as other links; everything else has to be the same
  /// after the repair as before the deed.
  var newLinks: [String] {
    switch self {
    case .xdpDetached: ["xdp"]
    case .tcxDetached: ["tcx"]
    case .cgroupDetached: ["cgroup"]
    case .tracepointUnpinned: ["exec"]
    case .interfaceMadeAnew: ["xdp", "tcx"]
    default: []
    }
  }
}
