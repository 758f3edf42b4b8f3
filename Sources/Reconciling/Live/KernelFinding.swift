public import BPFObject

extension KernelSurvey {
  /// What a kernel has for an extern.
  public enum Finding: Hashable, Sendable {
    /// A function or variable of its BTF; `module` is nil for vmlinux.
    case type(id: UInt32, module: String?)
    case address(UInt64)
    /// What stands in the kernel's configuration, or a number.
    case setting(String)
    /// It is there and does not fit the object's declaration.
    case unfit(String)
    case absent
    case unknown(String)
  }
}

extension KernelSurvey.Finding {
  /// What becomes of a reference to it.
  public enum Use: Hashable, Sendable {
    case value(ExternValue)
    /// The type is a module's, which the load names by a descriptor.
    case module(id: UInt32, name: String)
    /// The program cannot be loaded, and why.
    case missing(String, hint: String?)
  }

  /// The rules by which `reference` is filled in: what is weak may be missing, and a function that is
  /// weak may be of another type.
  public func use(for reference: ExternReference) -> Use {
    let name = reference.kernelName
    switch self {
    case .type(let id, nil): return .value(.type(id: id, module: 0))
    case .type(let id, let module?): return .module(id: id, name: module)
    case .address(let address): return .value(.address(address))
    case .absent where reference.isWeak: return .value(.absent)
    case .unfit where reference.isWeak && reference.isFunction: return .value(.absent)
    case .absent where reference.asksForAddress:
      return .missing(
        "this kernel has no symbol \(name)", hint: "grep ' \(name)$' /proc/kallsyms")
    case .absent:
      return .missing(
        "this kernel has no \(reference.isFunction ? "function" : "variable") \(name) for programs",
        hint: "it may be in a module that is not loaded, or in a newer kernel")
    case .unfit(let why): return .missing("\(name): \(why)", hint: nil)
    case .setting: return .missing("\(name) is a setting", hint: nil)
    case .unknown(let why): return .missing("\(name): \(why)", hint: nil)
    }
  }
}

extension ExternReference {
  /// Nothing but its address is asked for, whatever its type.
  var asksForAddress: Bool { !isFunction && typeID == 0 }
}
