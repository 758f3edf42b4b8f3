/// What the process says to the one that started it.
enum ExitStatus: Int32, Sendable {
  case done = 0
  case error = 1
  /// There are changes, or drift.
  case changes = 2
  /// The plan is no longer what was approved.
  case stalePlan = 3
  /// A guard or a conflict stands against it.
  case blocked = 4
  case lockTimeout = 5
  case rolledBack = 6
  /// Some of it is in effect, or what is in effect is not what was planned.
  case partlyApplied = 7
  case declined = 8
  case usage = 64
}
