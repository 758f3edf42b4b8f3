/// A function, variable or other named type of a kernel or one of its modules.
public struct KernelDefinition: Sendable {
  /// In `btf`.
  public var id: UInt32
  /// Of vmlinux, or a module's over it.
  public var btf: BTF
  /// The module that has it; nil = vmlinux.
  public var module: String?

  /// What a variable's type or a function's prototype is.
  public var type: UInt32 { btf.head(id)?.sizeOrType ?? 0 }
}

extension TargetTypes {
  /// The first of that kind and name: vmlinux's, otherwise that of a module, which are read for it.
  /// nil when there is none.
  public func definition(
    _ kind: BTF.Kind, named name: String
  ) throws(ObjectError) -> KernelDefinition? {
    if let id = vmlinux.first(kind, named: name) {
      return KernelDefinition(id: id, btf: vmlinux, module: nil)
    }
    for module in try modules() {
      if let id = module.btf.firstOwn(kind, named: name) {
        return KernelDefinition(id: id, btf: module.btf, module: module.name)
      }
    }
    return nil
  }
}
