extension BTF {
  /// A kind of type, or a use of one, that came to the kernel after BTF itself.
  public enum Addition: String, Hashable, Sendable, CaseIterable {
    /// Variables and data sections (5.2).
    case dataSections
    /// Functions and their prototypes (5.0).
    case functions
    /// Functions that are not static (5.6).
    case globalFunctions
    /// Floating point (5.13).
    case floats
    /// Declaration tags (5.16).
    case declarationTags
    /// Type tags (5.17).
    case typeTags
    /// Enumerations of 64 bits and of signed values (6.0).
    case wideEnumerations
  }

  /// The bytes for a kernel that lacks `missing`: each such type becomes another one of the same
  /// size, as libbpf chooses it, so that all ids stay what they are.
  public func replacing(_ missing: Set<Addition>) -> [UInt8] {
    var copy = self
    guard base == nil else { return encoded() }
    var placeholder: UInt32?
    if missing.contains(.wideEnumerations), !ids(of: .enumeration64).isEmpty {
      let name = copy.appendString("enum64_placeholder")
      placeholder = copy.appendType([name, UInt32(Kind.int.rawValue) << 24, 1, 8])
    }
    for id in firstID..<UInt32(truncatingIfNeeded: count) {
      copy.replace(id, missing, placeholder)
    }
    return copy.encoded()
  }

  private mutating func replace(
    _ id: UInt32, _ missing: Set<Addition>, _ placeholder: UInt32?
  ) {
    guard let head = head(id), let start = start(of: id) else { return }
    func info(_ kind: Kind, count: Int = 0) -> UInt32 {
      UInt32(kind.rawValue) << 24 | UInt32(truncatingIfNeeded: count) & 0xffff
    }
    switch head.kind {
    case .variable where missing.contains(.dataSections),
      .declarationTag where missing.contains(.declarationTags):
      // One byte fits into whatever holds the variable.
      setWord(info(.int), at: start + 4)
      setWord(1, at: start + 8)
      setWord(8, at: start + 12)
    case .dataSection where missing.contains(.dataSections):
      let name = copyName(head.nameOffset)
      let members = variables(of: id).map { entry in
        (
          name: self.head(entry.type)?.nameOffset ?? 0, type: entry.type,
          bits: entry.offset &* 8
        )
      }
      setWord(name, at: start)
      setWord(info(.structure, count: head.count), at: start + 4)
      for (index, member) in members.enumerated() {
        let at = start + 12 + 12 * index
        setWord(member.name, at: at)
        setWord(member.type, at: at + 4)
        setWord(member.bits, at: at + 8)
      }
    case .functionPrototype where missing.contains(.functions):
      setWord(info(.enumeration, count: head.count), at: start + 4)
      setWord(4, at: start + 8)
    case .function where missing.contains(.functions):
      setWord(info(.typedef), at: start + 4)
    case .function where missing.contains(.globalFunctions):
      setWord(info(.function), at: start + 4)
    case .float where missing.contains(.floats):
      // No structure may be called `float`.
      setWord(0, at: start)
      setWord(info(.structure), at: start + 4)
    case .typeTag where missing.contains(.typeTags):
      setWord(0, at: start)
      setWord(info(.const), at: start + 4)
    case .enumeration where missing.contains(.wideEnumerations):
      setWord(info(.enumeration, count: head.count), at: start + 4)
    case .enumeration64 where missing.contains(.wideEnumerations):
      setWord(info(.union, count: head.count), at: start + 4)
      for index in 0..<head.count {
        let at = start + 12 + 12 * index
        setWord(placeholder ?? 0, at: at + 4)
        setWord(0, at: at + 8)
      }
    default: break
    }
  }

  /// The name of a section as the name of a structure.
  private mutating func copyName(_ offset: UInt32) -> UInt32 {
    let name = name(at: offset)
    let plain = String(name.map { $0 == "." || $0 == "?" ? "_" : $0 })
    return plain == name ? offset : appendString(plain)
  }
}
