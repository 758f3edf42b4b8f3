/// The number that a relocation stands for, in the object's types or in a kernel's.
struct COREValue {
  var number: UInt64 = 0
  /// Whether the compiler must have written the local number: it has its own ways with bitfields.
  var isExact = true
  /// What a load or store of the field is as wide as, in bytes, and the type that is loaded; 0 when
  /// the width does not matter.
  var width = 0
  var type: UInt32 = 0

  /// The number of what does not exist; nil = the instruction cannot be made.
  static func missing(_ kind: CORERelocation.Kind) -> COREValue? {
    switch kind {
    case .fieldExists, .enumeratorExists, .typeExists, .typeMatches, .typeSize, .typeIDTarget:
      COREValue()
    default: nil
    }
  }

  private init() {}

  init(
    _ kind: CORERelocation.Kind, at path: AccessPath, in btf: BTF, bigEndian: Bool
  ) throws(ObjectError) {
    switch kind {
    case .fieldExists, .enumeratorExists, .typeExists, .typeMatches: number = 1
    case .typeIDLocal, .typeIDTarget:
      number = UInt64(path.root)
      // Linking renumbers types.
      isExact = false
    case .typeSize: number = UInt64(try Self.size(of: path.root, in: btf))
    case .enumeratorValue:
      guard let step = path.steps.first,
        let constants = btf.head(step.type).flatMap({ EnumerationView($0, in: btf) }),
        step.index < constants.count
      else { throw ObjectError(message: "there is no such constant") }
      number = constants.value(step.index)
    case .fieldByteOffset, .fieldByteSize, .fieldSigned, .fieldShiftLeft, .fieldShiftRight:
      try readField(kind, path, btf, bigEndian)
    }
  }

  private mutating func readField(
    _ kind: CORERelocation.Kind, _ path: AccessPath, _ btf: BTF, _ bigEndian: Bool
  ) throws(ObjectError) {
    guard let step = path.steps.last else { throw ObjectError(message: "there is no field") }
    guard step.name != nil else { return try readElement(kind, step, path, btf) }
    guard let members = btf.head(step.type).flatMap({ CompositeView($0, in: btf) }),
      step.index < members.count, let head = btf.skipModifiers(members[step.index].type)
    else { throw ObjectError(message: "there is no such field") }
    let bits = members[step.index].bitSize
    let word = try Self.word(of: head, bits: bits, at: path.bitOffset, in: btf)
    isExact = bits == 0
    switch kind {
    case .fieldByteOffset:
      number = UInt64(word.offset)
      if bits == 0 {
        width = try Self.elementSize(of: head.id, in: btf)
        type = head.id
      }
    case .fieldByteSize: number = UInt64(word.size)
    case .fieldSigned:
      number =
        head.kind.isEnumeration && head.flag || btf.integer(head.id)?.isSigned == true ? 1 : 0
      isExact = true
    case .fieldShiftLeft:
      let start = path.bitOffset - word.offset * 8
      number = UInt64(
        bitPattern: Int64(
          bigEndian ? (8 - word.size) * 8 + start : 64 - (start + word.bits)))
    default:
      number = UInt64(bitPattern: Int64(64 - word.bits))
      isExact = true
    }
  }

  private mutating func readElement(
    _ kind: CORERelocation.Kind, _ step: AccessPath.Step, _ path: AccessPath, _ btf: BTF
  ) throws(ObjectError) {
    switch kind {
    case .fieldByteOffset:
      number = UInt64(path.bitOffset / 8)
      width = try Self.elementSize(of: step.type, in: btf)
      type = step.type
    case .fieldByteSize: number = UInt64(try Self.size(of: step.type, in: btf))
    default: throw ObjectError(message: "an element of an array has no \(kind)")
    }
  }

  /// The aligned word that holds the field: for a bitfield the smallest one, starting with its
  /// type's size, that holds all its bits.
  private static func word(
    of head: BTF.TypeHead, bits: Int, at bitOffset: Int, in btf: BTF
  ) throws(ObjectError) -> (offset: Int, size: Int, bits: Int) {
    guard bits > 0 else {
      let size = try size(of: head.id, in: btf)
      return (bitOffset / 8, size, size * 8)
    }
    var size = head.kind.refersToType ? 0 : Int(head.sizeOrType)
    guard size > 0 else { throw ObjectError(message: "a bitfield of a type without a size") }
    while bitOffset + bits - bitOffset / 8 / size * size * 8 > size * 8 {
      guard size < 8 else {
        throw ObjectError(message: "the bitfield does not lie in any 64-bit word")
      }
      size *= 2
    }
    return (bitOffset / 8 / size * size, size, bits)
  }

  /// The innermost element of an array, or the type itself: what is loaded at once.
  private static func elementSize(of id: UInt32, in btf: BTF) throws(ObjectError) -> Int {
    var next = id
    for _ in 0..<BTF.depthLimit {
      guard let head = btf.skipModifiers(next) else { break }
      guard let array = btf.array(head.id) else { return try size(of: head.id, in: btf) }
      next = array.element
    }
    throw ObjectError(message: "its type is a cycle")
  }

  private static func size(of id: UInt32, in btf: BTF) throws(ObjectError) -> Int {
    guard let size = btf.size(of: id) else {
      throw ObjectError(message: "\(btf.spelling(of: id)) has no size")
    }
    return size
  }
}
