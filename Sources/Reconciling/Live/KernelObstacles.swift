public import BPFObject

extension KernelSurvey {
  /// Why a kernel would not load a program, as far as its types tell.
  public struct Obstacle: Hashable, Sendable {
    public var message: String
    public var hint: String?
    /// False for instructions that are loaded and refused only where the verifier finds that they are
    /// reached.
    public var isCertain: Bool

    init(_ message: String, hint: String? = nil, isCertain: Bool = true) {
      self.message = message
      self.hint = hint
      self.isCertain = isCertain
    }
  }

  /// What stands in a program's way: CO-RE relocations, externs and what it is made for that this
  /// kernel's types do not have. Empty when nothing does, or the types are not known.
  ///
  /// `local` are the object's types, `attachTo` what a tracing program is made for.
  public func obstacles(
    to image: ProgramImage, attachTo: String?, types local: BTF?
  ) -> [Obstacle] {
    guard let types else { return [] }
    var found: [Obstacle] = []
    for reference in image.externs where !reference.asksForAddress {
      guard let local else { continue }
      let finding = types.finding(
        reference.kernelName, isFunction: reference.isFunction, type: reference.typeID, of: local)
      guard case .missing(let why, let hint) = finding.use(for: reference) else { continue }
      found.append(Obstacle(why, hint: hint))
    }
    if let attachTo, let attachType = image.expectedAttachType {
      let place = AttachPlace(attachTo, for: attachType)
      if (try? types.definition(place.kind, named: place.name)) == nil {
        found.append(Obstacle("this kernel has no \(place.what) \(attachTo)"))
      }
    }
    if let member = image.structOps {
      do throws(ObjectError) {
        _ = try member.target(in: types.vmlinux)
      } catch {
        found.append(Obstacle(error.message, hint: error.hint))
      }
    }
    for result in image.surveyed(against: types) where result.failure != nil {
      found.append(Obstacle("CO-RE relocation: \(result)", isCertain: !result.isPoisoned))
    }
    var known: Set<Obstacle> = []
    return found.filter { known.insert($0).inserted }
  }
}

/// Where in a kernel's types the target of a tracing or LSM program is.
struct AttachPlace {
  var kind: BTF.Kind
  var name: String
  /// What it is called in messages.
  var what: String

  init(_ target: String, for attachType: AttachType) {
    (kind, name, what) =
      switch attachType {
      case .traceRawTp: (.typedef, "btf_trace_\(target)", "raw tracepoint")
      case .traceIter: (.function, "bpf_iter_\(target)", "iterator")
      case .lsmMac, .lsmCgroup: (.function, "bpf_lsm_\(target)", "LSM hook")
      default: (.function, target, "function")
      }
  }
}
