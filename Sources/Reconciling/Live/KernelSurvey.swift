internal import BPFKernel
public import BPFObject

/// What files tell of a kernel, for objects that are looked at and not loaded. Nothing is changed, and
/// no privileges are needed but to read the files.
public struct KernelSurvey: Sendable {
  /// nil: `problem` says why they are not known.
  public var types: TargetTypes?
  public var problem: String?
  /// Where the types come from.
  public var path: String
  /// Of the running kernel; nil for another one's types.
  public var release: String?

  /// Another kernel, of which nothing but the types is known.
  public init(types: TargetTypes, path: String) {
    self.types = types
    self.path = path
  }

  public init(problem: String) {
    self.problem = problem
    path = ""
  }

  /// The kernel that runs here: its types and its modules'.
  public static func running() -> KernelSurvey {
    var survey = KernelSurvey(problem: "")
    survey.path = "/sys/kernel/btf/vmlinux"
    survey.release = try? BPFKernel.HostFacts.kernelRelease()
    do throws(KernelFailure) {
      survey.types = try KernelTypes.running().targets
      survey.problem = nil
    } catch {
      let hints = error.hints.isEmpty ? "" : " (\(error.hints.joined(separator: "; ")))"
      survey.problem = "\(error.subject): \(error.message)\(hints)"
    }
    return survey
  }

  /// Whether programs are given `bpf_probe_read` for `bpf_probe_read_kernel` and its like.
  public var replacesMemoryReads: Bool {
    release != nil && Feature.probeReadKernel.isSupported == false
  }

  /// Whether programs are loaded without their exception callbacks.
  public var hasNoExceptions: Bool {
    release != nil && TypeFeatures.missing.contains(.declarationTags)
  }

  // MARK: Externs

  /// By the externs' names.
  public func findings(for object: ObjectFile) -> [String: Finding] {
    var findings: [String: Finding] = [:]
    var symbols: Set<String> = []
    for extern in object.externs where extern.section != ".kconfig" {
      let type = object.btf?.skipModifiers(extern.typeID)
      if !extern.isFunction, type == nil || type?.kind == .void {
        symbols.insert(extern.name)
      } else if let types, let local = object.btf {
        findings[extern.name] = types.finding(
          extern.kernelName, isFunction: extern.isFunction, type: extern.typeID, of: local)
      } else {
        findings[extern.name] = .unknown(problem ?? "the object has no types")
      }
    }
    if !symbols.isEmpty { findings.merge(addresses(of: symbols)) { first, _ in first } }
    let variables = object.maps.flatMap { $0.data?.configuration ?? [] }
    if !variables.isEmpty { findings.merge(settings(of: variables)) { first, _ in first } }
    return findings
  }

  private func addresses(of names: Set<String>) -> [String: Finding] {
    guard release != nil else {
      return unknown(names, "types say nothing of addresses")
    }
    do throws(KernelError) {
      return try Self.addresses(of: names)
    } catch {
      return unknown(names, "\(KernelFailure(error).message)")
    }
  }

  /// Of the running kernel.
  static func addresses(of names: Set<String>) throws(KernelError) -> [String: Finding] {
    let known = try KernelSymbols.addresses(of: names)
    return Dictionary(
      uniqueKeysWithValues: names.map { name in
        let found = known[name] ?? []
        guard let address = found.first else { return (name, .absent) }
        return (
          name,
          found.count == 1
            ? .address(address) : .unfit("the kernel has \(found.count) symbols of that name")
        )
      })
  }

  private func settings(of variables: [ConfigurationVariable]) -> [String: Finding] {
    guard release != nil else {
      return unknown(Set(variables.map(\.name)), "types say nothing of the configuration")
    }
    var findings: [String: Finding] = [:]
    var configuration: Result<KernelConfiguration, KernelError>?
    for variable in variables {
      if variable.name.hasPrefix("CONFIG_") {
        let known = configuration ?? Self.configuration()
        configuration = known
        switch known {
        case .failure(let error):
          findings[variable.name] = .unknown(error.hint ?? KernelFailure(error).message)
        case .success(let known): findings[variable.name] = Self.setting(variable, known)
        }
      } else {
        findings[variable.name] = Self.number(variable)
      }
    }
    return findings
  }

  private static func configuration() -> Result<KernelConfiguration, KernelError> {
    do throws(KernelError) { return .success(try .running()) } catch { return .failure(error) }
  }

  private static func setting(
    _ variable: ConfigurationVariable, _ known: KernelConfiguration
  ) -> Finding {
    guard let text = known.settings[variable.name] else { return .absent }
    do throws(ObjectError) {
      _ = try variable.bytes(of: text)
      return .setting(text)
    } catch {
      return .unfit(error.message)
    }
  }

  private static func number(_ variable: ConfigurationVariable) -> Finding {
    do throws(KernelFailure) {
      guard let number = try KernelSettings.number(variable) else { return .absent }
      guard (try? variable.number(number)) != nil else {
        return .unfit("\(number) does not fit in \(variable.size) bytes")
      }
      return .setting("\(number)")
    } catch {
      return .unknown(error.message)
    }
  }

  private func unknown(_ names: Set<String>, _ reason: String) -> [String: Finding] {
    Dictionary(uniqueKeysWithValues: names.map { ($0, .unknown(reason)) })
  }
}

extension TargetTypes {
  /// What there is for a function or variable that an object declares with a type of its own.
  func finding(
    _ name: String, isFunction: Bool, type: UInt32, of local: BTF
  ) -> KernelSurvey.Finding {
    do throws(ObjectError) {
      guard let found = try definition(isFunction ? .function : .variable, named: name) else {
        return .absent
      }
      return local.isCompatible(type, with: found.type, of: found.btf)
        ? .type(id: found.id, module: found.module)
        : .unfit("the kernel's has another type than the object declares")
    } catch {
      return .unknown(error.message)
    }
  }
}
