extension ObjectFile {
  /// The relocations of a linked program, whose records are in instructions of the image.
  func coreRelocations(
    _ records: [BTFExtension.CORERelocation], of program: String
  ) throws(ObjectError) -> [CORERelocation] {
    guard let btf else { return [] }
    var relocations: [CORERelocation] = []
    relocations.reserveCapacity(records.count)
    // Records share few access strings; so do their copies.
    var accesses: [UInt32: String] = [:]
    for record in records {
      func failure(_ message: String) -> ObjectError {
        ObjectError(
          section: ".BTF.ext",
          message: "the CO-RE relocation of instruction \(record.instruction) of \"\(program)\" "
            + message)
      }
      guard let kind = CORERelocation.Kind(rawValue: record.kind) else {
        throw failure("has the unknown kind \(record.kind)")
      }
      guard btf.head(record.typeID) != nil else {
        throw failure("is about type \(record.typeID), which does not exist")
      }
      let access: String
      if let known = accesses[record.accessString] {
        access = known
      } else {
        let bytes = btf.nameBytes(at: record.accessString)
        guard !bytes.isEmpty, bytes.count <= 255 else {
          throw failure("has an access string of \(bytes.count) bytes")
        }
        access = String(decoding: bytes, as: UTF8.self)
        accesses[record.accessString] = access
      }
      relocations.append(
        CORERelocation(
          instruction: Int(record.instruction), kind: kind, typeID: record.typeID,
          access: access))
    }
    return relocations
  }
}

extension ProgramImage {
  /// What each relocation is about, in words that are the same for every build of the same source:
  /// for digests, which are taken before relocation.
  public var coreSubjects: [String] {
    guard let localTypes else { return [] }
    let btf = localTypes.btf
    return coreRelocations.map { relocation in
      let path = (try? AccessPath(relocation, in: btf)) ?? AccessPath(root: relocation.typeID)
      return "\(relocation.instruction) \(relocation.kind.rawValue) "
        + path.spelling(relocation.kind, in: btf)
    }
  }
}
