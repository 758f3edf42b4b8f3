/// A place in a program's code that depends on the kernel's types: compile once, run everywhere.
///
/// The compiler wrote a number as the object's own types (`LocalTypes`) have it; a kernel's types
/// say what it has to be there. `ProgramImage.relocated(against:)` puts it in.
public struct CORERelocation: Hashable, Sendable {
  /// What the number is: `enum bpf_core_relo_kind`.
  public enum Kind: UInt32, Hashable, Sendable, CaseIterable {
    /// Bytes from the start of the root type to the field (or to the word that holds a bitfield).
    case fieldByteOffset
    /// Bytes of the field, or of the word to load for a bitfield.
    case fieldByteSize
    /// 1 when the field exists, else 0.
    case fieldExists
    /// 1 when the field is signed, else 0.
    case fieldSigned
    /// How far a 64-bit value is shifted left to have a bitfield's highest bit first.
    case fieldShiftLeft
    /// How far it is then shifted right to have the bitfield alone.
    case fieldShiftRight
    /// The type's id in the object's BTF, as it is loaded with the program.
    case typeIDLocal
    /// The type's id in the kernel's BTF; 0 when there is none.
    case typeIDTarget
    /// 1 when the type exists, else 0.
    case typeExists
    /// Bytes of the type; 0 when there is none.
    case typeSize
    /// 1 when the enumeration has the constant, else 0.
    case enumeratorExists
    /// The constant's value.
    case enumeratorValue
    /// 1 when a type exists that has all members of the local one, with matching types.
    case typeMatches
  }

  /// The instruction in the image; the first slot of a 64-bit load.
  public var instruction: Int
  public var kind: Kind
  /// The root type in the object's BTF.
  public var typeID: UInt32
  /// Indexes of members and elements from a pointer to the root type, `0:1:2`; the index of the
  /// constant for enumerations; `0` for types.
  public var access: String

  public init(instruction: Int, kind: Kind, typeID: UInt32, access: String) {
    self.instruction = instruction
    self.kind = kind
    self.typeID = typeID
    self.access = access
  }
}

extension CORERelocation.Kind: CustomStringConvertible {
  /// `byte offset`, `type id`: as used in "the byte offset of struct task_struct.pid".
  public var description: String {
    switch self {
    case .fieldByteOffset: "byte offset"
    case .fieldByteSize: "byte size"
    case .fieldExists: "existence"
    case .fieldSigned: "signedness"
    case .fieldShiftLeft: "left shift"
    case .fieldShiftRight: "right shift"
    case .typeIDLocal: "local type id"
    case .typeIDTarget: "type id"
    case .typeExists: "existence"
    case .typeSize: "size"
    case .enumeratorExists: "existence"
    case .enumeratorValue: "value"
    case .typeMatches: "match"
    }
  }

  /// libbpf's word: `byte_off`, `type_exists`.
  public var name: String {
    switch self {
    case .fieldByteOffset: "byte_off"
    case .fieldByteSize: "byte_sz"
    case .fieldExists: "field_exists"
    case .fieldSigned: "signed"
    case .fieldShiftLeft: "lshift_u64"
    case .fieldShiftRight: "rshift_u64"
    case .typeIDLocal: "local_type_id"
    case .typeIDTarget: "target_type_id"
    case .typeExists: "type_exists"
    case .typeSize: "type_size"
    case .enumeratorExists: "enumval_exists"
    case .enumeratorValue: "enumval_value"
    case .typeMatches: "type_matches"
    }
  }

  var isField: Bool { rawValue <= Self.fieldShiftRight.rawValue }
  var isEnumerator: Bool { self == .enumeratorExists || self == .enumeratorValue }
  var isType: Bool { !isField && !isEnumerator }
}

/// What became of a relocation against one kernel's types.
public struct COREResult: Hashable, Sendable {
  public enum Outcome: Hashable, Sendable {
    /// The number that was put in, and the type that it comes from (nil for local type ids, and for
    /// the 0 of what does not exist).
    case resolved(UInt64, from: TargetType?)
    /// There is no such number: the instruction was replaced with a call of a helper that does not
    /// exist, which the verifier removes in dead code and rejects everywhere else.
    case poisoned(why: String)
    /// `relocated(against:)` fails because of it; only a survey holds such ones.
    case refused(why: String)
  }

  /// A type of the kernel.
  public struct TargetType: Hashable, Sendable {
    /// `struct task_struct`.
    public var name: String
    public var id: UInt32
    /// The module that has it; nil = vmlinux.
    public var module: String?
  }

  public var relocation: CORERelocation
  /// What it is about, in C's words: `struct task_struct.pid`, `enum bpf_map_type::BPF_MAP_TYPE_HASH`.
  public var subject: String
  /// The number that the compiler wrote; nil where it is not known.
  public var localValue: UInt64?
  public var outcome: Outcome

  /// Why there is no number; nil if there is one.
  public var failure: String? {
    switch outcome {
    case .resolved: nil
    case .poisoned(let why), .refused(let why): why
    }
  }

  public var isPoisoned: Bool { if case .poisoned = outcome { true } else { false } }
}

extension COREResult: CustomStringConvertible {
  /// `byte offset of struct task_struct.pid: 1256 (struct task_struct [171] of vmlinux)`
  public var description: String {
    let what = "\(relocation.kind) of \(subject)"
    switch outcome {
    case .resolved(let value, let target):
      let text = relocation.kind == .enumeratorValue ? "\(Int64(bitPattern: value))" : "\(value)"
      guard let target else { return "\(what): \(text)" }
      return "\(what): \(text) (\(target.name) [\(target.id)] of \(target.module ?? "vmlinux"))"
    case .poisoned(let why), .refused(let why): return "\(what) failed: \(why)"
    }
  }
}

/// The types of an object as its CO-RE relocations refer to them.
///
/// Shared between the images of an object. Two are equal when their BTF is, byte for byte.
public struct LocalTypes: Hashable, Sendable {
  private final class Box: Sendable {
    let btf: BTF
    init(_ btf: BTF) { self.btf = btf }
  }
  private let box: Box
  public var btf: BTF { box.btf }

  public init(_ btf: BTF) { box = Box(btf) }

  public static func == (left: Self, right: Self) -> Bool {
    left.box === right.box
      || left.btf.types == right.btf.types && left.btf.strings == right.btf.strings
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(btf.count)
    hasher.combine(btf.stringsEnd)
  }
}
