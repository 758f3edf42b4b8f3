import FoundationEssentials
import Reconciling

extension Host where K == LiveKernel {
  /// This process's own: its files, its environment, the running kernel.
  /// `trusting`: what is read decides nothing about the kernel, or the user takes it upon himself.
  static func live(_ common: CommonOptions, trusting: Bool = false) -> Host<LiveKernel> {
    let trusting = trusting || common.insecureFiles
    let environment = ProcessInfo.processInfo.environment
    // https://no-color.org: present and not empty, whatever it says.
    let colour = !common.noColor && (environment["NO_COLOR"] ?? "").isEmpty
    let bpffs = common.bpffsPath
    let console = Console.standard(colour: colour)
    return Host(
      console: console,
      read: { path throws(FileError) in try FileReading.read(path, trusting: trusting) },
      write: { text, path throws(FileError) in try FileWriting.write(text, to: path) },
      environment: environment, accounts: { Accounts.ofHost() },
      kernel: { () throws(KernelFailure) in
        let kernel = LiveKernel(bpffs: bpffs)
        if console.showsProgress {
          kernel.onProgress = { console.showProgress($0.sentence) }
        }
        return kernel
      },
      tagAlgorithm: { LiveKernel.tagAlgorithm() }, survey: { KernelSurvey.running() })
  }
}
