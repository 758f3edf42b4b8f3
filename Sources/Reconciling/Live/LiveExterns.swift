internal import BPFKernel
internal import BPFObject

/// What the running kernel has for the functions and variables that objects ask for.
final class KernelExterns {
  private let kernel: KernelTypes
  private var addresses: [String: KernelSurvey.Finding] = [:]

  init(_ kernel: KernelTypes) { self.kernel = kernel }

  /// The image with its externs filled in, and the modules whose functions it calls, in the order of
  /// the indexes of the calls. The result has to live as long as the load.
  func resolve(
    _ image: ProgramImage, types: BTF
  ) throws(KernelFailure) -> (image: ProgramImage, modules: [LoadedBTF]) {
    try look(up: image)
    var used: [LoadedBTF] = []
    let resolved = try image.resolvingExterns { reference throws(KernelFailure) -> ExternValue in
      let name = reference.kernelName
      let finding =
        reference.asksForAddress
        ? addresses[name] ?? .absent
        : kernel.targets.finding(
          name, isFunction: reference.isFunction, type: reference.typeID, of: types)
      switch finding.use(for: reference) {
      case .value(let value): return value
      case .module(let id, let module):
        let loaded = try kernel.loadedBTF(ofModule: module)
        guard reference.isCall else {
          return .type(id: id, module: loaded.descriptor.rawValue)
        }
        let index = used.firstIndex { $0 === loaded } ?? used.count
        if index == used.count { used.append(loaded) }
        // Index 0 stands for the kernel itself.
        return .type(id: id, module: Int32(truncatingIfNeeded: index + 1))
      case .missing(let why, let hint):
        throw KernelFailure(
          operation: "BPF_PROG_LOAD", subject: image.name, message: why,
          hints: hint.map { [$0] } ?? [])
      }
    }
    return (resolved, used)
  }

  private func look(up image: ProgramImage) throws(KernelFailure) {
    let names = Set(image.externs.filter(\.asksForAddress).map(\.kernelName))
    let missing = names.filter { addresses[$0] == nil }
    guard !missing.isEmpty else { return }
    let found = try wrap { () throws(KernelError) in try KernelSurvey.addresses(of: missing) }
    addresses.merge(found) { first, _ in first }
  }
}

/// The contents of `.kconfig`.
enum KernelSettings {
  static func contents(of data: DataSection) throws(KernelFailure) -> [UInt8] {
    var contents = data.contents
    var configuration: KernelConfiguration?
    for variable in data.configuration {
      let bytes: [UInt8]?
      if variable.name.hasPrefix("CONFIG_") {
        let known: KernelConfiguration
        if let configuration {
          known = configuration
        } else {
          known = try wrap(about: variable.name) { () throws(KernelError) in
            try KernelConfiguration.running()
          }
          configuration = known
        }
        let setting = known.settings[variable.name]
        bytes = try fitting(variable) { () throws(ObjectError) in
          if let setting { try variable.bytes(of: setting) } else { nil }
        }
      } else {
        let number = try number(variable)
        bytes = try fitting(variable) { () throws(ObjectError) in
          if let number { try variable.number(number) } else { nil }
        }
      }
      guard let bytes else {
        if variable.isWeak { continue }
        throw failure(variable, "this kernel does not say what \(variable.name) is")
      }
      let end = variable.offset + bytes.count
      guard variable.offset >= 0, end <= contents.count else { continue }
      contents.replaceSubrange(variable.offset..<end, with: bytes)
    }
    return contents
  }

  /// What libbpf itself works out; nil for names that nobody knows.
  static func number(_ variable: ConfigurationVariable) throws(KernelFailure) -> UInt64? {
    switch variable.name {
    case "LINUX_KERNEL_VERSION":
      return try wrap { () throws(KernelError) in try BPFKernel.HostFacts.versionCode() }
    case "LINUX_HAS_BPF_COOKIE": return Feature.attachCookies.isSupported == true ? 1 : 0
    case "LINUX_HAS_SYSCALL_WRAPPER":
      return Feature.systemCallWrappers.isSupported == true ? 1 : 0
    default: return nil
    }
  }

  private static func fitting(
    _ variable: ConfigurationVariable, _ body: () throws(ObjectError) -> [UInt8]?
  ) throws(KernelFailure) -> [UInt8]? {
    do throws(ObjectError) { return try body() } catch { throw failure(variable, error.message) }
  }

  private static func failure(
    _ variable: ConfigurationVariable, _ message: String
  ) -> KernelFailure {
    KernelFailure(
      operation: "BPF_MAP_CREATE", subject: variable.name, message: message,
      hints: ["__weak makes it zero where the kernel does not say"])
  }
}
