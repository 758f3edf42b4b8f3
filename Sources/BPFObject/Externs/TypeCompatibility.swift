extension BTF {
  /// Whether a type of an object stands for one of the kernel's, as libbpf compares them: the same
  /// kinds all the way, names and sizes not looked at.
  public func isCompatible(_ id: UInt32, with target: UInt32, of other: BTF) -> Bool {
    var budget = 4096
    return isCompatible(id, target, other, depth: 0, &budget)
  }

  private func isCompatible(
    _ local: UInt32, _ target: UInt32, _ other: BTF, depth: Int, _ budget: inout Int
  ) -> Bool {
    var (local, target) = (local, target)
    guard depth < BTF.depthLimit else { return false }
    for _ in 0..<BTF.depthLimit {
      budget -= 1
      guard budget > 0, let left = skipModifiers(local), let right = other.skipModifiers(target)
      else { return false }
      guard left.kind == right.kind || left.kind.isEnumeration && right.kind.isEnumeration else {
        return false
      }
      switch left.kind {
      case .pointer: (local, target) = (left.sizeOrType, right.sizeOrType)
      case .array:
        guard let mine = array(left.id), let its = other.array(right.id) else { return false }
        (local, target) = (mine.element, its.element)
      case .functionPrototype:
        let (mine, its) = (parameters(of: left.id), other.parameters(of: right.id))
        guard mine.count == its.count else { return false }
        for (one, two) in zip(mine, its)
        where !isCompatible(one.type, two.type, other, depth: depth + 1, &budget) {
          return false
        }
        (local, target) = (left.sizeOrType, right.sizeOrType)
      default: return true
      }
    }
    return false
  }
}
