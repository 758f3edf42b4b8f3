import Planning
import Reconciling

extension Pipeline {
  /// The plan in a file; nil where it is a manifest.
  func savedPlan(at path: String) throws(Failure) -> SavedPlan? {
    let bytes: [UInt8]
    do { bytes = try host.read(path) } catch { throw Failure(error) }
    return try SavedPlan(parsing: bytes, path: path)
  }
}

extension SavedPlan {
  /// The plan has its own variables and guards; sensitive variables are given again.
  func take<K: Kernel>(over pipeline: inout Pipeline<K>, guards: PlanOptions) throws(Failure) {
    let foreign = pipeline.variables.assignments.map(\.name).filter {
      inputs.sensitiveVariables[$0] == nil
    }
    guard foreign.isEmpty, guards == PlanOptions() else {
      throw Failure(
        "usage", "a saved plan has its variables and guards already",
        hints: ["plan again with others"], status: .usage)
    }
    guard pipeline.common.bpffsPath == inputs.bpffs else {
      throw SavedPlan.stale(["it was made with --bpffs \(inputs.bpffs)"])
    }
    pipeline.variables.assignments += inputs.variables.sorted { $0.key < $1.key }.map {
      VariableAssignment(name: $0.key, value: $0.value)
    }
  }

  func check(_ evaluation: Evaluation) throws(Failure) {
    let changed = changedInputs(evaluation)
    if !changed.isEmpty { throw SavedPlan.stale(changed) }
  }

  static func stale(_ differences: [String]) -> Failure {
    let shown = differences.prefix(8).map { visible($0) }
    let rest = differences.count - shown.count
    return Failure(
      "stale-plan",
      "the saved plan no longer holds: " + shown.joined(separator: "; ")
        + (rest > 0 ? "; and \(rest) more" : ""),
      hints: ["plan again, and look at the new plan"], status: .stalePlan)
  }
}
