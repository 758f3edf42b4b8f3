import Planning
import Testing

@testable import bpfapply

@Suite struct DriftRenderingTests {
  static var reports: [DriftReport] {
    var drifted = DriftReport(owner: "edge-firewall", manifestPath: "manifest.yaml")
    drifted.changes = [Samples.replacement, Samples.repair]
    drifted.notes = [Note(code: "pending", message: "the manifest has changes to be applied")]
    var absent = DriftReport(owner: "observer", manifestPath: "observer.yaml")
    absent.neverApplied = true
    return [drifted, DriftReport(owner: "calm"), absent]
  }

  @Test func text() throws {
    try expectGolden(DriftText(Self.reports).render(), "drift.txt")
  }

  @Test func json() throws {
    try expectGolden(DriftJSON(Self.reports).render(), "drift.json")
  }

  @Test func sensitiveContentsAreCountedOnly() {
    var reports = Self.reports
    reports[0].sensitive = [.map("fw/blocklist")]
    for text in [DriftText(reports).render(), DriftJSON(reports).render()] {
      #expect(!text.contains("10.0.0.0/8"))
    }
  }
}
