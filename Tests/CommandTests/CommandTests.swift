import ArgumentParser
import FakeKernel
import FoundationEssentials
import Planning
import Testing

@testable import bpfapply

@Suite struct CommandTests {
  @Test func validateNeedsNoKernel() throws {
    let host = FakeHost()
    #expect(try host.run("validate", "edge.yaml") == .done)
    #expect(host.output == "edge.yaml is valid: 1 map, 0 programs, 0 attachments, 1 pin.\n")
    #expect(try host.run("validate", "edge.yaml", "--output", "json") == .done)
    #expect(host.output.contains(#""map.flows""#))
    #expect(host.kernel.calls.isEmpty)
  }

  @Test func mistakesGoToStandardError() throws {
    let host = FakeHost(manifest: FakeHost.manifest + "\nmapz: {}\n")
    #expect(try host.run("validate", "edge.yaml") == .error)
    #expect(host.output.isEmpty)
    #expect(host.errors.contains("error[unknown-key]"))
    #expect(host.errors.contains("mapz: {}\n"))
    #expect(try host.run("validate", "edge.yaml", "--output", "json") == .error)
    let failure = try snakeCaseDecoder.decode(DecodedFailure.self, from: Data(host.errors.utf8))
    #expect(failure.exitStatus == 1)
    #expect(failure.diagnostics.map(\.code) == ["unknown-key"])
    #expect(try host.run("plan", "nowhere.yaml") == .error)
    #expect(host.errors.contains("error[not-found]: there is no file nowhere.yaml"))
  }

  @Test func planTellsWithItsExitStatusWhenAsked() throws {
    let host = FakeHost()
    #expect(try host.run("plan", "edge.yaml") == .done)
    #expect(host.output.contains("# map.flows will be created"))
    #expect(try host.run("plan", "edge.yaml", "--detailed-exitcode") == .changes)
    #expect(try host.run("plan", "edge.yaml", "--output", "markdown") == .done)
    #expect(host.output.hasPrefix("### bpfapply plan: `edge`"))
    #expect(host.mutatingCalls.isEmpty)
    try host.run("apply", "edge.yaml", "--auto-approve")
    #expect(try host.run("plan", "edge.yaml", "--detailed-exitcode") == .done)
    #expect(host.output.hasPrefix("No changes. The kernel matches edge.yaml.\n"))
    host.files["edge.yaml"] = FakeHost.manifest.replacing("packets: 20", with: "packets: 21")
    try host.run("plan", "edge.yaml")
    #expect(host.output.contains("~ 2 = {packets: 20} -> {packets: 21}\n"))
  }

  @Test func verifyStagesAndLetsGo() throws {
    let host = FakeHost()
    #expect(try host.run("plan", "edge.yaml", "--verify") == .done)
    #expect(host.output.contains("Verified: "))
    #expect(host.kernel.population.isEmpty)
  }

  @Test func secondApplyDoesNothing() throws {
    let host = FakeHost()
    #expect(try host.run("apply", "edge.yaml", "--auto-approve", "--detailed-exitcode") == .changes)
    #expect(host.output.contains("Done: 2 created.\n"))
    #expect(host.errors.isEmpty)
    host.kernel.forgetCalls()
    #expect(try host.run("apply", "edge.yaml", "--auto-approve", "--detailed-exitcode") == .done)
    #expect(host.output.contains("No changes."))
    #expect(host.mutatingCalls.isEmpty)
  }

  @Test func withoutApprovalNothingIsTouched() throws {
    let host = FakeHost()
    #expect(try host.run("apply", "edge.yaml") == .usage)
    #expect(host.errors.contains("error[approval-needed]"))
    #expect(try host.run("destroy", "edge") == .usage)
    #expect(host.kernel.calls.isEmpty)
  }

