import ArgumentParser

@main
struct BPFApply: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bpfapply",
    abstract: "Makes the eBPF objects in a Linux kernel match a YAML manifest.",
    version: "0.1.0")
}
