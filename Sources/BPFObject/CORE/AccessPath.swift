/// The way from a root type to a field or constant, in the object's types or in the kernel's.
struct AccessPath {
  /// A named member, or an element of an array (the first step: of the pointer to the root).
  struct Step {
    /// The composite that has the member; the type of the element.
    var type: UInt32
    var index: Int
    /// The name's offset in the strings; nil for elements.
    var name: UInt32?
  }

  static let limit = 64

  var root: UInt32
  var steps: [Step] = []
  /// All indexes, those through anonymous members too.
  var depth = 0
  var bitOffset = 0

  init(root: UInt32) { self.root = root }

  /// Reads an access string in the object's own types.
  init(_ relocation: CORERelocation, in btf: BTF) throws(ObjectError) {
    root = relocation.typeID
    let indexes = try Self.indexes(relocation.access)
    if relocation.kind.isType {
      guard indexes == [0] else { throw Self.failure("a type has no fields to follow") }
      return
    }
    guard let head = btf.skipModifiers(root) else { throw Self.failure("its type is a cycle") }
    depth = indexes.count
    steps.append(Step(type: head.id, index: indexes[0]))
    if relocation.kind.isEnumerator {
      guard let constants = EnumerationView(head, in: btf), indexes.count == 1,
        indexes[0] < constants.count
      else { throw Self.failure("there is no such constant") }
      steps[0].name = constants.nameOffset(indexes[0])
      return
    }
    try advance(by: indexes[0], of: head.id, in: btf)
    var id = head.id
    for index in indexes.dropFirst() { id = try follow(index, from: id, in: btf) }
  }

  private mutating func follow(
    _ index: Int, from id: UInt32, in btf: BTF
  ) throws(ObjectError) -> UInt32 {
    guard let head = btf.skipModifiers(id) else { throw Self.failure("its type is a cycle") }
    if let members = CompositeView(head, in: btf) {
      guard index < members.count else { throw Self.failure("there is no member \(index)") }
      let member = members[index]
      bitOffset += member.bitOffset
      if member.nameOffset != 0 {
        guard !btf.nameBytes(at: member.nameOffset).isEmpty else {
          throw Self.failure("a member has an empty name")
        }
        steps.append(Step(type: head.id, index: index, name: member.nameOffset))
      }
      return member.type
    }
    guard let array = btf.array(head.id) else {
      throw Self.failure("a field of what is neither a structure nor an array")
    }
    guard let element = btf.skipModifiers(array.element) else {
      throw Self.failure("its type is a cycle")
    }
    guard index < array.count || isFlexible(array, in: btf) else {
      throw Self.failure("the element \(index) of an array of \(array.count)")
    }
    steps.append(Step(type: element.id, index: index))
    try advance(by: index, of: element.id, in: btf)
    return element.id
  }

  mutating func advance(by index: Int, of type: UInt32, in btf: BTF) throws(ObjectError) {
    guard let size = btf.size(of: type) else {
      throw Self.failure("\(btf.spelling(of: type)) has no size")
    }
    let (bytes, overflow) = index.multipliedReportingOverflow(by: size)
    guard !overflow, bytes <= Int(Int32.max) else { throw Self.failure("the offset is too large") }
    bitOffset += bytes * 8
  }

  /// An array without elements that ends a structure has as many as the program says.
  func isFlexible(_ array: BTF.ArrayShape, in btf: BTF) -> Bool {
    guard array.count == 0, let last = steps.last, last.name != nil,
      let head = btf.head(last.type)
    else { return false }
    return last.index == head.count - 1
  }

  private static func indexes(_ access: String) throws(ObjectError) -> [Int] {
    var indexes: [Int] = []
    for part in access.utf8.split(separator: 0x3a, omittingEmptySubsequences: false) {
      var value = 0
      guard !part.isEmpty, part.count <= 10 else { throw malformed(access) }
      for digit in part {
        guard (0x30...0x39).contains(digit) else { throw malformed(access) }
        value = value * 10 + Int(digit - 0x30)
      }
      guard value <= Int(Int32.max) else { throw malformed(access) }
      guard indexes.count < limit else {
        throw failure("the access is nested deeper than \(limit) levels")
      }
      indexes.append(value)
    }
    return indexes
  }

  private static func malformed(_ access: String) -> ObjectError {
    failure("malformed access string \"\(access.prefix(40))\"")
  }

  static func failure(_ message: String) -> ObjectError { ObjectError(message: message) }
}

extension AccessPath {
  /// `struct task_struct.pid`, `struct a[1].b[2].c`, `enum e::ONE`; cut where it gets long.
  func spelling(_ kind: CORERelocation.Kind, in btf: BTF) -> String {
    var text = btf.spelling(of: root)
    if kind.isType { return text }
    for (position, step) in steps.enumerated() where text.utf8.count < 192 {
      if let name = step.name {
        let bytes = btf.nameBytes(at: name).prefix(64)
        text += (kind.isEnumerator ? "::" : ".") + String(decoding: bytes, as: UTF8.self)
      } else if position > 0 || step.index > 0 {
        text += "[\(step.index)]"
      }
    }
    return text
  }
}
