internal import BPFObject

/// The programs of one hook and the order that is wanted of them: who stands where it must not, and
/// where each belongs.
///
/// What is not ours stays where it is, and of ours as much as can be; who asks for a place moves
/// rather than those that it is to stand next to.
struct HookOrder {
  struct Member {
    /// nil: not ours.
    var address: Address?
    /// The REF, for ours.
    var program: String?
    var order: AttachmentOrder?
    /// Runs before the programs of other cgroups; nil = not known. Those that do and those that do
    /// not are two lists.
    var isEarly: Bool?
    /// What stands there; nil = it is not there yet.
    var occupant: ObservedHook.Occupant?
    /// Its place among those that are there.
    var position: Int?
    /// The kernel's name of the program.
    var name = ""
  }

  /// More do not fit on any hook.
  static let capacity = 256

  let members: [Member]
  /// Those that make a circle of wishes that cannot all be met; empty = there is none.
  let circle: [Int]
  /// Of ours, what is to be attached anew.
  private(set) var misplaced: Set<Int> = []
  /// Ours whose wish cannot be met, since what is not ours stands otherwise.
  private(set) var hopeless: Set<Int> = []
  /// Anchors of no account, by who names them: nothing of that kind stands there.
  private(set) var unknownAnchors: [Int: [OrderAnchor]] = [:]
  /// All members as they are to run.
  private(set) var sequence: [Int] = []
  private var precedence: Precedence

  /// `pinned` tells the link or program at a path.
  init(_ members: [Member], pinned: (String) -> ObservedPin?) {
    self.members = members
    precedence = Precedence(count: members.count)
    for index in members.indices {
      switch members[index].order {
      case nil: break
      case .first?:
        for other in members.indices where Self.areInOneList(members[index], members[other]) {
          if other != index { precedence.add(index, before: other) }
        }
      case .last?:
        for other in members.indices where Self.areInOneList(members[index], members[other]) {
          if other != index { precedence.add(other, before: index) }
        }
      case .relative(let before, let after)?:
        for (anchors, isBefore) in [(before, true), (after, false)] {
          for anchor in anchors {
            let found = Self.matches(anchor, members, of: index, pinned)
            if found.isEmpty { unknownAnchors[index, default: []].append(anchor) }
            for other in found {
              if !Self.areInOneList(members[index], members[other]) {
                // Either so by itself, or never.
                if (members[index].isEarly == true) == isBefore { continue }
              }
              if isBefore {
                precedence.add(index, before: other)
              } else {
                precedence.add(other, before: index)
              }
              if !Self.areInOneList(members[index], members[other]) {
                precedence.add(isBefore ? other : index, before: isBefore ? index : other)
              }
            }
          }
        }
      }
    }
    precedence.close()
    circle = precedence.circle
    guard circle.isEmpty else { return }
    findMisplaced()
    arrange()
  }

  private static func areInOneList(_ a: Member, _ b: Member) -> Bool {
    guard let first = a.isEarly, let second = b.isEarly else { return true }
    return first == second
  }

  private static func matches(
    _ anchor: OrderAnchor, _ members: [Member], of owner: Int, _ pinned: (String) -> ObservedPin?
  ) -> [Int] {
    let pin: ObservedPin? = if case .pin(let path) = anchor { pinned(path) } else { nil }
    return members.indices.filter { index in
      guard index != owner else { return false }
      let member = members[index]
      return switch anchor {
      case .attachment(let name, let instance):
        if case .attachment(name, let own)? = member.address {
          instance == nil || instance == own
        } else {
          false
        }
      case .program(let ref): member.program == ref
      case .pin:
        switch pin?.kind {
        case .link?: member.occupant?.linkID == pin?.id
        case .program?: member.occupant?.programID == pin?.id
        case .map?, nil: false
        }
      case .named(let name): member.occupant != nil && member.name == MapSpec.kernelName(for: name)
      case .id(let id): member.occupant?.programID == id
      }
    }
  }

  // MARK: Who moves

  /// Whether the two stand the wrong way round.
  private func isViolated(_ first: Int, _ second: Int) -> Bool {
    guard let a = members[first].position, let b = members[second].position else { return false }
    return a > b && precedence.runs(first, before: second)
  }

