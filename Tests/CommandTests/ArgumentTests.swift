import ArgumentParser
import Planning
import Testing

@testable import bpfapply

@Suite struct ArgumentTests {
  @Test(arguments: [
    ["nonsense"], ["plan"], ["plan", "a.yaml", "b.yaml"], ["apply", "a.yaml", "--nonsense"],
    ["apply", "a.yaml", "--max-deletes", "-1"], ["apply", "a.yaml", "--unprotect", "nonsense"],
    ["apply", "a.yaml", "--on-error", "explode"], ["apply", "a.yaml", "--lock-timeout", "-5"],
    ["apply", "a.yaml", "--expect-fingerprint", "5d41"],
    ["apply", "a.yaml", "--expect-fingerprint", "plan:xyz"],
    ["plan", "a.yaml", "--output", "yaml"],
    ["show", "--output", "markdown"], ["plan", "a.yaml", "--var", "novalue"],
    ["plan", "a.yaml", "--var", "=1"], ["show", "--bpffs", "relative/path"], ["drift"],
    ["drift", "--all", "a.yaml"],
  ])
  func mistakesAreUsageErrors(arguments: [String]) {
    do {
      _ = try BPFApply.parseAsRoot(arguments)
      Issue.record("accepted: \(arguments)")
    } catch {
      #expect(BPFApply.exitCode(for: error).rawValue == bpfapply.ExitStatus.usage.rawValue)
    }
  }

  @Test(arguments: [["--version"], ["--help"], ["apply", "--help"], ["help", "plan"]])
  func helpIsNoError(arguments: [String]) {
    do {
      var command = try BPFApply.parseAsRoot(arguments)
      try command.run()
      Issue.record("ran: \(arguments)")
    } catch {
      #expect(BPFApply.exitCode(for: error) == .success)
    }
  }

  @Test func applyTakesAllItsOptions() throws {
    let command = try #require(
      try BPFApply.parseAsRoot([
        "apply", "m.yaml", "--auto-approve", "--detailed-exitcode", "--on-error", "stop",
        "--lock-timeout", "30", "--allow-empty", "--max-deletes", "3", "--unprotect", "map.fw/a",
        "--unprotect", "pin.x", "--strand-users", "--expect-fingerprint", "plan:5D41", "--output",
        "json", "--var", "a=1=2", "--var", "b=", "--bpffs", "/mnt/bpf/", "--no-color",
      ]) as? ApplyCommand)
    #expect(command.approval.autoApprove)
    #expect(command.approval.expectFingerprint == .plan("plan:5d41"))
    #expect(command.commit.onError == .stop)
    #expect(command.commit.lockTimeout == 30)
    #expect(
      command.guards.planOptions
        == PlanOptions(
          allowEmpty: true, maxDeletes: 3, unprotect: [.map("fw/a"), .pin("x")], strandUsers: true))
    #expect(command.variables.assignments.map(\.name) == ["a", "b"])
    #expect(command.variables.assignments.map(\.value) == ["1=2", ""])
    #expect(command.common.bpffsPath == "/mnt/bpf")
    #expect(command.common.noColor)
    #expect(command.wantsJSON)
  }

  @Test func subjectsAreNamesOrFiles() {
    #expect(Subject(argument: "edge") == .owner("edge"))
    #expect(Subject(argument: "edge.yaml") == .manifest("edge.yaml"))
    #expect(Subject(argument: "./edge") == .manifest("./edge"))
    #expect(Subject(argument: "") == nil)
  }

  @Test func jsonIsSeenInTheArguments() {
    #expect(BPFApply.asksForJSON(["plan", "--output", "json"]))
    #expect(BPFApply.asksForJSON(["plan", "--output=json"]))
    #expect(!BPFApply.asksForJSON(["plan", "--output", "text", "json"]))
  }
}
