/// Bounds the work of one image's relocations: type graphs may be cyclic, and hostile ones branch at
/// each step.
final class WorkLimit {
  private var remaining: Int

  init(_ steps: Int) { remaining = steps }

  func spend(_ steps: Int = 1) throws(ObjectError) {
    remaining -= steps
    guard remaining >= 0 else {
      throw ObjectError(message: "comparing the types takes too many steps")
    }
  }
}

/// Whether a local type and a kernel's are the same to a relocation: libbpf's rules.
struct TypeComparison {
  let local: BTF
  let target: BTF
  let work: WorkLimit

  /// Both types behind their typedefs and modifiers.
  func resolve(_ localID: UInt32, _ targetID: UInt32) throws(ObjectError) -> (
    local: BTF.TypeHead, target: BTF.TypeHead
  ) {
    try work.spend()
    guard let one = local.skipModifiers(localID), let other = target.skipModifiers(targetID) else {
      throw ObjectError(message: "its type is a cycle")
    }
    return (one, other)
  }

  static func tooDeep() -> ObjectError {
    ObjectError(message: "its type is nested deeper than \(BTF.depthLimit) levels")
  }

  /// For relocations of types: structures by name alone, integers of any size, pointers and arrays
  /// by what they hold, functions by their parameters.
  func areCompatible(
    _ localID: UInt32, _ targetID: UInt32, level: Int = BTF.depthLimit
  ) throws(ObjectError) -> Bool {
    guard let one = local.head(localID), let other = target.head(targetID),
      one.kind.isCOREComparable(to: other.kind)
    else { return false }
    var localID = localID
    var targetID = targetID
    for _ in 0..<BTF.depthLimit {
      let (one, other) = try resolve(localID, targetID)
      guard one.kind.isCOREComparable(to: other.kind) else { return false }
      switch one.kind {
      case .void, .structure, .union, .enumeration, .enumeration64, .forward: return true
      case .int: return areWholeIntegers(one.id, other.id)
      case .pointer: (localID, targetID) = (one.sizeOrType, other.sizeOrType)
      case .array:
        guard let mine = local.array(one.id), let theirs = target.array(other.id) else {
          return false
        }
        (localID, targetID) = (mine.element, theirs.element)
      case .functionPrototype:
        guard one.count == other.count, let parameters = ParametersView(one, in: local),
          let others = ParametersView(other, in: target)
        else { return false }
        for index in 0..<parameters.count {
          guard level > 0 else { throw TypeComparison.tooDeep() }
          let (parameter, its) = try resolve(parameters[index], others[index])
          guard try areCompatible(parameter.id, its.id, level: level - 1) else { return false }
        }
        (localID, targetID) = (one.sizeOrType, other.sizeOrType)
      default: return false
      }
    }
    throw TypeComparison.tooDeep()
  }

  /// For fields: any two structures or unions, pointers, integers or floats; enumerations of one
  /// name; arrays by their elements.
  func areFieldsCompatible(_ localID: UInt32, _ targetID: UInt32) throws(ObjectError) -> Bool {
    var localID = localID
    var targetID = targetID
    for _ in 0..<BTF.depthLimit {
      let (one, other) = try resolve(localID, targetID)
      if one.kind.isComposite && other.kind.isComposite { return true }
      guard one.kind.isCOREComparable(to: other.kind) else { return false }
      switch one.kind {
      case .pointer, .float: return true
      case .forward, .enumeration, .enumeration64:
        let mine = local.nameBytes(at: one.nameOffset)
        let theirs = target.nameBytes(at: other.nameOffset)
        return mine.isEmpty || theirs.isEmpty || EssentialName.areEqual(mine, theirs)
      case .int: return areWholeIntegers(one.id, other.id)
      case .array:
        guard let mine = local.array(one.id), let theirs = target.array(other.id) else {
          return false
        }
        (localID, targetID) = (mine.element, theirs.element)
      default: return false
      }
    }
    throw TypeComparison.tooDeep()
  }

  /// Integers that are bitfields by themselves are of an age before CO-RE.
  private func areWholeIntegers(_ one: UInt32, _ other: UInt32) -> Bool {
    local.integer(one)?.bitOffset == 0 && target.integer(other)?.bitOffset == 0
  }
}