  private mutating func findMisplaced() {
    let there = members.indices.filter { members[$0].position != nil }
    while true {
      var counts: [Int: Int] = [:]
      for first in there where !misplaced.contains(first) {
        for second in there where !misplaced.contains(second) && isViolated(first, second) {
          let movable = [first, second].filter { members[$0].address != nil }
          for index in movable { counts[index, default: 0] += 1 }
          if movable.isEmpty { blame(between: first, and: second) }
        }
      }
      let candidates = counts.keys.filter { members[$0].order != nil }
      let next = (candidates.isEmpty ? Array(counts.keys) : candidates).min { a, b in
        let (first, second) = (counts[a] ?? 0, counts[b] ?? 0)
        if first != second { return first > second }
        return (members[a].address?.description ?? "") < (members[b].address?.description ?? "")
      }
      guard let next else { return }
      misplaced.insert(next)
    }
  }

  /// Two that are not ours are the wrong way round for somebody between them.
  private mutating func blame(between first: Int, and second: Int) {
    for index in members.indices where members[index].order != nil {
      if precedence.runs(first, before: index), precedence.runs(index, before: second) {
        hopeless.insert(index)
      }
    }
  }

  // MARK: Where to

  private mutating func arrange() {
    sequence = members.indices.filter { members[$0].position != nil && !misplaced.contains($0) }
      .sorted { (members[$0].position ?? 0) < (members[$1].position ?? 0) }
    var waiting = members.indices.filter { !sequence.contains($0) }.sorted {
      (members[$0].address?.description ?? "") < (members[$1].address?.description ?? "")
    }
    while !waiting.isEmpty {
      // Without a circle there always is one that waits for nobody.
      let index =
        waiting.first { candidate in
          !waiting.contains { $0 != candidate && precedence.runs($0, before: candidate) }
        } ?? waiting[0]
      waiting.removeAll { $0 == index }
      sequence.insert(index, at: place(of: index))
    }
  }

  private func place(of index: Int) -> Int {
    let low = sequence.lastIndex { precedence.runs($0, before: index) }.map { $0 + 1 } ?? 0
    let high = sequence.firstIndex { precedence.runs(index, before: $0) } ?? sequence.count
    let known = unknownAnchors[index] ?? []
    return switch members[index].order {
    case .first?: low
    case .relative(_, let after)? where after.contains { !known.contains($0) }: low
    case .relative?, .last?, nil: max(low, high)
    }
  }

  // MARK: What is said

  func index(of address: Address) -> Int? { members.firstIndex { $0.address == address } }

  /// Next to whom a link is to be attached, now or if it has to be for another reason.
  func neighbours(of index: Int) -> LinkNeighbours? {
    guard let place = sequence.firstIndex(of: index) else { return nil }
    func neighbour(_ other: Int) -> LinkNeighbours.Neighbour? {
      guard Self.areInOneList(members[index], members[other]) else { return nil }
      if let address = members[other].address { return .attachment(address) }
      return members[other].occupant.map { occupant in
        occupant.linkID.map { .link($0) } ?? .program(occupant.programID)
      }
    }
    return LinkNeighbours(
      behind: sequence[..<place].reversed().compactMap(neighbour),
      before: sequence[(place + 1)...].compactMap(neighbour),
      isFirst: members[index].order == .first, isLast: members[index].order == .last)
  }

  /// Where a misplaced one stands, without ids: "behind agent", "before attachment.b".
  func whereabouts(of index: Int) -> String {
    func name(_ other: Int) -> String {
      if let address = members[other].address { return address.description }
      return members[other].name.isEmpty ? "an unnamed program" : members[other].name
    }
    let there = members.indices.filter { members[$0].position != nil }
      .sorted { (members[$0].position ?? 0) < (members[$1].position ?? 0) }
    if let other = there.last(where: { isViolated(index, $0) }) { return "behind \(name(other))" }
    if let other = there.first(where: { isViolated($0, index) }) { return "before \(name(other))" }
    return "elsewhere"
  }

  /// Whose wishes a member without one has to make room for.
  func askers(of index: Int) -> [Address] {
    members.indices.filter {
      members[$0].order != nil
        && (precedence.runs($0, before: index) || precedence.runs(index, before: $0))
    }.compactMap { members[$0].address }.sorted()
  }
}
