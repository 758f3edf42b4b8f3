internal import BPFObject
public import Planning

/// Runs programs' tests on copies of them that nobody else can see, and lets these go again.
public struct TestRunner<K: Kernel> {
  private let kernel: K
  private let desired: DesiredState

  public init(kernel: K, desired: DesiredState) {
    self.kernel = kernel
    self.desired = desired
  }

  public func run(_ test: DesiredTest, of program: DesiredProgram) -> TestReport {
    func report(_ result: TestReport.Result, _ nanoseconds: UInt32? = nil) -> TestReport {
      TestReport(program: program.ref, test: test, result: result, nanoseconds: nanoseconds)
    }
    let trial = desired.trial(of: program.ref, test)
    // Without anything that is alive: what a trial does not make itself, it cannot find.
    var observed = ObservedState(
      host: HostFacts(
        bootID: "", kernelRelease: "", possibleCPUs: 1, tagAlgorithm: nil, bpffsDevice: 0))
    var context = test.context
    do throws(KernelFailure) {
      for name in trial.interfaces(of: test) {
        guard let index = try kernel.index(of: InterfaceName(name: name)) else {
          return report(.notRunnable("there is no interface \(name)"))
        }
        observed.interfaces.append(ObservedInterface(name: InterfaceName(name: name), index: index))
        for named in test.interfaces where named.name == name && named.offset + 4 <= context.count {
          context.replaceSubrange(named.offset..<named.offset + 4, with: HostOrder.bytes(index))
        }
      }
    } catch {
      return report(.broken(error.sentence))
    }
    let execution = Execution(
      kernel: kernel, options: ApplyOptions(), plan: Plan(owner: desired.owner),
      desired: trial.state, observed: observed, isTrial: true)
    defer { execution.letGo() }
    do throws(KernelFailure) {
      for step in trial.steps { try execution.perform(step) }
      let object = try execution.object(for: .program(program.ref))
      let run = TestRun(
        type: program.image.type, packet: test.packet, metadata: test.metadata, context: context,
        repeats: test.repeats)
      switch try kernel.run(object, run) {
      case .impossible(let reason): return report(.notRunnable(reason))
      case .ran(let output):
        var contents: [String: EntryTable] = [:]
        for ref in Set(test.expected.entries.map(\.map)) {
          contents[ref] = try kernel.read(execution.object(for: .map(ref)))
        }
        let mismatches = test.mismatches(
          of: program, output, contents: contents,
          maps: Dictionary(trial.state.maps.map { ($0.ref, $0) }) { first, _ in first })
        return report(mismatches.isEmpty ? .passed : .failed(mismatches), output.nanoseconds)
      }
    } catch {
      return report(.broken(error.sentence))
    }
  }
}

extension Trial {
  /// Those that contexts and entries name, each once.
  fileprivate func interfaces(of test: DesiredTest) -> [String] {
    var names = Set(test.interfaces.map(\.name))
    for case .interface(let name, _) in state.maps.compactMap(\.entries)
      .flatMap({ $0.references.values.joined() })
    {
      names.insert(name)
    }
    return names.sorted()
  }
}

extension KernelFailure {
  /// `BPF_PROG_LOAD of program.fw/filter: permission denied`.
  fileprivate var sentence: String {
    "\(operation)\(subject.isEmpty ? "" : " of \(subject)"): \(message)"
  }
}

extension Execution {
  /// Runs all tests of a program; throws if one of them failed.
  func testProgram(_ ref: String) throws(KernelFailure) {
    guard let program = programs[ref] else { throw missing(.program(ref)) }
    let runner = TestRunner(kernel: kernel, desired: desired)
    let reports = program.tests.map { runner.run($0, of: program) }
    tests += reports
    let failed = reports.filter(\.isFailure)
    guard !failed.isEmpty else { return }
    let names = failed.prefix(3).map { "'\($0.name)'" }.joined(separator: ", ")
    let more = failed.count > 3 ? " and \(failed.count - 3) more" : ""
    throw KernelFailure(
      operation: "BPF_PROG_TEST_RUN", subject: "program.\(ref)",
      message: "\(failed.count) of \(reports.count) tests failed: \(names)\(more)")
  }
}
