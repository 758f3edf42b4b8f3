import ArgumentParser
import Planning
import Reconciling

struct TestCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Runs the tests of a manifest's programs.",
    discussion: """
      Each test gets a second load of its program with maps of its own, and lets them go again; \
      nothing that is alive is touched, and nothing is attached. Exits 1 when a test fails. A test that \
      this kernel cannot run is listed as such and does not fail.
      """)

  @Argument(help: ArgumentHelp("The manifest.", valueName: "M.yaml"))
  var manifest: String

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Only tests whose program or name is this or fits it (* any text, ? one character); repeatable.",
      valueName: "pattern"))
  var filter: [String] = []

  @OptionGroup var format: OutputOptions
  @OptionGroup var variables: VariableOptions
  @OptionGroup var common: CommonOptions

  var wantsJSON: Bool { format.output == .json }

  func execute<K: Kernel>(on host: Host<K>) throws(Failure) -> ExitStatus {
    let pipeline = Pipeline(host, common: common, variables: variables, json: wantsJSON)
    let desired = try pipeline.evaluate(manifest).desired
    let chosen = desired.programs.flatMap { program in
      program.tests.filter { isChosen($0, of: program.ref) }.map { (program, $0) }
    }
    guard !chosen.isEmpty else { throw nothingToRun(desired) }

    let kernel = try pipeline.kernel()
    var plan = Plan(owner: desired.owner)
    plan.steps = Set(chosen.map(\.0.ref)).sorted().map { .testProgram(ref: $0) }
    if let missing = try pipeline.missingPrivileges(for: plan, of: desired, with: kernel) {
      throw missing
    }
    let runner = TestRunner(kernel: kernel, desired: desired)
    let reports = chosen.map { runner.run($0.1, of: $0.0) }
    if wantsJSON {
      host.console.print(TestJSON.document(reports))
    } else {
      host.console.print(TestText(style: host.console.output).render(reports))
    }
    return reports.contains(where: \.isFailure) ? .error : .done
  }

  private func isChosen(_ test: DesiredTest, of program: String) -> Bool {
    filter.isEmpty
      || filter.contains { pattern in
        [program, "program.\(program)", test.name].contains {
          Pattern.matches($0, pattern: pattern)
        }
      }
  }

  private func nothingToRun(_ desired: DesiredState) -> Failure {
    let all = desired.programs.flatMap(\.tests)
    guard !all.isEmpty else {
      return Failure(
        "no-tests", "no program of \(visible(manifest)) has tests",
        hints: ["they stand under programs: {OBJECT/NAME: {tests: [...]}}"])
    }
    return Failure(
      "no-tests", "none of the \(counted(all.count, "test")) fits the filter",
      hints: ["the first is '\(visible(all[0].name))'; '*' stands for any text"])
  }
}
