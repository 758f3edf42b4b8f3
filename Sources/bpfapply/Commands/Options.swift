import ArgumentParser
import Planning

/// How results are printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable { case text, json }

/// How a plan is printed.
enum PlanFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
  case text, json, markdown
}

/// What every command takes.
struct CommonOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The BPF filesystem to work on.", valueName: "directory"))
  var bpffs = "/sys/fs/bpf"

  @Flag(help: "As root, read manifests, objects and data files although others can write to them.")
  var insecureFiles = false

  @Flag(
    name: .customLong("no-color"),
    help: "No colour, on a terminal either (as with NO_COLOR in the environment).")
  var noColor = false

  func validate() throws {
    guard bpffs.hasPrefix("/") else {
      throw ValidationError("--bpffs takes an absolute path, not '\(bpffs)'.")
    }
  }

  /// The mount point without a slash at its end.
  var bpffsPath: String {
    var path = bpffs[...]
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return String(path)
  }

  /// The directory that holds the owners' directories.
  var ownersRoot: String { bpffsPath + "/bpfapply" }
}

struct OutputOptions: ParsableArguments {
  @Option(help: "How results and errors are printed.")
  var output = OutputFormat.text
}

/// `--var name=value`.
struct VariableOptions: ParsableArguments {
  @Option(
    name: .customLong("var"), parsing: .singleValue,
    help: ArgumentHelp(
      "The value of a variable of the manifest; repeatable. Goes before BPFAPPLY_VAR_name of the "
        + "environment.", valueName: "name=value"))
  var assignments: [VariableAssignment] = []
}

struct VariableAssignment: ExpressibleByArgument, Sendable, Hashable {
  var name: String
  var value: String

  init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  init?(argument: String) {
    guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else {
      return nil
    }
    name = String(argument[..<equals])
    value = String(argument[argument.index(after: equals)...])
  }
}

/// What `drift`, `destroy` and `show` are about: a manifest, or an owner by its name alone, since
/// the manifest may be gone.
enum Subject: ExpressibleByArgument, Hashable, Sendable {
  case manifest(String)
  case owner(String)

  init?(argument: String) {
    guard !argument.isEmpty else { return nil }
    // No name has a dot or a slash; a manifest without either is given as ./manifest.
    self =
      argument.contains(where: { $0 == "." || $0 == "/" })
      ? .manifest(argument) : .owner(argument)
  }
}

/// When a change may be made without asking, and what it may cost.
struct ApprovalOptions: ParsableArguments {
  @Flag(help: "Do not ask.")
  var autoApprove = false

  @Option(
    help: ArgumentHelp(
      "Go on without asking if this is the plan's or the manifest's fingerprint; otherwise exit 3.",
      valueName: "plan:…|manifest:…"))
  var expectFingerprint: Fingerprint?
}

/// What was approved: `plan:HEX` or `manifest:HEX` (the SHA-256 of the manifest).
enum Fingerprint: ExpressibleByArgument, Hashable, Sendable {
  case plan(String)
  case manifest(String)

  init?(argument: String) {
    guard let colon = argument.firstIndex(of: ":") else { return nil }
    let digest = argument[argument.index(after: colon)...]
    guard !digest.isEmpty, digest.utf8.allSatisfy({ ScalarHex.isDigit($0) }) else { return nil }
    switch argument[..<colon] {
    case "plan": self = .plan(argument.lowercased())
    case "manifest": self = .manifest(digest.lowercased())
    default: return nil
    }
  }
}

enum ScalarHex {
  static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}

/// How an apply or a destroy is carried out.
struct CommitOptions: ParsableArguments {
  enum OnError: String, ExpressibleByArgument, CaseIterable, Sendable { case rollback, stop }

  @Option(help: "When a step fails: undo what was done, or leave it.")
  var onError = OnError.rollback

  @Option(
    help: ArgumentHelp(
      "How long to wait for another apply of the same owner, in seconds.", valueName: "seconds"))
  var lockTimeout = 10

  func validate() throws {
    guard (0...86400).contains(lockTimeout) else {
      throw ValidationError("--lock-timeout takes 0 to 86400 seconds.")
    }
  }
}

/// What an apply may cost.
struct GuardOptions: ParsableArguments {
  @Flag(help: "The plan may keep nothing of what is applied.")
  var allowEmpty = false

  @Option(help: ArgumentHelp("Block a plan with more deletions.", valueName: "number"))
  var maxDeletes: Int?

  @OptionGroup var shared: DestroyGuardOptions

  func validate() throws {
    if let maxDeletes, maxDeletes < 0 {
      throw ValidationError("--max-deletes takes a number from 0.")
    }
  }

  var planOptions: PlanOptions {
    var options = shared.planOptions
    options.allowEmpty = allowEmpty
    options.maxDeletes = maxDeletes
    return options
  }
}

/// What a destroy may cost.
struct DestroyGuardOptions: ParsableArguments {
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Protection of this address does not count; repeatable.", valueName: "address"),
    transform: address)
  var unprotect: [Address] = []

  @Flag(help: "Replace and delete maps although programs of others use them.")
  var strandUsers = false

  var planOptions: PlanOptions {
    PlanOptions(allowEmpty: true, unprotect: Set(unprotect), strandUsers: strandUsers)
  }
}

private func address(_ text: String) throws -> Address {
  guard let address = Address(text) else {
    throw ValidationError(
      "'\(text)' is no address: map.REF, program.REF, attachment.NAME[/INSTANCE] or pin.NAME.")
  }
  return address
}

extension ApprovalOptions {
  /// Nobody has to be asked.
  var isGiven: Bool { autoApprove || expectFingerprint != nil }

  /// Somebody must have agreed, or be there to be asked.
  func check(canAsk: Bool) throws(Failure) {
    guard !isGiven, !canAsk else { return }
    throw Failure(
      "approval-needed", "nobody can be asked here: standard input is no terminal",
      hints: [
        "--auto-approve goes on without asking",
        "--expect-fingerprint plan:… goes on if the plan is the one that was approved",
      ], status: .usage)
  }
}