  @Test func personAtTheTerminalIsAsked() throws {
    let host = FakeHost()
    host.answer = "y"
    #expect(try host.run("apply", "edge.yaml") == .declined)
    #expect(host.errors.contains("Only 'yes' goes on"))
    #expect(host.kernel.population.isEmpty)
    host.answer = "yes"
    #expect(try host.run("apply", "edge.yaml") == .done)
    #expect(!host.kernel.population.isEmpty)
  }

  @Test func onlyTheApprovedPlanIsApplied() throws {
    let host = FakeHost()
    #expect(try host.run("apply", "edge.yaml", "--expect-fingerprint", "plan:00") == .stalePlan)
    #expect(host.kernel.population.isEmpty)
    #expect(try host.run("apply", "edge.yaml", "--expect-fingerprint", "manifest:00") == .stalePlan)
    try host.run("plan", "edge.yaml", "--output", "json")
    let plan = try snakeCaseDecoder.decode(DecodedPlan.self, from: Data(host.output.utf8))
    #expect(
      try host.run("apply", "edge.yaml", "--expect-fingerprint", plan.fingerprint) == .done)
    try host.run("plan", "edge.yaml", "--output", "json")
    let digest = "manifest:" + plan.manifest.sha256
    #expect(try host.run("apply", "edge.yaml", "--expect-fingerprint", digest) == .done)
  }

  @Test func driftIsNamedAndRepaired() throws {
    let host = FakeHost()
    #expect(try host.run("drift", "edge.yaml") == .changes)
    #expect(host.output.contains("not applied since this host was started"))
    #expect(try host.run("drift", "--all") == .error)
    try host.run("apply", "edge.yaml", "--auto-approve")
    for subject in ["edge.yaml", "edge", "--all"] {
      #expect(try host.run("drift", subject) == .done)
      #expect(host.output.contains("edge: no drift.\n"))
    }
    let map = try #require(host.kernel.pinnedID("/sys/fs/bpf/shared/flows"))
    host.kernel.setEntry(
      map: map, key: [1, 0, 0, 0], value: [UInt8](repeating: 0, count: 8))
    host.kernel.setMode(0o777, of: "/sys/fs/bpf/shared/flows")
    #expect(try host.run("drift", "edge.yaml") == .changes)
    #expect(host.output.contains("map.flows"))
    #expect(host.output.contains("key 1 changed, was {packets: 10}, is {packets: 0}\n"))
    #expect(host.output.contains("the mode of its pin is 0777, not 0600"))
    #expect(host.output.contains("pin.mode : applied 0600, found 0777"))
    #expect(try host.run("drift", "edge.yaml", "--output", "json") == .changes)
    #expect(host.output.contains(#""before": "{packets: 10}""#))
    #expect(host.output.contains(#""after": "{packets: 0}""#))
    #expect(try host.run("drift", "edge") == .changes)
    #expect(host.output.contains("to see which, run drift with the manifest, edge.yaml,"))
    #expect(try host.run("drift", "edge", "--output", "json") == .changes)
    #expect(host.output.contains(#""drift": true"#))
    #expect(try host.run("apply", "edge.yaml", "--auto-approve") == .done)
    #expect(try host.run("drift", "--all") == .done)
  }

  @Test func aRemovedDirectoryIsNotSilence() throws {
    let host = FakeHost()
    try host.run("apply", "edge.yaml", "--auto-approve")
    host.kernel.removeTree("/sys/fs/bpf/bpfapply/edge")
    host.kernel.unpinPath("/sys/fs/bpf/shared/flows")
    #expect(try host.run("drift", "edge.yaml") == .changes)
    #expect(host.output.contains("or /sys/fs/bpf/bpfapply/edge was removed.\n"))
    #expect(host.output.contains("map.flows: it is not there\n"))
    #expect(host.output.contains("pin.shared: it is not there\n"))
  }

  @Test func plansOfNewMapsListTheirEntries() throws {
    let host = FakeHost()
    try host.run("plan", "edge.yaml")
    #expect(host.output.contains("      entries: 2 to add\n        + 1 = {packets: 10}\n"))
    #expect(!host.output.contains("pin.path = /sys/fs/bpf/bpfapply"))
    #expect(!host.output.contains("entries.digest"))
    #expect(host.output.contains("pin.path = /sys/fs/bpf/shared/flows"))
    try host.run("plan", "edge.yaml", "--output", "json")
    #expect(host.output.contains(#""pin.path": "/sys/fs/bpf/bpfapply/edge/maps/flows""#))
    #expect(host.output.contains("entries.digest"))
  }

  @Test func changesOfTheManifestAreNoDrift() throws {
    let host = FakeHost()
    try host.run("apply", "edge.yaml", "--auto-approve")
    host.files["edge.yaml"] = FakeHost.manifest.replacing("packets: 20", with: "packets: 21")
    #expect(try host.run("drift", "edge.yaml") == .done)
    #expect(host.output.contains("1 change of edge.yaml waits to be applied"))
  }

  @Test func heldLockIsATimeout() throws {
    let host = FakeHost()
    let lock = try host.kernel.lock(
      owner: "edge", root: "/sys/fs/bpf/bpfapply/edge", timeoutSeconds: 0)
    #expect(
      try host.run("apply", "edge.yaml", "--auto-approve", "--lock-timeout", "0") == .lockTimeout)
    #expect(host.errors.contains("another apply of edge is running"))
    withExtendedLifetime(lock) {}
  }

  @Test(arguments: ["rollback", "stop"])
  func failureAtEveryCallIsReportedAndRepaired(mode: String) throws {
    let twin = FakeHost()
    try twin.run("apply", "edge.yaml", "--auto-approve")
    let calls = twin.kernel.calls
    for index in calls.indices where calls[index].isMutating {
      let call = Comment("\(calls[index].name) \(calls[index].subject)")
      let host = FakeHost()
      host.kernel.inject(.fail(at: index + 1, errno: 28))
      let status = try host.run("apply", "edge.yaml", "--auto-approve", "--on-error", mode)
      let story = host.output + host.errors
      host.kernel.restart()
      switch status {
      case .rolledBack:
        #expect(host.output.contains("  failed         "), call)
        #expect(host.errors.contains("error[kernel-error]"), call)
        #expect(host.kernel.population.isEmpty, call)
      case .partlyApplied:
        #expect(host.errors.contains("error["), call)
      default: Issue.record("\(call): \(status)")
      }
      let repair = try host.run("apply", "edge.yaml", "--auto-approve")
      #expect(repair == .done, "\(call): \(status)\n\(story)\n\(host.output)\(host.errors)")
      #expect(try host.run("plan", "edge.yaml", "--detailed-exitcode") == .done, call)
    }
  }

  @Test func failureWhileStagingLeavesNothingInEitherMode() throws {
    let twin = FakeHost()
    try twin.run("apply", "edge.yaml", "--auto-approve")
    let first = try #require(twin.kernel.calls.firstIndex { $0.name == "createMap" })
    for mode in ["rollback", "stop"] {
      let host = FakeHost()
      host.kernel.inject(.fail(at: first + 1, errno: 1))
      #expect(
        try host.run("apply", "edge.yaml", "--auto-approve", "--on-error", mode) == .rolledBack)
      #expect(host.kernel.population.isEmpty)
    }
  }

  @Test func protectionBlocksADestroy() throws {
    let host = FakeHost(
      manifest: FakeHost.manifest.replacing(
        "    max_entries: 16", with: "    max_entries: 16\n    protect: true"))
    try host.run("apply", "edge.yaml", "--auto-approve")
    #expect(try host.run("destroy", "edge", "--auto-approve") == .blocked)
    #expect(host.output.contains("BLOCKED"))
    #expect(host.errors.contains("map.flows"))
    #expect(
      try host.run("destroy", "edge", "--auto-approve", "--unprotect", "map.flows") == .done)
    #expect(host.kernel.population.isEmpty)
  }

  @Test(arguments: ["edge", "edge.yaml"])
  func destroyLeavesNothing(subject: String) throws {
    let host = FakeHost()
    try host.run("apply", "edge.yaml", "--auto-approve")
    #expect(try host.run("destroy", subject, "--auto-approve") == .done)
    #expect(host.output.contains("Done: 2 deleted.\n"))
    #expect(host.kernel.population.isEmpty)
    #expect(try host.run("destroy", subject, "--auto-approve") == .done)
    #expect(host.output.contains("No changes. Nothing of edge is in the kernel.\n"))
  }

  @Test func emptyManifestNeedsConsent() throws {
    let host = FakeHost()
    try host.run("apply", "edge.yaml", "--auto-approve")
    host.files["edge.yaml"] = "apiVersion: bpfapply/v1\nname: edge\n"
    #expect(try host.run("plan", "edge.yaml") == .blocked)
    #expect(try host.run("apply", "edge.yaml", "--auto-approve") == .blocked)
    #expect(try host.run("apply", "edge.yaml", "--auto-approve", "--allow-empty") == .done)
  }

  @Test func showGroupsByOwner() throws {
    let host = FakeHost()
    try host.run("apply", "edge.yaml", "--auto-approve")
    for arguments in [["show"], ["show", "edge"], ["show", "edge.yaml"]] {
      host.kernel.forgetCalls()
      let command = try #require(try BPFApply.parseAsRoot(arguments) as? any HostCommand)
      #expect(command.status(on: host.host) == .done)
      #expect(host.mutatingCalls.isEmpty)
    }
    try host.run("show")
    #expect(host.output.hasPrefix("edge (edge.yaml, applied "))
    #expect(host.output.contains("map.flows"))
    #expect(host.output.contains("pinned at /sys/fs/bpf/shared/flows"))
    #expect(!host.output.contains("foreign"))
    #expect(try host.run("show", "other") == .error)
    #expect(try host.run("show", "no name") == .usage)
  }

  @Test func applyStreamsOneEventOnALine() throws {
    let host = FakeHost()
    #expect(try host.run("apply", "edge.yaml", "--auto-approve", "--output", "json") == .done)
    let events = try host.output.split(separator: "\n").map {
      try snakeCaseDecoder.decode(DecodedEvent.self, from: Data($0.utf8))
    }
    #expect(events.first?.type == "plan")
    #expect(events.dropFirst().first?.type == "started")
    #expect(events.contains { $0.type == "verifying" })
    #expect(events.last?.type == "outcome")
    #expect(events.last?.result == "successful")
  }

  @Test func variablesComeFromTheCommandLineAndTheEnvironment() throws {
    let host = FakeHost(
      manifest: "variables: {size: {default: 16}}\n"
        + FakeHost.manifest.replacing("max_entries: 16", with: "max_entries: ${size}"))
    host.environment = ["BPFAPPLY_VAR_size": "32", "BPFAPPLY_VAR_other": "1"]
    try host.run("plan", "edge.yaml")
    #expect(host.output.contains("max_entries     = 32") || host.output.contains("= 32\n"))
    try host.run("plan", "edge.yaml", "--var", "size=64")
    #expect(host.output.contains("= 64\n"))
    #expect(try host.run("plan", "edge.yaml", "--var", "siez=64") == .error)
  }

  @Test func closedPipeStopsNothingAndAFullDiskIsTold() throws {
    let host = FakeHost()
    host.outputError = 32  // EPIPE
    #expect(try host.run("apply", "edge.yaml", "--auto-approve") == .done)
    host.outputError = 28  // ENOSPC
    #expect(try host.run("show") == .error)
    #expect(host.errors.contains("error[output]"))
  }
}

private struct DecodedFailure: Decodable {
  struct Diagnostic: Decodable { var code: String }
  var exitStatus: Int
  var diagnostics: [Diagnostic]
}

private struct DecodedPlan: Decodable {
  struct Manifest: Decodable { var sha256: String }
  var fingerprint: String
  var manifest: Manifest
}

private struct DecodedEvent: Decodable {
  var type: String
  var result: String?
}
