import BPFObject
import Manifest
import Planning
import Reconciling

/// Why a command ends without having done its work: the one place where the modules' errors become
/// diagnostics and an exit status.
struct Failure: Error, Sendable {
  /// In the order in which they are shown; at least one.
  var diagnostics: [Diagnostic]
  var status: ExitStatus
  /// What the verifier said about a rejected program.
  var verifierLog: String?
  /// Source lines that are in no file at hand, by the place that a diagnostic names.
  var quotes: [Quote] = []

  struct Quote: Hashable, Sendable {
    var file: String
    var line: Int
    var text: String
  }

  init(_ diagnostics: [Diagnostic], status: ExitStatus = .error) {
    self.diagnostics = diagnostics
    self.status = status
  }

  init(_ code: String, _ message: String, hints: [String] = [], status: ExitStatus = .error) {
    self.init([Diagnostic(code: code, message: message, hints: hints)], status: status)
  }

  init(_ error: ManifestError) { self.init(error.diagnostics) }

  init(_ error: FileError) { self.init([error.diagnostic]) }

  init(_ error: ObjectError) {
    var place = ""
    if let section = error.section {
      place += section.contains(" ") ? section : "section \(section)"
    }
    if let offset = error.offset {
      place += (place.isEmpty ? "" : ", ") + "offset 0x" + String(offset, radix: 16)
    }
    let parts = [error.file, place.isEmpty ? nil : place, error.message].compactMap { $0 }
    self.init(
      "bad-object", parts.joined(separator: ": "), hints: error.hint.map { [$0] } ?? [])
  }

  init(_ error: KernelFailure, status: ExitStatus = .error) {
    let subject = error.subject.isEmpty ? "" : "\(error.subject): "
    guard error.verifierLog != nil || error.sourceLine != nil else {
      var message = subject + error.message
      if let number = error.errorNumber {
        let words = FileReading.words(number)
        if !message.contains(words) { message += ": \(words)" }
      }
      if !message.contains(error.operation) { message += " (\(error.operation))" }
      self.init(
        error.errorNumber == nil ? "refused" : "kernel-error", message, hints: error.hints,
        status: status)
      return
    }
    var diagnostic = Diagnostic(
      code: "verifier-rejected",
      message: "\(subject)the kernel's verifier rejected the program", hints: error.hints)
    var quotes: [Quote] = []
    if let line = error.sourceLine {
      diagnostic.location = .init(
        file: line.file, line: line.line, column: max(line.column, 1),
        length: max(line.text.count - max(line.column, 1) + 1, 1))
      quotes.append(Quote(file: line.file, line: line.line, text: line.text))
    }
    self.init([diagnostic], status: status)
    self.quotes = quotes
    verifierLog = error.verifierLog
  }
}
