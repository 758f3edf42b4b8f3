import ArgumentParser
import Manifest
import Reconciling

/// A command: parse, call the pipeline, render, exit status.
protocol HostCommand: ParsableCommand {
  var common: CommonOptions { get }
  /// Errors are printed as JSON too.
  var wantsJSON: Bool { get }
  /// What it reads decides nothing about the kernel.
  var trustsFiles: Bool { get }

  /// Does the work on that host; results go to its console.
  func execute<K: Kernel>(on host: Host<K>) throws(Failure) -> ExitStatus
}

extension HostCommand {
  var trustsFiles: Bool { false }

  func run() throws {
    let host = Host.live(common, trusting: trustsFiles)
    do throws(KernelFailure) {
      try LiveKernel.dropPrivileges()
    } catch {
      host.report(Failure(error), json: wantsJSON)
      throw ExitCode(ExitStatus.error.rawValue)
    }
    throw ExitCode(status(on: host).rawValue)
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
