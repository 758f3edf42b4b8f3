import ArgumentParser
import BPFObject
import Reconciling

struct InspectCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what a compiled object file holds; loads none of it.")

  @Argument(help: ArgumentHelp("The object file.", valueName: "FILE.o"))
  var file: String

  @OptionGroup var format: OutputOptions
  @OptionGroup var common: CommonOptions

  var wantsJSON: Bool { format.output == .json }

  var trustsFiles: Bool { true }

  func execute<K: Kernel>(on host: Host<K>) throws(Failure) -> ExitStatus {
    let inspection = try host.inspect(file)
    host.console.print(
      wantsJSON
        ? InspectJSON(inspection).json.document
        : InspectText(inspection, style: host.console.output).render())
    return .done
  }
}

extension Host {
  /// Reads an object file and works out what can be said of it.
  func inspect(_ path: String) throws(Failure) -> Inspection {
    let bytes: [UInt8]
    do throws(FileError) { bytes = try read(path) } catch { throw Failure(error) }
    do throws(ObjectError) {
      return Inspection(
        try ObjectFile(parsing: bytes, name: path), path: path, algorithm: tagAlgorithm())
    } catch {
      throw Failure(error)
    }
  }
}
