extension ProgramImage {
  /// The image with its CO-RE relocations done against a kernel's types: `coreRelocations` is empty
  /// then, and `coreResults` says what became of each.
  ///
  /// What the kernel does not have is no error: the instruction is poisoned, so that the verifier
  /// refuses the program unless it never gets there. Candidates that disagree, and code that does
  /// not fit the object's types, are errors.
  ///
  /// As in libbpf, types that lack a field which an earlier relocation found are no candidates for
  /// later ones of the same local type; earlier in this image, not in the whole object.
  public func relocated(against targets: TargetTypes) throws(ObjectError) -> ProgramImage {
    try relocated(against: targets, work: workLimit)
  }

  private var workLimit: WorkLimit {
    // A hundred members to look through for each of a few thousand relocations is much already.
    WorkLimit(min(1 << 22 + coreRelocations.count << 10, 1 << 25))
  }

  /// What becomes of each relocation against a kernel's types, also where `relocated(against:)`
  /// would stop: for looking at, not for loading.
  public func surveyed(against targets: TargetTypes) -> [COREResult] {
    guard let localTypes else { return [] }
    var relocator = CORERelocator(local: localTypes.btf, targets: targets, work: workLimit)
    var scratch = instructions
    return coreRelocations.map { relocation in
      do throws(ObjectError) {
        return try relocator.apply(relocation, to: &scratch)
      } catch {
        return COREResult(
          relocation: relocation, subject: relocator.subject(of: relocation), localValue: nil,
          outcome: .refused(why: error.message))
      }
    }
  }

  func relocated(
    against targets: TargetTypes, work: WorkLimit
  ) throws(ObjectError) -> ProgramImage {
    guard !coreRelocations.isEmpty else { return self }
    guard let localTypes else {
      throw ObjectError(
        message: "program \"\(name)\" has CO-RE relocations and no types of its own")
    }
    var relocator = CORERelocator(local: localTypes.btf, targets: targets, work: work)
    var image = self
    image.coreRelocations = []
    image.coreResults = []
    image.coreResults.reserveCapacity(coreRelocations.count)
    for relocation in coreRelocations {
      do throws(ObjectError) {
        image.coreResults.append(try relocator.apply(relocation, to: &image.instructions))
      } catch {
        let subject = relocator.subject(of: relocation)
        throw ObjectError(
          section: section,
          message: "program \"\(name)\", instruction \(relocation.instruction): CO-RE relocation "
            + "of \(subject) (\(relocation.kind)) failed: \(error.message)",
          hint: error.hint)
      }
    }
    return image
  }

  /// The failed relocation whose poisoned instruction a verifier log ends at.
  ///
  /// `instruction` is the last one that the verifier printed.
  public func poisonedRelocation(at instruction: Int) -> COREResult? {
    coreResults.first {
      $0.isPoisoned
        && ($0.relocation.instruction == instruction
          || $0.relocation.instruction + 1 == instruction)
    }
  }
}

/// Resolves relocations of one image, remembering what they have in common.
struct CORERelocator {
  let local: BTF
  let targets: TargetTypes
  private let work: WorkLimit
  private var candidates: [UInt32: [TargetTypes.Candidate]] = [:]
  private var decisions: [Key: Decision] = [:]

  /// Relocations that differ only in their instruction.
  private struct Key: Hashable {
    var kind: CORERelocation.Kind
    var typeID: UInt32
    var access: String
  }

  private struct Decision {
    var subject: String
    /// nil = poison.
    var patch: COREPatch?
    var localValue: UInt64?
    var target: COREResult.TargetType?
    var failure = ""
  }

  init(local: BTF, targets: TargetTypes, work: WorkLimit) {
    self.local = local
    self.targets = targets
    self.work = work
  }

  mutating func apply(
    _ relocation: CORERelocation, to instructions: inout [Instruction]
  ) throws(ObjectError) -> COREResult {
    guard instructions.indices.contains(relocation.instruction) else {
      throw ObjectError(message: "there is no such instruction")
    }
    let key = Key(
      kind: relocation.kind, typeID: relocation.typeID, access: relocation.access)
    let decision: Decision
    if let known = decisions[key] {
      decision = known
    } else {
      decision = try decide(relocation)
      decisions[key] = decision
    }
    var result = COREResult(
      relocation: relocation, subject: decision.subject, localValue: decision.localValue,
      outcome: .poisoned(why: decision.failure))
    guard let patch = decision.patch else {
      COREPatch.poison(relocation.instruction, in: &instructions)
      return result
    }
    switch try patch.apply(at: relocation.instruction, in: &instructions) {
    case .patched: result.outcome = .resolved(patch.number, from: decision.target)
    case .poisoned(let why):
      COREPatch.poison(relocation.instruction, in: &instructions)
      result.outcome = .poisoned(why: why)
    }
    return result
  }

