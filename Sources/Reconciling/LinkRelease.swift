import BPFObject
import Planning

/// Links that know no detaching, on hooks that hold one: extensions.
extension Execution {
  /// The object that a hook is on, as the plan leaves it.
  func object(of target: HookTarget) throws(KernelFailure) -> K.Object {
    switch target {
    case .map(let ref): try object(for: .map(ref))
    case .program(let ref): try object(for: .program(ref))
    case .pinnedProgram(let path): try pinnedProgram(path)
    }
  }

  /// What somebody else has pinned there.
  func pinnedProgram(_ path: String) throws(KernelFailure) -> K.Object {
    guard let pin = observed.pins.first(where: { $0.path == path }), pin.kind == .program else {
      throw KernelFailure(
        operation: "BPF_OBJ_GET", subject: path, message: "no program is pinned there")
    }
    return try open(.program, pin.id)
  }

  /// Makes room for a new link: the pins of the old one go, and nothing holds it any more. Undoing
  /// attaches its program again where it was, by a new link that takes over those pins.
  func releaseLink(_ address: Address, _ id: UInt32) throws(KernelFailure) {
    let old = LiveObject(kind: .link, id: id)
    guard let seen = seen(link: id), let former = formerAttachment(link: id) else {
      throw KernelFailure(
        operation: "unlink", subject: "link \(id)",
        message: "where it was attached is not recorded")
    }
    let program = try open(seen.subjectKind, seen.subjectID)
    let target: K.Object?
    if let extended = seen.extendedProgramID {
      target = try open(.program, extended)
    } else {
      target = try former.hook.target.map { target throws(KernelFailure) in
        try object(of: target)
      }
    }
    let pinned = pins.filter { $0.value.live == old }
    opened[old] = nil
    for path in pinned.keys.sorted() {
      try kernel.removePin(path)
      pins[path] = nil
    }
    journal.record(currentStep, "link \(id)") { [self] () throws(KernelFailure) in
      let again =
        if let target {
          try kernel.createLink(program, to: former, on: target)
        } else {
          try kernel.createLink(program, to: former)
        }
      for (path, pin) in pinned {
        pins[path] = pin
        pins[path]?.object = nil
      }
      try takeOver(again, from: id, address)
    }
    guard try kernel.waitUntilGone([(.link, id)], seconds: 2).isEmpty else {
      throw KernelFailure(
        operation: "unlink", subject: "\(address)",
        message: "link \(id) stays attached, since something else holds it",
        hints: ["a process or a pin elsewhere: bpftool link show id \(id) --bpffs"])
    }
  }
}

extension Hook {
  var isOfExtension: Bool { if case .extension = self { true } else { false } }
}
