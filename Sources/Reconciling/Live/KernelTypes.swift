internal import BPFKernel
internal import BPFObject

/// The types of the running kernel and of its modules, which tracing programs and externs name their
/// targets by and CO-RE relocations are done against. Read once.
final class KernelTypes {
  let targets: TargetTypes
  private var loaded: [String: LoadedBTF] = [:]

  private init(_ targets: TargetTypes) { self.targets = targets }

  /// ENOENT when the kernel has no `/sys/kernel/btf/vmlinux`. Modules are read when they are needed.
  static func running() throws(KernelFailure) -> KernelTypes {
    let path = "/sys/kernel/btf/vmlinux"
    let bytes = try wrap(about: path) { () throws(KernelError) in try KernelBTF.vmlinux() }
    do throws(ObjectError) {
      let vmlinux = try BTF(parsing: bytes, section: path, checksReferences: false)
      return KernelTypes(
        TargetTypes(vmlinux: vmlinux) { () throws(ObjectError) in try modules(over: vmlinux) })
    } catch {
      throw KernelFailure(
        operation: "read", subject: path, message: "its types cannot be read: \(error)")
    }
  }

  private static func modules(over vmlinux: BTF) throws(ObjectError) -> [TargetTypes.Module] {
    var modules: [TargetTypes.Module] = []
    do throws(KernelError) {
      for name in try KernelBTF.moduleNames() {
        // It may have been unloaded since.
        guard let bytes = try KernelBTF.module(name) else { continue }
        // Broken types of one module are no reason to refuse programs that do not need them.
        guard let btf = try? BTF(parsing: bytes, base: vmlinux, checksReferences: false)
        else { continue }
        modules.append(TargetTypes.Module(name: name, btf: btf))
      }
    } catch {
      throw ObjectError(message: "the types of the kernel's modules cannot be read: \(error)")
    }
    return modules
  }

  /// A module's types as the kernel holds them: what PROG_LOAD takes for a module, by descriptor.
  func loadedBTF(ofModule name: String) throws(KernelFailure) -> LoadedBTF {
    if let known = loaded[name] { return known }
    let found = try wrap(about: "module \(name)") { () throws(KernelError) -> LoadedBTF? in
      for info in try BTFInfo.all.get() where info.isKernel && info.name == name {
        return try LoadedBTF(id: info.id)
      }
      return nil
    }
    guard let found else {
      throw KernelFailure(
        operation: "BPF_BTF_GET_FD_BY_ID", subject: "module \(name)",
        message: "it is not loaded any more")
    }
    loaded[name] = found
    return found
  }

  // MARK: Targets of tracing programs

  /// What PROG_LOAD takes as `attach_btf_id`, and the module whose types it is in.
  struct Target {
    var id: UInt32
    /// nil = vmlinux.
    var module: LoadedBTF?
  }

  func target(
    _ target: String, for attachType: AttachType
  ) throws(KernelFailure) -> Target {
    let place = AttachPlace(target, for: attachType)
    guard let found = try definition(place.kind, named: place.name, for: target) else {
      throw KernelFailure(
        operation: "BPF_PROG_LOAD", subject: target,
        message: "this kernel has no \(place.what) \(target)",
        hints: [
          "bpftool btf dump file /sys/kernel/btf/vmlinux | grep \(place.name)",
          "if it is in a module: it has to be loaded",
        ])
    }
    return Target(id: found.id, module: try found.module.map(loadedBTF(ofModule:)))
  }

  private func definition(
    _ kind: BTF.Kind, named name: String, for target: String
  ) throws(KernelFailure) -> KernelDefinition? {
    do throws(ObjectError) {
      return try targets.definition(kind, named: name)
    } catch {
      throw KernelFailure(operation: "BPF_PROG_LOAD", subject: target, message: error.message)
    }
  }

  /// A function of a program that runs: the type id in the types that the program was loaded with.
  static func function(_ name: String, of program: Program) throws(KernelFailure) -> UInt32 {
    let info = try wrap { () throws(KernelError) in try program.info() }
    func failure(_ message: String, hint: String? = nil) -> KernelFailure {
      KernelFailure(
        operation: "BPF_PROG_LOAD", subject: "program \(info.id) (\(info.name))",
        message: message, hints: hint.map { [$0] } ?? [])
    }
    guard info.btfID != 0 else {
      throw failure("it was loaded without types, and its functions have no names")
    }
    let bytes = try wrap { () throws(KernelError) in try LoadedBTF(id: info.btfID).bytes() }
    guard let btf = try? BTF(parsing: bytes) else { throw failure("its types cannot be read") }
    guard let id = btf.first(.function, named: name) else {
      let names = btf.ids(of: .function).map(btf.name(of:)).sorted().prefix(12)
      throw failure(
        "it has no function \(name)",
        hint: names.isEmpty ? nil : "it has \(names.joined(separator: ", "))")
    }
    return id
  }
}
