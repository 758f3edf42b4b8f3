import FoundationEssentials
import Planning

/// What was seen on a host, in a file: a manifest can be planned against it elsewhere, without
/// privileges.
struct Snapshot: Codable {
  static let formatVersion = "1.0"

  var formatVersion = Snapshot.formatVersion
  var bpfapplyVersion = BPFApply.version
  /// Seconds since 1970.
  var time: Int64
  /// Where the bpffs is mounted.
  var bpffs: String
  /// By owner: what concerns it.
  var owners: [String: ObservedState]

  enum CodingKeys: String, CodingKey {
    case time, bpffs, owners
    case formatVersion = "format_version"
    case bpfapplyVersion = "bpfapply_version"
  }

  /// Sorted keys, so that equal hosts give equal files.
  func render() throws(Failure) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else {
      throw Failure("bad-snapshot", "the snapshot cannot be written as JSON")
    }
    return String(decoding: data, as: UTF8.self) + "\n"
  }

  static func parse(_ bytes: [UInt8], path: String) throws(Failure) -> Snapshot {
    struct Header: Decodable {
      var formatVersion: String
      enum CodingKeys: String, CodingKey { case formatVersion = "format_version" }
    }
    let data = Data(bytes)
    let hint = "take it with: bpfapply snapshot M.yaml --out \(visible(path))"
    guard let header = try? JSONDecoder().decode(Header.self, from: data) else {
      throw Failure("bad-snapshot", "\(visible(path)) is no snapshot", hints: [hint])
    }
    guard header.formatVersion == formatVersion,
      let snapshot = try? JSONDecoder().decode(Snapshot.self, from: data)
    else {
      throw Failure(
        "bad-snapshot",
        "\(visible(path)) is no snapshot of the format \(formatVersion), which this build reads",
        hints: [hint])
    }
    return snapshot
  }

  /// What was seen for a manifest; what it asks for and was not looked at makes it incomplete.
  func state(for desired: DesiredState, path: String) throws(Failure) -> ObservedState {
    let prefix = bpffs + "/"
    guard desired.root.hasPrefix(prefix) else {
      throw Failure(
        "bad-snapshot", "\(visible(path)) was taken with --bpffs \(visible(bpffs))",
        hints: ["plan with the same"])
    }
    guard var state = owners[desired.owner] else {
      let known = owners.keys.sorted().joined(separator: ", ")
      throw Failure(
        "unknown-owner", "\(visible(path)) tells nothing of '\(desired.owner)'",
        hints: [
          "take it with the manifest", known.isEmpty ? "it is empty" : "it tells of \(known)",
        ]
      )
    }
    let seen = Set(state.hooks.map(\.hook))
    for selection in desired.selections
    where !state.listedNamespaces.contains(selection.namespace) {
      state.limitations.append(
        "the snapshot does not tell of the interfaces of \(selection.template.address)")
    }
    if state.host.onlineCPUs == nil {
      for attachment in desired.everyCPU {
        state.limitations.append(
          "the snapshot does not tell of the CPUs of \(attachment.address)")
      }
    }
    for attachment in desired.resolved(for: state).attachments
    where !seen.contains(attachment.hook.place) {
      state.limitations.append("the snapshot does not tell of the hook of \(attachment.address)")
    }
    return state
  }
}

extension ObservedState {
  /// Without the contents of these maps, and without what tells of them.
  func without(contentsOf sensitive: Set<Address>, root: String, owner: String) -> ObservedState {
    guard !sensitive.isEmpty else { return self }
    var state = self
    let ownership = Ownership(owner: owner, root: root, observed: self)
    for case .map(let ref) in sensitive {
      guard let id = ownership.liveMap(ref)?.id else { continue }
      for index in state.maps.indices where state.maps[index].id == id {
        state.maps[index].contents = nil
      }
    }
    for address in sensitive {
      state.inventory?.resources[address]?.current?.spec["entries.digest"] = nil
      state.inventory?.resources[address]?.next?.spec["entries.digest"] = nil
      state.inventory?.resources[address]?.current?.mergedKeys = nil
      state.inventory?.resources[address]?.next?.mergedKeys = nil
    }
    return state
  }
}
