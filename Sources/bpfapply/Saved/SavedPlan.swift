import FoundationEssentials
import Manifest
import Planning

/// A plan that was written to a file: an approval, not a payload. `apply` reads everything anew, plans
/// again, and goes on if the new plan is this one.
struct SavedPlan: Decodable {
  struct File: Hashable, Codable {
    var path: String
    var sha256: String
  }

  /// What the plan was made from.
  struct Inputs: Hashable, Codable {
    var manifest: File
    /// By the object's name.
    var objects: [String: File]
    /// Files of entries: path → SHA-256.
    var dataFiles: [String: String]
    /// All that have a value, but sensitive ones.
    var variables: [String: String]
    /// SHA-256 over the salt and the value.
    var sensitiveVariables: [String: String]
    /// Random, in hex, for this plan alone.
    var salt: String
    var options: PlanOptions
    var bpffs: String
    var bootID: String

    enum CodingKeys: String, CodingKey {
      case manifest, objects, variables, salt, options, bpffs
      case dataFiles = "data_files"
      case sensitiveVariables = "sensitive_variables"
      case bootID = "boot_id"
    }
  }

  struct Resource: Decodable {
    var address: String
    var change: JSONValue
  }

  var formatVersion: String
  var owner: String
  var fingerprint: String
  var resources: [Resource]
  var inputs: Inputs

  enum CodingKeys: String, CodingKey {
    case owner, fingerprint, inputs
    case formatVersion = "format_version"
    case resources = "resource_changes"
  }

  /// nil: this is no plan but, perhaps, a manifest.
  init?(parsing bytes: [UInt8], path: String) throws(Failure) {
    struct Header: Decodable {
      var formatVersion: String
      var bpfapplyVersion: String

      enum CodingKeys: String, CodingKey {
        case formatVersion = "format_version"
        case bpfapplyVersion = "bpfapply_version"
      }
    }
    guard bytes.first == UInt8(ascii: "{") else { return nil }
    let data = Data(bytes)
    guard let header = try? JSONDecoder().decode(Header.self, from: data) else { return nil }
    guard header.formatVersion == PlanJSON.formatVersion else {
      throw Failure(
        "bad-plan",
        "\(visible(path)) has the format \(visible(header.formatVersion)), and this build reads "
          + PlanJSON.formatVersion, hints: ["plan again with this build"])
    }
    guard let plan = try? JSONDecoder().decode(SavedPlan.self, from: data) else {
      throw Failure(
        "bad-plan", "\(visible(path)) is no plan that can be applied",
        hints: ["plan --out FILE writes one; --output json is for reading only"])
    }
    self = plan
  }
}

// MARK: Writing

extension SavedPlan.Inputs {
  init(_ evaluation: Evaluation, options: PlanOptions, bpffs: String, bootID: String) {
    let desired = evaluation.desired
    var generator = SystemRandomNumberGenerator()
    salt = (0..<32).map { _ in
      String(UInt8.random(in: 0...15, using: &generator), radix: 16)
    }.joined()
    manifest = .init(path: evaluation.path, sha256: desired.manifestDigest)
    objects = desired.objects.mapValues { .init(path: $0.path, sha256: $0.fileDigest) }
    dataFiles = evaluation.dataFiles
    variables = [:]
    sensitiveVariables = [:]
    for variable in evaluation.variables {
      if variable.sensitive {
        sensitiveVariables[variable.name] = SaltedDigest.hex(variable.value, salt: salt)
      } else {
        variables[variable.name] = variable.value
      }
    }
    self.options = options
    self.bpffs = bpffs
    self.bootID = bootID
  }

  var json: JSON {
    func files(_ files: [String: SavedPlan.File]) -> JSON {
      .object(
        files.sorted { $0.key < $1.key }.map {
          .init(
            name: $0.key,
            value: .members(["path": .text($0.value.path), "sha256": .text($0.value.sha256)]))
        })
    }
    func texts(_ texts: [String: String]) -> JSON {
      .object(texts.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: .text($0.value)) })
    }
    return .members([
      "manifest": .members(["path": .text(manifest.path), "sha256": .text(manifest.sha256)]),
      "objects": files(objects), "data_files": texts(dataFiles), "variables": texts(variables),
      "sensitive_variables": texts(sensitiveVariables), "salt": .text(salt),
      "options": .members([
        "allow_empty": .bool(options.allowEmpty),
        "max_deletes": options.maxDeletes.map { .number(UInt64(max($0, 0))) },
        "unprotect": .texts(options.unprotect.sorted().map(\.description)),
        "strand_users": .bool(options.strandUsers),
      ]),
      "bpffs": .text(bpffs), "boot_id": .text(bootID),
    ])
  }
}

// MARK: Comparing

extension SavedPlan {
  /// What was changed among the files and variables that the plan was made from.
  func changedInputs(_ evaluation: Evaluation) -> [String] {
    let now = evaluation.desired
    var found: [String] = []
    if now.manifestDigest != inputs.manifest.sha256 { found.append("\(evaluation.path) changed") }
    for (name, file) in inputs.objects.sorted(by: { $0.key < $1.key })
    where now.objects[name]?.fileDigest != file.sha256 { found.append("\(file.path) changed") }
    for (path, digest) in inputs.dataFiles.sorted(by: { $0.key < $1.key })
    where evaluation.dataFiles[path] != digest { found.append("\(path) changed") }
    for variable in evaluation.variables where variable.sensitive {
      let digest = SaltedDigest.hex(variable.value, salt: inputs.salt)
      if inputs.sensitiveVariables[variable.name] != digest {
        found.append("the variable '\(variable.name)' has another value")
      }
    }
    return found
  }

  /// What is to be done now and was not planned, or the other way round; empty = the same plan.
  func differences(from view: PlanView, bootID: String) -> [String] {
    guard bootID == inputs.bootID else { return ["the host was restarted since"] }
    guard view.plan.fingerprint != fingerprint else { return [] }
    let planned = Dictionary(resources.map { ($0.address, $0.change) }) { first, _ in first }
    var found: [String] = []
    var addresses: Set<String> = []
    for change in view.plan.changes {
      let address = change.address.description
      addresses.insert(address)
      let actions = change.actionNames.joined(separator: "+")
      guard let then = planned[address] else {
        if change.action != .unchanged { found.append("\(address): \(actions), was not planned") }
        continue
      }
      let wanted = then["actions"]?.texts.joined(separator: "+") ?? "no-op"
      if wanted != actions {
        found.append("\(address): planned \(wanted), now \(actions)")
      } else if !PlanJSON(view).isSame(change, as: then) {
        found.append("\(address): other fields or entries")
      }
    }
    for (address, then) in planned.sorted(by: { $0.key < $1.key })
    where !addresses.contains(address) && then["actions"]?.texts != ["no-op"] {
      found.append("\(address): planned, and now there is nothing to be done")
    }
    return found.isEmpty ? ["what is wanted or found differs in what is not shown"] : found
  }
}

/// Any JSON, for comparing.
enum JSONValue: Decodable, Hashable {
  case null
  case bool(Bool)
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .list(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  subscript(name: String) -> JSONValue? {
    if case .object(let members) = self { members[name] } else { nil }
  }

  var texts: [String] {
    guard case .list(let values) = self else { return [] }
    return values.compactMap { if case .text(let text) = $0 { text } else { nil } }
  }
}

extension PlanJSON {
  /// Whether the saved form of a change says the same.
  fileprivate func isSame(_ change: ResourceChange, as saved: JSONValue) -> Bool {
    let line = self.change(change).line
    return (try? JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))) == saved
  }
}
