import ArgumentParser
import Manifest
import Planning
import Reconciling

struct ConfirmCommand: ConfirmationCommand {
  static let configuration = CommandConfiguration(
    commandName: "confirm",
    abstract: "Keeps a change that was applied with --confirm-timeout.",
    discussion: "Too late, it exits 6: the change is taken back.")

  @Argument(help: ArgumentHelp("The manifest, or its name alone.", valueName: "M.yaml|NAME"))
  var subject: Subject

  @OptionGroup var lock: LockOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var variables: VariableOptions
  @OptionGroup var common: CommonOptions

  func answer<K: Kernel>(
    to confirmation: Confirmation<K>, _ console: Console
  ) throws(Failure) -> ExitStatus {
    let owner = confirmation.owner
    switch try ask({ () throws(KernelFailure) in
      try confirmation.confirm(lockTimeoutSeconds: lock.lockTimeout)
    }) {
    case .confirmed:
      say("confirmed", "The change of \(owner) is confirmed and stands.", on: console)
      return .done
    case .nothingPending(reversed: false): throw nothingPending(owner)
    case .nothingPending(reversed: true), .reversed:
      throw Failure(
        "confirmed-too-late",
        "the time to confirm the change of \(owner) is over: it has been taken back",
        hints: ["apply it again, with more time"], status: .rolledBack)
    case .unfinished:
      throw Failure(
        "unfinished", "the apply of \(owner) was interrupted: there is no whole change to keep",
        hints: [
          "bpfapply rollback \(owner) takes it back now; otherwise that happens by itself in time"
        ], status: .blocked)
    }
  }
}

struct RollbackCommand: ConfirmationCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Takes back a change that was applied with --confirm-timeout, without waiting.")

  @Argument(help: ArgumentHelp("The manifest, or its name alone.", valueName: "M.yaml|NAME"))
  var subject: Subject

  @OptionGroup var lock: LockOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var variables: VariableOptions
  @OptionGroup var common: CommonOptions

  func answer<K: Kernel>(
    to confirmation: Confirmation<K>, _ console: Console
  ) throws(Failure) -> ExitStatus {
    let owner = confirmation.owner
    switch try ask({ () throws(KernelFailure) in
      try confirmation.reverse(lockTimeoutSeconds: lock.lockTimeout)
    }) {
    case .reversed, .nothingPending(reversed: true):
      say("rolled-back", "The change of \(owner) is taken back.", on: console)
      return .done
    case .nothingPending(reversed: false), .confirmed, .unfinished: throw nothingPending(owner)
    }
  }
}

/// The process that takes a change back; started by `apply`, not by people.
struct WatchdogCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watchdog", abstract: "Takes a change back when nobody confirms it.",
    shouldDisplay: false)

  @Argument var owner: String
  @Option var deadline: Int64
  @Option var caller: Int32
  @Option var answerOn: Int32
  @OptionGroup var common: CommonOptions

  func run() throws {
    LiveKernel(bpffs: common.bpffsPath).watch(
      WatchdogTask(
        owner: owner, root: "\(common.ownersRoot)/\(owner)", deadline: deadline, caller: caller),
      answeringOn: answerOn)
  }
}

struct LockOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("How long to wait for an apply that is running.", valueName: "seconds"))
  var lockTimeout = 10

  func validate() throws {
    guard (0...86400).contains(lockTimeout) else {
      throw ValidationError("--lock-timeout takes 0 to 86400 seconds.")
    }
  }
}

/// What `confirm` and `rollback` have in common.
protocol ConfirmationCommand: HostCommand {
  var subject: Subject { get }
  var format: OutputOptions { get }
  var variables: VariableOptions { get }

  func answer<K: Kernel>(
    to confirmation: Confirmation<K>, _ console: Console
  ) throws(Failure) -> ExitStatus
}

extension ConfirmationCommand {
  var wantsJSON: Bool { format.output == .json }

  func execute<K: Kernel>(on host: Host<K>) throws(Failure) -> ExitStatus {
    let pipeline = Pipeline(host, common: common, variables: variables, json: wantsJSON)
    let owner = try pipeline.owner(of: subject)
    let confirmation = Confirmation(
      kernel: try pipeline.kernel(), owner: owner, root: pipeline.root(of: owner))
    return try answer(to: confirmation, host.console)
  }

  fileprivate func ask<K: Kernel>(
    _ body: () throws(KernelFailure) -> Confirmation<K>.Answer
  ) throws(Failure) -> Confirmation<K>.Answer {
    do throws(KernelFailure) {
      return try body()
    } catch {
      throw Failure(error, status: error.isLockTimeout ? .lockTimeout : .error)
    }
  }

  fileprivate func say(_ result: String, _ sentence: String, on console: Console) {
    console.print(
      wantsJSON
        ? JSON.members(["type": "result", "result": .text(result)]).line + "\n"
        : sentence + "\n")
  }

  fileprivate func nothingPending(_ owner: String) -> Failure {
    Failure(
      "nothing-to-confirm", "no change of \(owner) waits to be confirmed",
      hints: ["bpfapply show \(owner) lists what is applied"])
  }
}

/// `90`, `90s`, `2m`, `1h30m`: milliseconds.
struct TimeSpan: ExpressibleByArgument, Hashable, Sendable {
  var milliseconds: Int64
  var defaultValueDescription: String { "\(milliseconds / 1000)s" }

  init?(argument: String) {
    var total: Int64 = 0
    var number: Int64?
    for character in argument.utf8 {
      switch character {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        let next = (number ?? 0) * 10 + Int64(character - UInt8(ascii: "0"))
        guard next <= 1_000_000 else { return nil }
        number = next
      case UInt8(ascii: "s"), UInt8(ascii: "m"), UInt8(ascii: "h"):
        guard let count = number else { return nil }
        let unit: Int64 =
          character == UInt8(ascii: "s") ? 1 : character == UInt8(ascii: "m") ? 60 : 3600
        total += count * unit
        number = nil
      default: return nil
      }
    }
    total += number ?? 0
    // A week: who waits longer has something else in mind.
    guard total > 0, total <= 7 * 86400 else { return nil }
    milliseconds = total * 1000
  }
}

extension PendingConfirmation {
  /// In words, at that time.
  func words(for owner: String, at now: Int64) -> Diagnostic {
    isOverdue(at: now)
      ? Diagnostic(
        code: "confirmation-overdue", severity: .warning,
        message: "the last change of \(owner) was not confirmed in time and is not taken back yet",
        hints: ["bpfapply rollback \(owner) takes it back now; the next apply does it first"])
      : Diagnostic(
        code: "awaits-confirmation", severity: .warning,
        message: "the last change of \(owner) is taken back in \((deadline - now + 999) / 1000) s",
        hints: ["bpfapply confirm \(owner) keeps it"])
  }
}
