/// Writes the members of a mapping into the fields of a structure or union.
///
/// Members usually stand in the order of the fields, so each is looked for from where the last one
/// was found. Only when something does not add up is it looked up what.
struct RecordWriter {
  let members: [Value.Member]
  let fields: [Layout.Field]
  let union: Bool
  private var next = 0
  private var written = 0
  private var missing: [String] = []

  init(members: [Value.Member], fields: [Layout.Field], union: Bool) {
    self.members = members
    self.fields = fields
    self.union = union
  }

  mutating func write(into bytes: inout [UInt8], at offset: Int) throws(ValueError) {
    try write(fields, union: union, into: &bytes, at: offset)
    if written != members.count || !missing.isEmpty { try explain() }
  }

  private mutating func write(
    _ fields: [Layout.Field], union: Bool, into bytes: inout [UInt8], at offset: Int
  ) throws(ValueError) {
    if union {
      try writeUnion(fields, into: &bytes, at: offset)
    } else {
      for field in fields { try write(field, into: &bytes, at: offset) }
    }
  }

  private mutating func write(
    _ field: Layout.Field, into bytes: inout [UInt8], at offset: Int
  ) throws(ValueError) {
    let place = offset.addingReportingOverflow(field.bitOffset / 8)
    guard !place.overflow else { return }
    if let (inner, union) = field.anonymous {
      return try write(inner, union: union, into: &bytes, at: place.partialValue)
    }
    if field.isPadding { return }
    guard let index = find(field.name) else {
      if field.isWritten { missing.append(quoted(field.name)) }
      return
    }
    written += 1
    do {
      if let width = field.bitSize {
        let bits = try field.layout.rawBits(of: members[index].value, width: width)
        try RawBits.storeBits(
          bits, bitOffset: field.bitOffset, bitSize: width, into: &bytes, at: offset)
      } else {
        try field.layout.write(members[index].value, into: &bytes, at: place.partialValue)
      }
    } catch {
      throw error.inside(.member(field.name))
    }
  }

  /// One of the alternatives has to be given, an anonymous structure among them as a whole.
  private mutating func writeUnion(
    _ fields: [Layout.Field], into bytes: inout [UInt8], at offset: Int
  ) throws(ValueError) {
    let given = fields.filter { isGiven($0) }
    if let only = given.first, given.count == 1 {
      return try write(only, into: &bytes, at: offset)
    }
    let alternatives = (given.isEmpty ? fields : given).filter { needsValue($0) }.map(label)
    if given.isEmpty {
      if !alternatives.isEmpty {
        missing.append("one of \(alternatives.joined(separator: ", "))")
      }
      return
    }
    throw ValueError(
      message: "\(given.map(label).joined(separator: " and ")) overlap in a union",
      hint: "give one of them")
  }

  private func label(_ field: Layout.Field) -> String {
    guard let (inner, _) = field.anonymous else { return quoted(field.name) }
    return "(" + Layout.names(of: inner).map(quoted).joined(separator: ", ") + ")"
  }

  private func needsValue(_ field: Layout.Field) -> Bool {
    guard let (inner, _) = field.anonymous else { return field.isWritten }
    return inner.contains { needsValue($0) }
  }

  private func isGiven(_ field: Layout.Field) -> Bool {
    if let (inner, _) = field.anonymous { return inner.contains { isGiven($0) } }
    return !field.name.isEmpty && members.contains { $0.name == field.name }
  }

  private mutating func find(_ name: String) -> Int? {
    for step in 0..<members.count {
      let index = (next + step) % members.count
      if members[index].name == name {
        next = index + 1
        return index
      }
    }
    return nil
  }

  private func explain() throws(ValueError) {
    let names = Layout.names(of: fields)
    let known = Set(names)
    var seen: Set<String> = []
    for member in members {
      guard known.contains(member.name) else {
        let listed = Layout.listed(names)
        throw ValueError(
          path: [.member(member.name)], message: "unknown field \(quoted(member.name))",
          hint: didYouMean(member.name, among: names)
            ?? (listed.isEmpty ? nil : "the fields are \(listed)"))
      }
      guard seen.insert(member.name).inserted else {
        throw ValueError(
          path: [.member(member.name)],
          message: "field \(quoted(member.name)) is given more than once")
      }
    }
    guard missing.isEmpty else {
      let noun = missing.count > 1 ? "fields " : missing[0].hasPrefix("one of") ? "" : "field "
      throw ValueError(message: "missing \(noun)\(missing.joined(separator: ", "))")
    }
  }
}

extension Layout {
  /// All names that a mapping may give, those of anonymous members included, in order.
  static func names(of fields: [Field]) -> [String] {
    fields.flatMap { field -> [String] in
      if let (inner, _) = field.anonymous { return names(of: inner) }
      return field.isPadding ? [] : [field.name]
    }
  }
}
