internal import BPFKernel
internal import BPFObject

/// What the running kernel has for the functions, variables and settings that an object asks for.
final class KernelExterns {
  private let kernel: KernelTypes
  private var modules: [Module]?
  private var addresses: [String: Set<UInt64>] = [:]

  /// A loaded module's types, over the kernel's.
  final class Module {
    let name: String
    let types: BTF
    let loaded: LoadedBTF
    init(name: String, types: BTF, loaded: LoadedBTF) {
      self.name = name
      self.types = types
      self.loaded = loaded
    }
  }

  init(_ kernel: KernelTypes) { self.kernel = kernel }

  /// The image with its externs filled in, and the descriptors that its calls of modules' functions
  /// index. The result holds the modules' BTF alive.
  func resolve(
    _ image: ProgramImage, types: BTF
  ) throws(KernelFailure) -> (image: ProgramImage, modules: [Module]) {
    try look(up: image)
    var used: [Module] = []
    let resolved = try image.resolvingExterns { reference throws(KernelFailure) -> ExternValue in
      guard reference.isFunction || reference.typeID != 0 else { return try address(of: reference) }
      guard let found = try find(reference) else {
        if reference.isWeak { return .absent }
        throw KernelFailure(
          operation: "BPF_PROG_LOAD", subject: image.name,
          message: "this kernel has no \(reference.isFunction ? "function" : "variable") "
            + "\(reference.kernelName) for programs",
          hints: ["it may be in a module that is not loaded, or in a newer kernel"])
      }
      guard types.isCompatible(reference.typeID, with: found.type, of: found.types) else {
        if reference.isFunction, reference.isWeak { return .absent }
        throw KernelFailure(
          operation: "BPF_PROG_LOAD", subject: image.name,
          message: "the kernel's \(reference.kernelName) has another type than the object declares")
      }
      guard let module = found.module else { return .type(id: found.id, module: 0) }
      let index = used.firstIndex { $0 === module } ?? used.count
      if index == used.count { used.append(module) }
      // Index 0 stands for the kernel itself.
      return .type(
        id: found.id,
        module: reference.isCall
          ? Int32(truncatingIfNeeded: index + 1) : module.loaded.descriptor.rawValue)
    }
    return (resolved, used)
  }

  private struct Found {
    var id: UInt32
    /// The variable's type or the function's prototype.
    var type: UInt32
    var types: BTF
    var module: Module?
  }

  private func find(_ reference: ExternReference) throws(KernelFailure) -> Found? {
    let kind: BTF.Kind = reference.isFunction ? .function : .variable
    if let id = kernel.btf.first(kind, named: reference.kernelName) {
      return found(id, kernel.btf, nil)
    }
    for module in try loadedModules() {
      if let id = module.types.first(kind, named: reference.kernelName) {
        return found(id, module.types, module)
      }
    }
    return nil
  }

  private func found(_ id: UInt32, _ types: BTF, _ module: Module?) -> Found {
    Found(id: id, type: types.head(id)?.sizeOrType ?? 0, types: types, module: module)
  }

  private func loadedModules() throws(KernelFailure) -> [Module] {
    if let modules { return modules }
    var loaded: [Module] = []
    let all = try wrap(about: "the kernel's modules") { () throws(KernelError) in
      try BTFInfo.all.get()
    }
    for info in all where info.isKernel && info.name != "vmlinux" {
      // A module may go between the two calls.
      guard let btf = try? LoadedBTF(id: info.id), let bytes = try? btf.bytes(),
        let types = try? BTF(parsing: bytes, base: kernel.btf, checksReferences: false)
      else { continue }
      loaded.append(Module(name: info.name, types: types, loaded: btf))
    }
    modules = loaded
    return loaded
  }

  // MARK: Addresses

  private func look(up image: ProgramImage) throws(KernelFailure) {
    let names = Set(
      image.externs.filter { !$0.isFunction && $0.typeID == 0 }.map(\.kernelName))
    let missing = names.filter { addresses[$0] == nil }
    guard !missing.isEmpty else { return }
    let found = try wrap { () throws(KernelError) in try KernelSymbols.addresses(of: missing) }
    for name in missing { addresses[name] = found[name] ?? [] }
  }

  private func address(of reference: ExternReference) throws(KernelFailure) -> ExternValue {
    let found = addresses[reference.kernelName] ?? []
    guard let address = found.min() else {
      if reference.isWeak { return .absent }
      throw KernelFailure(
        operation: "BPF_PROG_LOAD", subject: reference.name,
        message: "this kernel has no symbol \(reference.kernelName)",
        hints: ["grep ' \(reference.kernelName)$' /proc/kallsyms"])
    }
    guard found.count == 1 else {
      throw KernelFailure(
        operation: "BPF_PROG_LOAD", subject: reference.name,
        message: "the kernel has \(found.count) symbols \(reference.kernelName)")
    }
    return .address(address)
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
