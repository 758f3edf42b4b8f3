extension BTF {
  /// How many references are followed before they count as a cycle; the kernel's own limit.
  static let depthLimit = 32

  /// The BTF whose own type this is, and where it starts there.
  private func own(_ id: UInt32, _ kinds: Kind...) -> (btf: BTF, head: TypeHead, offset: Int)? {
    if id < firstID {
      guard let base, let found = base.head(id), kinds.contains(found.kind),
        let start = base.start(of: id)
      else { return nil }
      return (base, found, start + 12)
    }
    guard let found = head(id), kinds.contains(found.kind), let start = start(of: id) else {
      return nil
    }
    return (self, found, start + 12)
  }

  /// The type behind typedefs, const, volatile, restrict and type tags; nil for an id that does
  /// not exist and for cycles.
  public func skipModifiers(_ id: UInt32) -> TypeHead? {
    var next = id
    for _ in 0..<BTF.depthLimit {
      guard let found = head(next) else { return nil }
      guard found.kind.isModifier else { return found }
      next = found.sizeOrType
    }
    return nil
  }

  /// Bytes that a value of the type takes; nil for what has no size (void, functions, forwards),
  /// for cycles, and past 2^31 - 1.
  public func size(of id: UInt32) -> Int? {
    var next = id
    var factor = 1
    for _ in 0..<BTF.depthLimit {
      guard let found = head(next) else { return nil }
      let size: Int
      switch found.kind {
      case .int, .structure, .union, .enumeration, .enumeration64, .float, .dataSection:
        size = Int(found.sizeOrType)
      case .pointer: size = 8
      case .typedef, .volatile, .const, .restrict, .typeTag, .variable, .declarationTag:
        next = found.sizeOrType
        continue
      case .array:
        guard let shape = array(next) else { return nil }
        let (product, overflow) = factor.multipliedReportingOverflow(by: shape.count)
        guard !overflow, product <= Int(Int32.max) else { return nil }
        factor = product
        next = shape.element
        continue
      case .void, .forward, .function, .functionPrototype: return nil
      }
      let (product, overflow) = factor.multipliedReportingOverflow(by: size)
      return !overflow && product <= Int(Int32.max) ? product : nil
    }
    return nil
  }

  public func integer(_ id: UInt32) -> Integer? {
    guard let (btf, head, offset) = own(id, .int) else { return nil }
    let word = btf.types.word(at: offset)
    return Integer(
      size: Int(head.sizeOrType), bits: Int(word & 0xff), bitOffset: Int((word >> 16) & 0xff),
      isSigned: word & (1 << 24) != 0, isCharacter: word & (1 << 25) != 0,
      isBoolean: word & (1 << 26) != 0)
  }

  public func array(_ id: UInt32) -> ArrayShape? {
    guard let (btf, _, offset) = own(id, .array) else { return nil }
    return ArrayShape(
      element: btf.types.word(at: offset), index: btf.types.word(at: offset + 4),
      count: Int(btf.types.word(at: offset + 8)))
  }

  /// The members of a structure or union, in the order of their declaration; empty for any other
  /// type.
  public func members(of id: UInt32) -> [Member] {
    guard let (btf, head, offset) = own(id, .structure, .union) else { return [] }
    return (0..<head.count).map { index in
      let at = offset + 12 * index
      let word = btf.types.word(at: at + 8)
      let bits = head.flag ? Int(word >> 24) : 0
      return Member(
        name: name(at: btf.types.word(at: at)), type: btf.types.word(at: at + 4),
        bitOffset: Int(head.flag ? word & 0xff_ffff : word), bitSize: bits == 0 ? nil : bits)
    }
  }

  /// The constants of an enumeration of 32 or 64 bits; empty for any other type.
  public func enumerators(of id: UInt32) -> [Enumerator] { enumerators(of: id, limit: .max) }

  func enumerators(of id: UInt32, limit: Int) -> [Enumerator] {
    guard let (btf, head, offset) = own(id, .enumeration, .enumeration64) else { return [] }
    return (0..<min(head.count, limit)).map { index in
      let value: UInt64
      let at: Int
      if head.kind == .enumeration {
        at = offset + 8 * index
        let word = btf.types.word(at: at + 4)
        value = head.flag ? UInt64(bitPattern: Int64(Int32(bitPattern: word))) : UInt64(word)
      } else {
        at = offset + 12 * index
        value = UInt64(btf.types.word(at: at + 8)) << 32 | UInt64(btf.types.word(at: at + 4))
      }
      return Enumerator(name: name(at: btf.types.word(at: at)), value: value)
    }
  }

  /// Whether an enumeration's constants are signed.
  public func isSignedEnumeration(_ id: UInt32) -> Bool {
    head(id).map { $0.kind.isEnumeration && $0.flag } ?? false
  }

  public func parameters(of id: UInt32) -> [Parameter] {
    guard let (btf, head, offset) = own(id, .functionPrototype) else { return [] }
    return (0..<head.count).map { index in
      let at = offset + 8 * index
      return Parameter(
        name: name(at: btf.types.word(at: at)), type: btf.types.word(at: at + 4))
    }
  }

  /// The variables of a data section, in the order that they stand there.
  public func variables(of id: UInt32) -> [SectionVariable] {
    guard let (btf, head, offset) = own(id, .dataSection) else { return [] }
    return (0..<head.count).map { index in
      let at = offset + 12 * index
      return SectionVariable(
        type: btf.types.word(at: at), offset: btf.types.word(at: at + 4),
        size: btf.types.word(at: at + 8))
    }
  }

  /// The linkage of a variable or function; nil for other types and unknown values.
  public func linkage(of id: UInt32) -> Linkage? {
    guard let (btf, head, offset) = own(id, .variable, .function) else { return nil }
    return Linkage(
      rawValue: head.kind == .variable ? btf.types.word(at: offset) : UInt32(head.count))
  }

  public func declarationTag(_ id: UInt32) -> DeclarationTag? {
    guard let (btf, head, offset) = own(id, .declarationTag) else { return nil }
    let component = Int32(bitPattern: btf.types.word(at: offset))
    return DeclarationTag(
      name: name(at: head.nameOffset), type: head.sizeOrType,
      component: component < 0 ? nil : Int(component))
  }
}
