import Planning
import Reconciling

/// What the kernel asks for and this process has not: said beforehand, all of it and for what.
extension Pipeline {
  /// Before anything is looked at. What a change needs besides is named in the same breath.
  func checkPrivileges(
    toLookAt desired: DesiredState, changing: Bool, with kernel: K
  ) throws(Failure) {
    let held = try held(by: kernel)
    var privileges = Privileges(looking: desired)
    guard !privileges.missing(of: held).isEmpty else { return }
    if changing { privileges.formUnion(Privileges(applying: desired)) }
    if let failure = Self.failure(privileges.missing(of: held)) { throw failure }
  }

  /// Before the first step; nil = nothing is missing.
  func missingPrivileges(
    for plan: Plan, of desired: DesiredState, with kernel: K
  ) throws(Failure) -> Failure? {
    let privileges = Privileges(performing: plan.steps, of: desired)
    return Self.failure(privileges.missing(of: try held(by: kernel)))
  }

  private func held(by kernel: K) throws(Failure) -> Set<String> {
    do { return try kernel.capabilities() } catch { throw Failure(error) }
  }

  private static func failure(
    _ missing: [(capability: String, purposes: [String])]
  ) -> Failure? {
    guard !missing.isEmpty else { return nil }
    let parts = missing.map { capability, purposes in
      let listed = purposes.prefix(4).joined(separator: ", ")
      let rest = purposes.count - min(purposes.count, 4)
      return "\(capability) to \(listed)" + (rest > 0 ? " and \(rest) more" : "")
    }
    let names = missing.map(\.capability).joined(separator: " ")
    return Failure(
      "missing-capabilities", "missing: \(parts.joined(separator: "; "))",
      hints: [
        "run as root, or grant them: systemd AmbientCapabilities=\(names)",
        "in a user namespace they count by a BPF token only: mount a bpffs with delegate_cmds, "
          + "delegate_maps, delegate_progs and delegate_attachs (Linux 6.9)",
      ])
  }
}
