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
      let finding = findings[reference.name] ?? .unknown("nothing is known of it")
      switch finding.use(for: reference) {
      case .value(let value): return value
      case .module(let id, let module):
        guard reference.isCall else {
          throw Unknown(reason: "a descriptor of the module \(module) is in it")
        }
        if !modules.contains(module) { modules.append(module) }
        let index = modules.firstIndex(of: module) ?? 0
        return .type(id: id, module: Int32(truncatingIfNeeded: index + 1))
      case .missing(let why, _):
        if case .unknown = finding { throw Unknown(reason: why) }
        throw Unknown(reason: "it does not load: \(why)")
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
    return kernel?.hasNoExceptions == true ? fitted.withoutExceptionCallback() : fitted
  }
}
