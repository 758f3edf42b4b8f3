import ArgumentParser
import Manifest
import Reconciling

/// A command: parse, call the pipeline, render, exit status.
protocol HostCommand: ParsableCommand {
  var common: CommonOptions { get }
  /// Errors are printed as JSON too.
  var wantsJSON: Bool { get }

  /// Does the work on that host; results go to its console.
  func execute<K: Kernel>(on host: Host<K>) throws(Failure) -> ExitStatus
}

extension HostCommand {
  func run() throws {
    throw ExitCode(status(on: .live(common)).rawValue)
  }

  /// `execute`, with what goes wrong rendered to standard error.
  func status<K: Kernel>(on host: Host<K>) -> ExitStatus {
    do throws(Failure) {
      let status = try execute(on: host)
      if let number = host.console.outputError {
        throw Failure(
          "output", "standard output cannot be written: \(FileReading.words(number))",
          status: status == .done ? .error : status)
      }
      return status
    } catch {
      host.report(error, json: wantsJSON)
      return error.status
    }
  }
}

extension Host {
  func report(_ failure: Failure, json: Bool) {
    if json {
      console.printError(DiagnosticJSON.json(failure).line + "\n")
    } else {
      console.printError(DiagnosticText(style: console.error, source: source).render(failure))
    }
  }

  func report(warnings: [Diagnostic], json: Bool) {
    guard !warnings.isEmpty else { return }
    if json {
      console.printError(DiagnosticJSON.json(warnings: warnings).line + "\n")
    } else {
      let text = DiagnosticText(style: console.error, source: source)
      for warning in warnings { console.printError(text.render(warning)) }
    }
  }
}
