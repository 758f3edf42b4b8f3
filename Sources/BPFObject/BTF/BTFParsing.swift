/// `struct btf_header`.
struct BTFHeader {
  static let magic: UInt16 = 0xeb9f
  var bigEndian: Bool
  /// Where the types and strings lie in the section.
  var types: Range<Int>
  var strings: Range<Int>

  init(parsing bytes: [UInt8], section: String) throws(ObjectError) {
    guard bytes.count >= 24 else {
      throw ObjectError(
        section: section, offset: 0,
        message: "truncated: the BTF header takes 24 bytes, there are \(bytes.count)")
    }
    guard let order = BTFHeader.bigEndian(bytes) else {
      throw ObjectError(section: section, offset: 0, message: "not BTF: the magic is missing")
    }
    bigEndian = order
    var reader = ByteReader(bytes, section: section, bigEndian: order)
    _ = try reader.read(UInt16.self)
    let version = try reader.read(UInt8.self)
    guard version == 1 else {
      throw reader.failure("BTF version \(version) is not known, only 1 is")
    }
    _ = try reader.read(UInt8.self)
    let length = Int(try reader.read(UInt32.self))
    guard length >= 24, length <= bytes.count else {
      throw reader.failure("the header's length of \(length) bytes is impossible")
    }
    let typesStart = Int(try reader.read(UInt32.self)) + length
    let typesLength = Int(try reader.read(UInt32.self))
    let stringsStart = Int(try reader.read(UInt32.self)) + length
    let stringsLength = Int(try reader.read(UInt32.self))
    guard typesStart + typesLength <= bytes.count, typesStart % 4 == 0, typesLength % 4 == 0 else {
      throw reader.failure("the types reach past the end or are not aligned")
    }
    guard stringsStart + stringsLength <= bytes.count else {
      throw reader.failure("the strings reach past the end")
    }
    types = typesStart..<typesStart + typesLength
    strings = stringsStart..<stringsStart + stringsLength
  }

  /// The byte order that the magic shows; nil = no magic.
  static func bigEndian(_ bytes: [UInt8]) -> Bool? {
    guard bytes.count >= 2 else { return nil }
    switch (bytes[0], bytes[1]) {
    case (0x9f, 0xeb): return false
    case (0xeb, 0x9f): return true
    default: return nil
    }
  }
}

extension BTF {
  /// Bytes after `struct btf_type`.
  static func trailingSize(_ kind: Kind, count: Int) -> Int {
    switch kind {
    case .int, .variable, .declarationTag: 4
    case .array: 12
    case .structure, .union, .dataSection, .enumeration64: 12 * count
    case .enumeration, .functionPrototype: 8 * count
    case .void, .pointer, .forward, .typedef, .volatile, .const, .restrict, .function, .float,
      .typeTag:
      0
    }
  }

  /// `trailingSize` of all kinds in two numbers, two bits for each kind, in words of four bytes.
  private struct Sizes {
    /// What follows a type of that kind.
    var fixed: UInt64 = 0
    /// What follows for each member, constant, parameter or variable.
    var each: UInt64 = 0
    var known: UInt32 = 0

    init() {
      for kind in Kind.allCases where kind != .void {
        let size = trailingSize(kind, count: 0)
        fixed |= UInt64(size / 4) << (2 * UInt64(kind.rawValue))
        each |= UInt64((trailingSize(kind, count: 1) - size) / 4) << (2 * UInt64(kind.rawValue))
        known |= 1 << UInt32(kind.rawValue)
      }
    }

    @inline(__always)
    func trailing(_ info: UInt32) -> Int? {
      let kind = info >> 24 & 0x1f
      guard known &>> kind & 1 == 1 else { return nil }
      let shift = UInt64(2 &* kind)
      let words = fixed &>> shift & 3 &+ (each &>> shift & 3) &* UInt64(info & 0xffff)
      return Int(truncatingIfNeeded: words) &* 4
    }
  }