  /// What the relocation is about, as far as it can be read.
  func subject(of relocation: CORERelocation) -> String {
    let path = (try? AccessPath(relocation, in: local)) ?? AccessPath(root: relocation.typeID)
    return path.spelling(relocation.kind, in: local)
  }

  // MARK: Deciding

  private mutating func decide(_ relocation: CORERelocation) throws(ObjectError) -> Decision {
    guard let root = local.head(relocation.typeID) else {
      throw ObjectError(message: "the object has no type \(relocation.typeID)")
    }
    let kind = relocation.kind
    let path = try AccessPath(relocation, in: local)
    var decision = Decision(subject: path.spelling(kind, in: local))
    if kind == .typeIDLocal {
      decision.localValue = UInt64(path.root)
      decision.patch = COREPatch(expected: nil, number: UInt64(path.root))
      return decision
    }
    let name = local.nameBytes(at: root.nameOffset)
    guard !name.isEmpty else {
      throw ObjectError(message: "types without a name cannot be looked for")
    }
    let own = try COREValue(kind, at: path, in: local, bigEndian: local.isBigEndian)
    decision.localValue = own.number

    let known: [TargetTypes.Candidate]
    if let cached = candidates[relocation.typeID] {
      known = cached
    } else {
      known = try targets.candidates(for: root, named: name)
    }
    try work.spend(known.count)
    var chosen: (value: COREValue, path: AccessPath, candidate: TargetTypes.Candidate)?
    var matching: [TargetTypes.Candidate] = []
    for candidate in known {
      let match = CandidateMatch(
        TypeComparison(local: local, target: candidate.btf, work: work), kind)
      guard let found = try match.path(for: path, from: candidate.id) else { continue }
      let value = try COREValue(
        kind, at: found, in: candidate.btf, bigEndian: candidate.btf.isBigEndian)
      matching.append(candidate)
      guard let first = chosen else {
        chosen = (value, found, candidate)
        continue
      }
      guard first.path.bitOffset == found.bitOffset, first.value.number == value.number else {
        throw Self.ambiguity(
          kind, (first.candidate, first.value, first.path.bitOffset),
          (candidate, value, found.bitOffset))
      }
    }
    // When none matches, the next relocation of the type may find one again.
    candidates[relocation.typeID] = matching.isEmpty ? known : matching

    if let (value, _, candidate) = chosen {
      decision.target = COREResult.TargetType(
        name: candidate.btf.spelling(of: candidate.id), id: candidate.id,
        module: candidate.module)
      decision.patch = patch(own, value, in: candidate.btf)
    } else if let value = COREValue.missing(kind) {
      decision.patch = patch(own, value, in: nil)
    } else {
      decision.failure = failure(kind, root, known)
    }
    return decision
  }

  private func patch(_ own: COREValue, _ value: COREValue, in target: BTF?) -> COREPatch {
    var patch = COREPatch(expected: own.isExact ? own.number : nil, number: value.number)
    patch.localWidth = own.width
    patch.targetWidth = value.width
    if own.width != value.width {
      patch.isWidthAdjustable =
        Self.isZeroExtended(own.type, in: local) == .pointer
        && target.map { Self.isZeroExtended(value.type, in: $0) } == .pointer
        || Self.isZeroExtended(own.type, in: local) == .integer
          && target.map { Self.isZeroExtended(value.type, in: $0) } == .integer
    }
    return patch
  }

  private enum Extension { case pointer, integer, none }

  private static func isZeroExtended(_ id: UInt32, in btf: BTF) -> Extension {
    guard let head = btf.head(id) else { return .none }
    if head.kind == .pointer { return .pointer }
    guard let integer = btf.integer(id) else { return .none }
    return integer.isSigned && !integer.isCharacter && !integer.isBoolean ? .none : .integer
  }

  private func failure(
    _ kind: CORERelocation.Kind, _ root: BTF.TypeHead, _ known: [TargetTypes.Candidate]
  ) -> String {
    let name = local.spelling(of: root.id)
    guard !known.isEmpty else { return "the kernel has no \(name)" }
    return kind.isEnumerator
      ? "the kernel's \(name) has no such constant"
      : "the kernel's \(name) has no such field, or one of another kind of type"
  }

  private typealias Found = (candidate: TargetTypes.Candidate, value: COREValue, bitOffset: Int)

  private static func ambiguity(
    _ kind: CORERelocation.Kind, _ one: Found, _ other: Found
  ) -> ObjectError {
    func text(_ found: Found) -> String {
      let name = found.candidate.btf.spelling(of: found.candidate.id)
      let module = found.candidate.module ?? "vmlinux"
      let place = kind.isField ? " at bit \(found.bitOffset)" : ""
      return "\(Int64(bitPattern: found.value.number))\(place) by \(name) "
        + "[\(found.candidate.id)] of \(module)"
    }
    return ObjectError(
      message: "the kernel's types disagree: \(text(one)), but \(text(other))",
      hint: "name more of its fields in a flavour of the type, so that only one fits")
  }
}
