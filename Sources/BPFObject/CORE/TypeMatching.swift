/// `bpf_core_type_matches()`: every member of the local type exists in the kernel's with a type that
/// matches; behind pointers names and kinds are enough.
extension TypeComparison {
  func areMatching(
    _ localID: UInt32, _ targetID: UInt32, behindPointer: Bool = false,
    level: Int = BTF.depthLimit
  ) throws(ObjectError) -> Bool {
    guard level > 0 else { throw TypeComparison.tooDeep() }
    var localID = localID
    var targetID = targetID
    var behindPointer = behindPointer
    for _ in 0..<BTF.depthLimit {
      let (one, other) = try resolve(localID, targetID)
      guard areNamedAlike(one.nameOffset, other.nameOffset) else { return false }
      switch one.kind {
      case .void: return other.kind == .void
      case .forward:
        if other.kind == .forward { return one.flag == other.flag }
        return behindPointer && other.kind == (one.flag ? .union : .structure)
      case .enumeration, .enumeration64: return try areConstantsMatching(one, other)
      case .structure, .union:
        if behindPointer {
          return other.kind == one.kind
            || other.kind == .forward && other.flag == (one.kind == .union)
        }
        guard one.kind == other.kind else { return false }
        return try areMembersMatching(one, other, level: level)
      case .int:
        guard let mine = local.integer(one.id), let theirs = target.integer(other.id) else {
          return false
        }
        return mine.size == theirs.size && mine.isSigned == theirs.isSigned
      case .pointer:
        guard other.kind == .pointer else { return false }
        behindPointer = true
        (localID, targetID) = (one.sizeOrType, other.sizeOrType)
      case .array:
        guard let mine = local.array(one.id), let theirs = target.array(other.id),
          mine.count == theirs.count
        else { return false }
        (localID, targetID) = (mine.element, theirs.element)
      case .functionPrototype:
        guard one.count == other.count, let parameters = ParametersView(one, in: local),
          let others = ParametersView(other, in: target)
        else { return false }
        for index in 0..<parameters.count {
          guard
            try areMatching(
              parameters[index], others[index], behindPointer: behindPointer, level: level - 1)
          else { return false }
        }
        (localID, targetID) = (one.sizeOrType, other.sizeOrType)
      default: return false
      }
    }
    throw TypeComparison.tooDeep()
  }

  private func areMembersMatching(
    _ one: BTF.TypeHead, _ other: BTF.TypeHead, level: Int
  ) throws(ObjectError) -> Bool {
    guard one.count <= other.count, let mine = CompositeView(one, in: local),
      let theirs = CompositeView(other, in: target)
    else { return false }
    for index in 0..<mine.count {
      let member = mine[index]
      var isFound = false
      for candidate in 0..<theirs.count where !isFound {
        try work.spend()
        guard areNamedAlike(member.nameOffset, theirs[candidate].nameOffset) else { continue }
        isFound = try areMatching(member.type, theirs[candidate].type, level: level - 1)
      }
      guard isFound else { return false }
    }
    return true
  }

  private func areConstantsMatching(
    _ one: BTF.TypeHead, _ other: BTF.TypeHead
  ) throws(ObjectError) -> Bool {
    guard let mine = EnumerationView(one, in: local),
      let theirs = EnumerationView(other, in: target),
      one.sizeOrType == other.sizeOrType, mine.count <= theirs.count
    else { return false }
    for index in 0..<mine.count {
      var isFound = false
      for candidate in 0..<theirs.count where !isFound {
        try work.spend()
        isFound = areNamedAlike(mine.nameOffset(index), theirs.nameOffset(candidate))
      }
      guard isFound else { return false }
    }
    return true
  }

  private func areNamedAlike(_ one: UInt32, _ other: UInt32) -> Bool {
    EssentialName.areEqual(local.nameBytes(at: one), target.nameBytes(at: other))
  }
}
