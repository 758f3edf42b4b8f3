import BPFObject
import Manifest
import Planning
import Reconciling

/// Another kernel than the one that runs here, of which a file holds the types.
extension Host {
  func survey(typesIn path: String) throws(Failure) -> KernelSurvey {
    let bytes = try contents(of: path)
    do throws(ObjectError) {
      return KernelSurvey(
        types: TargetTypes(vmlinux: try BTF(file: bytes, named: path)), path: path)
    } catch {
      throw Failure(error)
    }
  }
}

extension Pipeline {
  /// Whether the kernel whose types are in that file can load the programs of a plan: what it would
  /// refuse is an error, what it might refuse a warning.
  func checkPrograms(_ desired: DesiredState, on survey: KernelSurvey) throws(Failure) {
    var errors: [Diagnostic] = []
    var warnings: [Diagnostic] = []
    var types: [String: BTF] = [:]
    for program in desired.programs {
      if types[program.object] == nil, let bytes = desired.objects[program.object]?.btf {
        types[program.object] = try? BTF(parsing: bytes)
      }
      let obstacles = survey.obstacles(
        to: program.image, attachTo: program.attachTo, types: types[program.object])
      for obstacle in obstacles {
        var diagnostic = Diagnostic(
          code: "other-kernel",
          message: "program.\(program.ref) on the kernel of \(visible(survey.path)): "
            + visible(obstacle.message),
          hints: obstacle.hint.map { [visible($0)] } ?? [])
        diagnostic.location = program.location
        if obstacle.isCertain {
          errors.append(diagnostic)
        } else {
          diagnostic.severity = .warning
          diagnostic.hints.append("it is refused only if the program gets there on that kernel")
          warnings.append(diagnostic)
        }
      }
    }
    host.report(warnings: warnings, json: json)
    if !errors.isEmpty { throw Failure(errors) }
  }
}
