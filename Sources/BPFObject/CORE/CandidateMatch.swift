/// Follows a local access path in one candidate type of the kernel.
struct CandidateMatch {
  let comparison: TypeComparison
  let kind: CORERelocation.Kind

  private var local: BTF { comparison.local }
  private var target: BTF { comparison.target }

  init(_ comparison: TypeComparison, _ kind: CORERelocation.Kind) {
    self.comparison = comparison
    self.kind = kind
  }

  /// The same path in the candidate; nil when it has none.
  func path(for path: AccessPath, from root: UInt32) throws(ObjectError) -> AccessPath? {
    var found = AccessPath(root: root)
    if kind == .typeMatches {
      return try comparison.areMatching(path.root, root) ? found : nil
    }
    if kind.isType { return try comparison.areCompatible(path.root, root) ? found : nil }
    if kind.isEnumerator { return try constant(path, from: root) }

    var id = root
    for (position, step) in path.steps.enumerated() {
      try comparison.work.spend()
      guard let head = target.skipModifiers(id) else {
        throw ObjectError(message: "its type is a cycle")
      }
      id = head.id
      if let name = step.name {
        guard let type = try member(step, named: local.nameBytes(at: name), of: head, &found)
        else { return nil }
        id = type
        continue
      }
      // The first step is an index of the pointer to the root itself.
      if position > 0 {
        guard let array = target.array(id),
          step.index < array.count || found.isFlexible(array, in: target)
        else { return nil }
        guard let element = target.skipModifiers(array.element) else {
          throw ObjectError(message: "its type is a cycle")
        }
        id = element.id
      }
      try descend(&found)
      found.steps.append(AccessPath.Step(type: id, index: step.index))
      try found.advance(by: step.index, of: id, in: target)
    }
    return found
  }

  private func constant(
    _ path: AccessPath, from root: UInt32
  ) throws(ObjectError) -> AccessPath? {
    guard let name = path.steps.first?.name, let head = target.skipModifiers(root),
      let constants = EnumerationView(head, in: target)
    else { return nil }
    try comparison.work.spend(constants.count)
    let wanted = local.nameBytes(at: name)
    for index in 0..<constants.count {
      let offset = constants.nameOffset(index)
      guard EssentialName.areEqual(wanted, target.nameBytes(at: offset)) else { continue }
      var found = AccessPath(root: root)
      found.steps = [AccessPath.Step(type: head.id, index: index, name: offset)]
      return found
    }
    return nil
  }

  /// Looks for a member by name, in anonymous structures and unions too; nil when there is none, or
  /// one of another kind of type.
  private func member(
    _ step: AccessPath.Step, named name: ArraySlice<UInt8>, of head: BTF.TypeHead,
    _ path: inout AccessPath
  ) throws(ObjectError) -> UInt32? {
    guard let members = CompositeView(head, in: target) else { return nil }
    try comparison.work.spend(members.count)
    for index in 0..<members.count {
      let member = members[index]
      let isAnonymous = target.isEmptyName(member.nameOffset)
      guard isAnonymous || target.isName(name, at: member.nameOffset) else { continue }
      let saved = path
      try descend(&path)
      path.bitOffset += member.bitOffset
      if isAnonymous {
        guard let inner = target.skipModifiers(member.type) else {
          throw ObjectError(message: "its type is a cycle")
        }
        if let type = try self.member(step, named: name, of: inner, &path) { return type }
        path = saved
        continue
      }
      guard let mine = local.head(step.type).flatMap({ CompositeView($0, in: local) }),
        step.index < mine.count,
        try comparison.areFieldsCompatible(mine[step.index].type, member.type)
      else { return nil }
      path.steps.append(AccessPath.Step(type: head.id, index: index, name: member.nameOffset))
      return member.type
    }
    return nil
  }

  private func descend(_ path: inout AccessPath) throws(ObjectError) {
    guard path.depth < AccessPath.limit else {
      throw ObjectError(
        message: "the access is nested deeper than \(AccessPath.limit) levels")
    }
    path.depth += 1
  }
}

extension BTF {
  func isEmptyName(_ offset: UInt32) -> Bool { offset == 0 || nameBytes(at: offset).isEmpty }

  func isName(_ wanted: ArraySlice<UInt8>, at offset: UInt32) -> Bool {
    if offset < firstString { return base?.isName(wanted, at: offset) ?? false }
    return strings.holds(wanted, at: Int(offset - firstString))
  }
}
