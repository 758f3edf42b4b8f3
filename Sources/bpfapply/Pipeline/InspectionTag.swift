import BPFObject
import Reconciling

/// The tag that the kernel would report, which is over the instructions that it would be given.
extension Inspection {
  func tag(of image: ProgramImage, _ algorithm: TagAlgorithm?) -> Tag {
    let fitted: ProgramImage
    do throws(Unknown) { fitted = try self.fitted(image) } catch { return .unknown(error.reason) }
    if let algorithm { return .known(fitted.predictedTag(algorithm)) }
    return .either(
      Dictionary(uniqueKeysWithValues: TagAlgorithm.allCases.map { ($0, fitted.predictedTag($0)) }))
  }

  private struct Unknown: Error {
    var reason: String
  }

  private func fitted(_ image: ProgramImage) throws(Unknown) -> ProgramImage {
    var modules: [String] = []
    var fitted = try image.resolvingExterns { reference throws(Unknown) -> ExternValue in
      let missing = reference.isFunction ? "function" : "variable"
      switch findings[reference.name] ?? .unknown("nothing is known of \(reference.name)") {
      case .type(let id, nil): return .type(id: id, module: 0)
      case .type(let id, let module?):
        guard reference.isCall else {
          throw Unknown(reason: "a descriptor of the module \(module) is in it")
        }
        if !modules.contains(module) { modules.append(module) }
        let index = modules.firstIndex(of: module) ?? 0
        return .type(id: id, module: Int32(truncatingIfNeeded: index + 1))
      case .address(let address): return .address(address)
      case .absent where reference.isWeak: return .absent
      case .unfit where reference.isWeak && reference.isFunction: return .absent
      case .absent:
        throw Unknown(
          reason: "it does not load: the kernel has no \(missing) \(reference.kernelName)")
      case .unfit(let why): throw Unknown(reason: "it does not load: \(reference.name): \(why)")
      case .setting: throw Unknown(reason: "\(reference.name) is no setting")
      case .unknown(let why): throw Unknown(reason: "\(reference.name): \(why)")
      }
    }
    if !fitted.coreRelocations.isEmpty {
      guard let types = kernel?.types else {
        throw Unknown(reason: kernel?.problem ?? "the kernel's types are not known")
      }
      do throws(ObjectError) {
        fitted = try fitted.relocated(against: types)
      } catch {
        throw Unknown(reason: "it does not load: \(error.message)")
      }
    }
    if fitted.readsMemory, kernel?.replacesMemoryReads == true {
      fitted.instructions = fitted.instructions.map(\.readingAnyMemory)
    }
    return fitted
  }
}
