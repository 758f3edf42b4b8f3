import BPFObject
import Manifest
import Planning
import Reconciling

/// From files and a kernel to a plan: the way of the data that `plan`, `apply`, `drift` and
/// `destroy` share.
struct Pipeline<K: Kernel> {
  var host: Host<K>
  var common: CommonOptions
  var variables: VariableOptions
  var json: Bool

  init(_ host: Host<K>, common: CommonOptions, variables: VariableOptions, json: Bool) {
    self.host = host
    self.common = common
    self.variables = variables
    self.json = json
  }

  // MARK: Files

  func manifest(_ path: String) throws(Failure) -> Manifest {
    let bytes: [UInt8]
    do { bytes = try host.read(path) } catch { throw Failure(error) }
    let inputs = VariableInputs(
      environment: host.variables,
      assignments: variables.assignments.map { ($0.name, $0.value) })
    do throws(ManifestError) {
      let manifest = try Manifest.parse(bytes, file: path, variables: inputs)
      host.report(warnings: manifest.warnings, json: json)
      return manifest
    } catch {
      throw Failure(error)
    }
  }

  func write(_ text: String, to path: String) throws(Failure) {
    do { try host.write(text, path) } catch { throw Failure(error) }
  }

  /// Whose things a manifest or a name means. Of a manifest only the name counts here, so that
  /// it works when the object files are gone.
  func owner(of subject: Subject) throws(Failure) -> String {
    switch subject {
    case .manifest(let path): return try manifest(path).name.value
    case .owner(let name):
      guard ScalarText.isName(name) else {
        throw Failure(
          "bad-name", "'\(visible(name))' is neither a manifest's name nor a file",
          hints: ["a manifest without a dot or a slash in its path is given as ./\(visible(name))"],
          status: .usage)
      }
      return name
    }
  }

  func root(of owner: String) -> String { common.ownersRoot + "/" + owner }

  // MARK: Kernel

  func kernel() throws(Failure) -> K {
    do { return try host.kernel() } catch { throw Failure(error) }
  }

  /// Looks at what the scope names, and once more if the owner's inventory names further places.
  func observe(_ scope: ObservationScope, with kernel: K) throws(Failure) -> ObservedState {
    do {
      let observed = try kernel.observe(scope)
      guard let inventory = observed.inventory else { return observed }
      if let pending = inventory.confirmation {
        host.report(
          warnings: [pending.words(for: inventory.owner, at: kernel.bootMilliseconds())],
          json: json)
      }
      let wider = scope.including(inventory)
      let whole = wider.isWider(than: scope) ? try kernel.observe(wider) : observed
      host.console.showProgress("comparing")
      return whole
    } catch {
      throw Failure(error)
    }
  }

  // MARK: Owners

  /// The owners that have an inventory on the bpffs, by name.
  func owners(with kernel: K) throws(Failure) -> (names: [String], observed: ObservedState) {
    let root = common.ownersRoot
    let observed: ObservedState
    do {
      observed = try kernel.observe(ObservationScope(owner: "", root: root))
    } catch {
      throw Failure(error)
    }
    let names = observed.pins.compactMap { pin -> String? in
      guard pin.path.hasPrefix(root + "/"), pin.path.hasSuffix("/inventory") else { return nil }
      let name = pin.path.dropFirst(root.count + 1).dropLast("/inventory".count)
      return name.contains("/") || name.isEmpty ? nil : String(name)
    }
    return (Set(names).sorted(), observed)
  }
}

extension ObservationScope {
  fileprivate func isWider(than other: ObservationScope) -> Bool {
    !paths.isSubset(of: other.paths) || !hooks.isSubset(of: other.hooks)
      || !contents.isSubset(of: other.contents)
  }
}
