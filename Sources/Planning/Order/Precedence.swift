/// Who of a few has to run before whom.
struct Precedence {
  private let words: Int
  /// By index, the bits of those that it has to run before: as asked for, and with all that follows.
  private var direct: [[UInt64]]
  private var closure: [[UInt64]]

  init(count: Int) {
    words = (count + 63) / 64
    direct = Array(repeating: Array(repeating: 0, count: words), count: count)
    closure = direct
  }

  mutating func add(_ first: Int, before second: Int) {
    direct[first][second / 64] |= 1 << UInt64(second % 64)
  }

  /// Draws the conclusions from what was added.
  mutating func close() {
    closure = direct
    for middle in closure.indices {
      let (word, bit) = (middle / 64, UInt64(1) << UInt64(middle % 64))
      for index in closure.indices where closure[index][word] & bit != 0 {
        for other in 0..<words { closure[index][other] |= closure[middle][other] }
      }
    }
  }

  /// Whether it follows that `first` has to run before `second`.
  func runs(_ first: Int, before second: Int) -> Bool {
    closure[first][second / 64] & 1 << UInt64(second % 64) != 0
  }

  private func isAsked(_ first: Int, before second: Int) -> Bool {
    direct[first][second / 64] & 1 << UInt64(second % 64) != 0
  }

  /// Some that would each have to run before the next, and the last before the first: the shortest
  /// such circle from the lowest index that is in one. Empty = there is none.
  var circle: [Int] {
    guard let start = direct.indices.first(where: { runs($0, before: $0) }) else { return [] }
    var cameFrom: [Int: Int] = [:]
    var queue = [start]
    while !queue.isEmpty {
      let index = queue.removeFirst()
      for next in direct.indices where isAsked(index, before: next) {
        if next == start {
          var path = [index]
          while let earlier = path.last.flatMap({ cameFrom[$0] }) { path.append(earlier) }
          return path.reversed()
        }
        if cameFrom[next] == nil {
          cameFrom[next] = index
          queue.append(next)
        }
      }
    }
    return [start]
  }
}
