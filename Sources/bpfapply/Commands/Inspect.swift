import ArgumentParser
import BPFObject
import Reconciling

struct InspectCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what a compiled object file holds; loads none of it.",
    discussion: """
      Programs with what they reach and the tag that the kernel would report, maps, globals with \
      their first values, and how this kernel resolves externs and CO-RE relocations. Privileges \
      are not needed; what cannot be known without them is said to be unknown.
      """)

  @Argument(help: ArgumentHelp("The object file.", valueName: "FILE.o"))
  var file: String

  @Option(
    help: ArgumentHelp(
      "Resolve against the types of another kernel: raw BTF (its /sys/kernel/btf/vmlinux), or an "
        + "ELF file with a .BTF section (its vmlinux).", valueName: "FILE"))
  var btf: String?

  @Flag(help: "List all CO-RE relocations, not only those that this kernel cannot do.")
  var relocations = false

  @OptionGroup var format: OutputOptions
  @OptionGroup var common: CommonOptions

  var wantsJSON: Bool { format.output == .json }

  var trustsFiles: Bool { true }

  func execute<K: Kernel>(on host: Host<K>) throws(Failure) -> ExitStatus {
    let inspection = try host.inspect(file, btf: btf)
    host.console.print(
      wantsJSON
        ? InspectJSON(inspection).json.document
        : InspectText(inspection, listsRelocations: relocations, style: host.console.output)
          .render())
    return .done
  }
}

extension Host {
  /// Reads an object file and works out what can be said of it, on the running kernel or on the one
  /// whose types are in the file `btf`.
  func inspect(_ path: String, btf: String? = nil) throws(Failure) -> Inspection {
    let other: KernelSurvey?
    // A file that was named is read, whether the object needs it or not.
    if let btf { other = try survey(typesIn: btf) } else { other = nil }
    let object: ObjectFile
    let bytes = try contents(of: path)
    do throws(ObjectError) {
      object = try ObjectFile(parsing: bytes, name: path)
    } catch {
      throw Failure(error)
    }
    return try Inspection(
      object, path: path, algorithm: other == nil ? tagAlgorithm() : nil
    ) { () throws(Failure) in other ?? survey() }
  }

  func contents(of path: String) throws(Failure) -> [UInt8] {
    do throws(FileError) { return try read(path) } catch { throw Failure(error) }
  }
}