  /// Where each type starts. A kernel has more than a hundred thousand types: this is the one pass
  /// over them.
  func index(section: String, at sectionOffset: Int) throws(ObjectError) -> [UInt32] {
    let sizes = Sizes()
    let end = types.count
    var offset = 0
    // Room for as many as there can be; what is not written takes no memory.
    let starts = unsafe [UInt32](unsafeUninitializedCapacity: end / 12) { buffer, count in
      unsafe types.all.withUnsafeBytes { types in
        var at = 0
        var found = 0
        while end &- at >= 12 {
          let info = unsafe types.loadUnaligned(fromByteOffset: at &+ 4, as: UInt32.self)
          guard let trailing = sizes.trailing(UInt32(littleEndian: info)),
            trailing <= end &- at &- 12
          else { break }
          // Each takes 12 bytes or more, so there is room.
          unsafe buffer[found] = UInt32(truncatingIfNeeded: at)
          found &+= 1
          at &+= 12 &+ trailing
        }
        offset = at
        count = found
      }
    }
    guard offset < end else { return starts }
    let id = Int(firstID) + starts.count
    func failure(_ message: String) -> ObjectError {
      ObjectError(section: section, offset: sectionOffset + offset, message: message)
    }
    guard end - offset >= 12 else { throw failure("truncated: half a type") }
    let info = types.word(at: offset + 4)
    guard sizes.trailing(info) != nil else {
      throw failure("type \(id) has the unknown kind \(info >> 24 & 0x1f)")
    }
    throw failure("type \(id) reaches past the end of the types")
  }

  /// Checks that every name and every type that is referred to exists.
  func checkReferences(section: String, at sectionOffset: Int) throws(ObjectError) {
    let count = UInt32(truncatingIfNeeded: count)
    let stringsEnd = UInt32(truncatingIfNeeded: stringsEnd)
    func check(type: UInt32, name: UInt32, at offset: Int) throws(ObjectError) {
      guard type < count else {
        throw ObjectError(
          section: section, offset: sectionOffset + offset,
          message: "a reference to type \(type), but there are only \(count)")
      }
      guard name < stringsEnd || name == 0 else {
        throw ObjectError(
          section: section, offset: sectionOffset + offset,
          message: "a name at \(name), but the strings end at \(stringsEnd)")
      }
    }
    for start in starts {
      let start = Int(start)
      let info = types.word(at: start + 4)
      guard let kind = Kind(rawValue: UInt8((info >> 24) & 0x1f)) else { continue }
      let entries = Int(info & 0xffff)
      try check(
        type: kind.refersToType ? types.word(at: start + 8) : 0, name: types.word(at: start),
        at: start)
      switch kind {
      case .array:
        try check(type: types.word(at: start + 12), name: 0, at: start)
        try check(type: types.word(at: start + 16), name: 0, at: start)
      case .structure, .union:
        for entry in 0..<entries {
          let offset = start + 12 + 12 * entry
          try check(
            type: types.word(at: offset + 4), name: types.word(at: offset), at: offset)
        }
      case .functionPrototype:
        for entry in 0..<entries {
          let offset = start + 12 + 8 * entry
          try check(
            type: types.word(at: offset + 4), name: types.word(at: offset), at: offset)
        }
      case .enumeration, .enumeration64:
        let size = kind == .enumeration ? 8 : 12
        for entry in 0..<entries {
          let offset = start + 12 + size * entry
          try check(type: 0, name: types.word(at: offset), at: offset)
        }
      case .dataSection:
        for entry in 0..<entries {
          let offset = start + 12 + 12 * entry
          try check(type: types.word(at: offset), name: 0, at: offset)
        }
      default: break
      }
    }
  }

  /// The BTF as the kernel takes it with BTF_LOAD: header, types, strings, little-endian.
  ///
  /// Split BTF encodes its own part only.
  public func encoded() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(24 + types.count + strings.count)
    bytes.append(littleEndian: BTFHeader.magic)
    bytes.append(1)
    bytes.append(0)
    bytes.append(littleEndian: 24 as UInt32)
    bytes.append(littleEndian: 0 as UInt32)
    bytes.append(littleEndian: UInt32(truncatingIfNeeded: types.count))
    bytes.append(littleEndian: UInt32(truncatingIfNeeded: types.count))
    bytes.append(littleEndian: UInt32(truncatingIfNeeded: strings.count))
    bytes.append(contentsOf: types.all)
    bytes.append(contentsOf: strings.all)
    return bytes
  }
}
