/// What a struct_ops map has to hold: a structure of the kernel's, as the object declares it, whose
/// members are functions that programs provide and plain values.
///
/// Where its members lie, and which there are, differs between kernels. `layout(in:)` fits it to one.
public struct StructOps: Hashable, Sendable {
  public struct Member: Hashable, Sendable {
    public var name: String
    /// Bytes from the structure's start; of a bit-field those of its storage.
    public var offset: Int
    public var size: Int
    public var isBitField: Bool
    /// The kind of its type without modifiers.
    public var kind: BTF.Kind
    /// The function of the object that it is set to.
    public var program: String?
  }

  /// The structure's name in the object: `tcp_congestion_ops`, `sched_ext_ops___v2`.
  public var structure: String
  public var members: [Member]
  /// The structure's bytes in the object, without addresses.
  public var contents: [UInt8]

  public init(structure: String, members: [Member], contents: [UInt8]) {
    self.structure = structure
    self.members = members
    self.contents = contents
  }

  /// The structure's name in the kernel.
  public var kernelName: String { Flavour.essential(structure) }

  /// The functions that members are set to, by the members' names.
  public var programs: [String: String] {
    var programs: [String: String] = [:]
    for member in members { if let program = member.program { programs[member.name] = program } }
    return programs
  }

  /// `BPF_F_LINK`: registered by a link, not by being filled.
  public static let linkFlag: UInt32 = 1 << 13
}

/// The member of a structure of the kernel's that a program is made for.
public struct StructOpsMember: Hashable, Sendable {
  /// As in the object.
  public var structure: String
  public var member: String

  public init(structure: String, member: String) {
    self.structure = structure
    self.member = member
  }
}

extension StructOps {
  /// Where one kernel has everything.
  public struct Layout: Hashable, Sendable {
    /// The types of the structure and of the map's value, which surrounds it.
    public var typeID: UInt32
    public var valueTypeID: UInt32
    /// The value with all that are not functions in place.
    public var value: [UInt8]
    /// By the member's name: where the program's descriptor goes in the value.
    public var functions: [String: Int]
  }

  /// Fits the structure to a kernel's types. Throws when the kernel has no such structure, or not the
  /// members that the object sets.
  public func layout(in kernel: BTF) throws(ObjectError) -> Layout {
    guard let type = kernel.first(.structure, named: kernelName),
      let valueType = kernel.first(.structure, named: "bpf_struct_ops_\(kernelName)"),
      let size = kernel.size(of: valueType),
      let data = kernel.members(of: valueType).first(where: {
        kernel.skipModifiers($0.type)?.id == type
      })
    else {
      throw ObjectError(
        message: "this kernel has no struct_ops \(kernelName)",
        hint: "it may be in a module that is not loaded, or in a newer kernel")
    }
    var layout = Layout(
      typeID: type, valueTypeID: valueType, value: [UInt8](repeating: 0, count: size),
      functions: [:])
    var counterparts: [String: BTF.Member] = [:]
    for member in kernel.members(of: type) { counterparts[member.name] = member }
    for member in members {
      try place(
        member, counterparts[Flavour.essential(member.name)], kernel, base: data.bitOffset / 8,
        &layout)
    }
    return layout
  }

  private func place(
    _ member: Member, _ counterpart: BTF.Member?, _ kernel: BTF, base: Int, _ layout: inout Layout
  ) throws(ObjectError) {
    func failure(_ message: String) -> ObjectError {
      ObjectError(message: "member \(member.name) of struct \(structure) \(message)")
    }
    let end = member.offset + member.size
    guard member.offset >= 0, end <= contents.count else {
      throw failure("reaches past its end")
    }
    let bytes = contents[member.offset..<end]
    guard let counterpart else {
      // What the object leaves alone the kernel need not have.
      if member.program == nil, bytes.allSatisfy({ $0 == 0 }) { return }
      throw failure("is set, and this kernel's struct \(kernelName) has no such member")
    }
    guard !member.isBitField, counterpart.bitSize == nil else {
      throw failure("is a bit-field, which struct_ops maps cannot have")
    }
    guard let head = kernel.skipModifiers(counterpart.type), head.kind == member.kind else {
      throw failure("is of another kind in this kernel")
    }
    let offset = base + counterpart.bitOffset / 8
    if member.kind == .pointer {
      guard member.program != nil else { return }
      guard kernel.skipModifiers(head.sizeOrType)?.kind == .functionPrototype else {
        throw failure("is no function in this kernel")
      }
      guard offset + 8 <= layout.value.count else { throw failure("lies outside of the value") }
      layout.functions[member.name] = offset
      return
    }
    guard kernel.size(of: counterpart.type) == member.size else {
      throw failure("has \(member.size) bytes, and another size in this kernel")
    }
    guard offset + member.size <= layout.value.count else {
      throw failure("lies outside of the value")
    }
    layout.value.replaceSubrange(offset..<offset + member.size, with: bytes)
  }
}

extension StructOpsMember {
  /// The structure's type in a kernel, and the member's place among its members: what PROG_LOAD takes
  /// as `attach_btf_id` and `expected_attach_type`.
  public func target(in kernel: BTF) throws(ObjectError) -> (typeID: UInt32, index: UInt32) {
    let name = Flavour.essential(structure)
    guard let type = kernel.first(.structure, named: name) else {
      throw ObjectError(
        message: "this kernel has no struct_ops \(name)",
        hint: "it may be in a module that is not loaded, or in a newer kernel")
    }
    let wanted = Flavour.essential(member)
    guard let index = kernel.members(of: type).firstIndex(where: { $0.name == wanted }) else {
      throw ObjectError(message: "this kernel's struct \(name) has no member \(wanted)")
    }
    return (type, UInt32(truncatingIfNeeded: index))
  }
}
