import ArgumentParser
import Manifest
import Planning
import Reconciling

struct ValidateCommand: HostCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Checks a manifest and the files that it names; needs no privileges.")

  @Argument(help: ArgumentHelp("The manifest.", valueName: "M.yaml"))
  var manifest: String

  @OptionGroup var format: OutputOptions
  @OptionGroup var variables: VariableOptions
  @OptionGroup var common: CommonOptions

  var wantsJSON: Bool { format.output == .json }

  var trustsFiles: Bool { true }

  func execute<K: Kernel>(on host: Host<K>) throws(Failure) -> ExitStatus {
    let pipeline = Pipeline(host, common: common, variables: variables, json: wantsJSON)
    let desired = try pipeline.evaluate(manifest).desired
    // A selector's instances are not known without the host.
    let attachments = desired.attachments + desired.templates
    let addresses =
      desired.maps.map { Address.map($0.ref) } + desired.programs.map { .program($0.ref) }
      + attachments.map(\.address) + desired.pins.map { .pin($0.name) }
    if wantsJSON {
      let json = JSON.members([
        "format_version": "1.0", "valid": true, "manifest": .text(manifest),
        "owner": .text(desired.owner), "resources": .texts(addresses.sorted().map(\.description)),
      ])
      host.console.print(json.document)
    } else {
      let parts = [
        counted(desired.maps.count, "map"), counted(desired.programs.count, "program"),
        counted(attachments.count, "attachment"), counted(desired.pins.count, "pin"),
      ]
      host.console.print("\(visible(manifest)) is valid: \(parts.joined(separator: ", ")).\n")
    }
    return .done
  }
}
