extension BTF {
  /// What a type is: the `BTF_KIND_*` numbers.
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    case void, int, pointer, array, structure, union, enumeration, forward, typedef, volatile,
      const, restrict, function, functionPrototype, variable, dataSection, float, declarationTag,
      typeTag, enumeration64

    /// typedef, volatile, const, restrict and type tags: what stands between a use and its type.
    public var isModifier: Bool {
      switch self {
      case .typedef, .volatile, .const, .restrict, .typeTag: true
      default: false
      }
    }

    public var isComposite: Bool { self == .structure || self == .union }
    public var isEnumeration: Bool { self == .enumeration || self == .enumeration64 }

    /// Whether `struct btf_type`'s last word is the id of another type rather than a size.
    public var refersToType: Bool {
      switch self {
      case .pointer, .typedef, .volatile, .const, .restrict, .function, .functionPrototype,
        .variable, .declarationTag, .typeTag:
        true
      default: false
      }
    }
  }

  /// The head of a type, `struct btf_type`; what follows it is asked for by kind
  /// (`members(of:)`, `array(_:)` …).
  public struct TypeHead: Hashable, Sendable {
    public var id: UInt32
    public var kind: Kind
    /// In the strings; 0 = no name.
    public var nameOffset: UInt32
    /// `kind_flag`: bitfield offsets in a structure, signed enumerators, a forward union.
    public var flag: Bool
    /// `vlen`: members, enumerators, parameters or variables; the linkage of a function.
    public var count: Int
    /// The size in bytes, or the id of the type that is referred to (`Kind.refersToType`).
    public var sizeOrType: UInt32
  }

  /// `BTF_KIND_INT`.
  public struct Integer: Hashable, Sendable {
    public var size: Int
    /// The bits that count, of `size` bytes, from `bitOffset` on (always whole bytes in what
    /// clang writes).
    public var bits: Int
    public var bitOffset: Int
    public var isSigned: Bool
    public var isCharacter: Bool
    public var isBoolean: Bool
  }

  public struct ArrayShape: Hashable, Sendable {
    public var element: UInt32
    public var index: UInt32
    public var count: Int
  }

  /// A member of a structure or union.
  public struct Member: Hashable, Sendable {
    /// Empty for anonymous structures and unions.
    public var name: String
    public var type: UInt32
    public var bitOffset: Int
    /// nil unless it is a bitfield.
    public var bitSize: Int?

    public init(name: String, type: UInt32, bitOffset: Int, bitSize: Int? = nil) {
      self.name = name
      self.type = type
      self.bitOffset = bitOffset
      self.bitSize = bitSize
    }
  }

  /// A constant of an enumeration, of 32 or 64 bits.
  public struct Enumerator: Hashable, Sendable {
    public var name: String
    /// Sign-extended when the enumeration is signed.
    public var value: UInt64

    public init(name: String, value: UInt64) {
      self.name = name
      self.value = value
    }
  }

  public struct Parameter: Hashable, Sendable {
    public var name: String
    /// 0 after the last one means a variable number of arguments.
    public var type: UInt32
  }

  /// A variable in a data section: `struct btf_var_secinfo`.
  public struct SectionVariable: Hashable, Sendable {
    /// The `BTF_KIND_VAR`, or a function for the section of kfuncs.
    public var type: UInt32
    public var offset: UInt32
    public var size: UInt32

    public init(type: UInt32, offset: UInt32, size: UInt32) {
      self.type = type
      self.offset = offset
      self.size = size
    }
  }

  /// Who sees a variable or function: `BTF_VAR_*`, `BTF_FUNC_*`.
  public enum Linkage: UInt32, Hashable, Sendable {
    case `static` = 0
    case global = 1
    case extern = 2
  }

  public struct DeclarationTag: Hashable, Sendable {
    public var name: String
    /// The structure, variable, typedef or function that is tagged.
    public var type: UInt32
    /// The member or parameter; nil = the declaration itself.
    public var component: Int?
  }
}
