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

  // MARK: Externs

  /// What a kernel has for an extern.
  public enum Finding: Hashable, Sendable {
    /// A function or variable of its BTF; `module` is nil for vmlinux.
    case type(id: UInt32, module: String?)
    case address(UInt64)
    /// What stands in the kernel's configuration, or a number.
    case setting(String)
    /// It is there and does not fit the object's declaration.
    case unfit(String)
    case absent
    case unknown(String)
  }

  /// By the externs' names.
  public func findings(for object: ObjectFile) -> [String: Finding] {
    var findings: [String: Finding] = [:]
    var symbols: Set<String> = []
    for extern in object.externs where extern.section != ".kconfig" {
      let type = object.btf?.skipModifiers(extern.typeID)
      if !extern.isFunction, type == nil || type?.kind == .void {
        symbols.insert(extern.name)
      } else {
        findings[extern.name] = typed(extern, of: object)
      }
    }
    if !symbols.isEmpty { findings.merge(addresses(of: symbols)) { first, _ in first } }
    let variables = object.maps.flatMap { $0.data?.configuration ?? [] }
    if !variables.isEmpty { findings.merge(settings(of: variables)) { first, _ in first } }
    return findings
  }

  private func typed(_ extern: Extern, of object: ObjectFile) -> Finding {
    guard let types, let local = object.btf else {
      return .unknown(problem ?? "the object has no types")
    }
    let kind: BTF.Kind = extern.isFunction ? .function : .variable
    func compared(_ id: UInt32, _ btf: BTF, _ module: String?) -> Finding {
      local.isCompatible(extern.typeID, with: btf.head(id)?.sizeOrType ?? 0, of: btf)
        ? .type(id: id, module: module) : .unfit("the kernel's has another type")
    }
    if let id = types.vmlinux.first(kind, named: extern.kernelName) {
      return compared(id, types.vmlinux, nil)
    }
    do throws(ObjectError) {
      for module in try types.modules() {
        if let id = module.btf.first(kind, named: extern.kernelName) {
          return compared(id, module.btf, module.name)
        }
      }
    } catch {
      return .unknown(error.message)
    }
    return .absent
  }

  private func addresses(of names: Set<String>) -> [String: Finding] {
    guard release != nil else {
      return unknown(names, "types say nothing of addresses")
    }
    do throws(KernelError) {
      let found = try KernelSymbols.addresses(of: names)
      return Dictionary(
        uniqueKeysWithValues: names.map { name in
          let addresses = found[name] ?? []
          guard let address = addresses.first else { return (name, .absent) }
          return (
            name,
            addresses.count == 1
              ? .address(address) : .unfit("the kernel has \(addresses.count) of that name")
          )
        })
    } catch {
      return unknown(names, "\(KernelFailure(error).message)")
    }
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
