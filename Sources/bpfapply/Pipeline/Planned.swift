import BPFObject
import Manifest
import Planning
import Reconciling

/// A plan with the two sides that it was made from.
struct Planned {
  var plan: Plan
  var desired: DesiredState
  var observed: ObservedState
  var view: PlanView
}

extension Pipeline {
  /// What would make the kernel as the manifest says.
  func plan(
    _ evaluation: Evaluation, options: PlanOptions, with kernel: K
  ) throws(Failure) -> Planned {
    plan(
      evaluation, options: options,
      observed: try observe(ObservationScope(desired: evaluation.desired), with: kernel))
  }

  /// What would make a host that was seen elsewhere as the manifest says.
  func plan(
    _ evaluation: Evaluation, options: PlanOptions, against path: String
  ) throws(Failure) -> Planned {
    let bytes: [UInt8]
    do { bytes = try host.read(path) } catch { throw Failure(error) }
    let snapshot = try Snapshot.parse(bytes, path: path)
    return plan(
      evaluation, options: options,
      observed: try snapshot.state(for: evaluation.desired, path: path))
  }

  private func plan(
    _ evaluation: Evaluation, options: PlanOptions, observed: ObservedState
  ) -> Planned {
    let desired = evaluation.desired.resolved(for: observed)
    let view = PlanView(evaluation.path, desired, observed, options: options)
    return Planned(plan: view.plan, desired: desired, observed: observed, view: view)
  }

  /// The kernel against what was last applied of that owner.
  func drift(owner: String, with kernel: K) throws(Failure) -> DriftReport {
    let scope = ObservationScope(owner: owner, root: root(of: owner))
    return report(owner, try observe(scope, with: kernel))
  }

  /// The same for a manifest, which may have changes that wait to be applied.
  func drift(_ evaluation: Evaluation, with kernel: K) throws(Failure) -> DriftReport {
    let desired = evaluation.desired
    let observed = try observe(ObservationScope(desired: desired), with: kernel)
    var report = report(desired.owner, observed, manifest: desired)
    report.manifestPath = evaluation.path
    report.sensitive.formUnion(desired.sensitiveMaps)
    let plan = Planning.plan(desired, observed)
    guard !report.neverApplied else {
      report.changes = plan.changes.filter { $0.action != .unchanged }.map(\.absence)
      return report
    }
    let waiting = plan.changes.count { $0.action != .unchanged && $0.cause != .drift }
    if waiting > 0 {
      let verb = waiting == 1 ? "waits" : "wait"
      report.notes.append(
        Note(
          code: "pending",
          message: "\(counted(waiting, "change")) of \(evaluation.path) \(verb) to be applied"))
    }
    return report
  }

  private func report(
    _ owner: String, _ observed: ObservedState, manifest: DesiredState? = nil
  ) -> DriftReport {
    let root = root(of: owner)
    var report = DriftReport(owner: owner)
    report.root = root
    report.limitations = observed.limitations
    report.sensitive = observed.sensitiveMaps
    guard Ownership(owner: owner, root: root, observed: observed).inventory != nil else {
      report.neverApplied = true
      return report
    }
    let plan = Planning.drift(owner: owner, root: root, observed, manifest: manifest)
    report.changes = plan.changes.filter { $0.action != .unchanged }
    report.notes = plan.notes
    report.limitations = plan.limitations
    return report
  }
}

extension PlanView {
  /// Plans what would make the one side as the other.
  init(
    _ path: String, _ desired: DesiredState, _ observed: ObservedState, options: PlanOptions
  ) {
    self.init(
      plan: Planning.plan(desired, observed, options: options), manifestPath: path,
      manifestDigest: desired.manifestDigest,
      sensitive: desired.sensitiveMaps.union(observed.sensitiveMaps))
  }

  /// Plans what would take away all that the owner has.
  init(destroying desired: DesiredState, _ observed: ObservedState, options: PlanOptions) {
    self.init(
      plan: Planning.planDestroy(
        owner: desired.owner, root: desired.root, observed, options: options),
      sensitive: observed.sensitiveMaps)
  }
}

extension DesiredState {
  fileprivate var sensitiveMaps: Set<Address> {
    Set(maps.filter(\.sensitive).map { .map($0.ref) })
  }
}

extension ResourceChange {
  /// Where nothing is known to have been applied: what is not there, or not as the manifest says.
  fileprivate var absence: ResourceChange {
    var change = self
    change.entries = nil
    if change.reason == nil {
      change.reason = action == .create ? "it is not there" : "it is not as in the manifest"
    }
    return change
  }
}

extension ObservedState {
  /// As recorded when they were applied: the manifest may say nothing about them any more.
  var sensitiveMaps: Set<Address> {
    var addresses: Set<Address> = []
    for (address, resource) in inventory?.resources ?? [:] {
      for applied in [resource.current, resource.next]
      where applied?.spec["sensitive"] == .bool(true) {
        addresses.insert(address)
      }
    }
    return addresses
  }
}
