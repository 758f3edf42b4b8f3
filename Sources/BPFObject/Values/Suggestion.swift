/// The candidate that a person most likely meant by `word`, for "did you mean"; nil if none is near.
///
/// Near is: equal but for case, one edit (insertion, deletion, substitution or transposition) for
/// every three characters, or the only candidate of which one is the beginning of the other. The
/// first of equally near candidates is taken. Words over 64 bytes have no suggestion, which bounds
/// the time.
public func suggestion(for word: String, among candidates: [String]) -> String? {
  let word = Array(word.utf8.prefix(65)).map(lowercased)
  guard !word.isEmpty, word.count <= 64 else { return nil }
  let limit = max(1, word.count / 3)
  var best: String?
  // A one-letter word is one edit from every other: only case may differ there.
  var bestDistance = word.count == 1 ? 1 : limit + 1
  var begun: [String] = []
  for candidate in candidates {
    let bytes = Array(candidate.utf8.prefix(65)).map(lowercased)
    guard bytes.count <= 64 else { continue }
    if min(word.count, bytes.count) >= 3, bytes.starts(with: word) || word.starts(with: bytes) {
      begun.append(candidate)
    }
    guard abs(bytes.count - word.count) < bestDistance else { continue }
    let distance = editDistance(word, bytes)
    if distance < bestDistance {
      best = candidate
      bestDistance = distance
    }
  }
  return best ?? (begun.count == 1 ? begun[0] : nil)
}

/// "did you mean 'addr'?", or nil.
func didYouMean(_ word: String, among candidates: [String]) -> String? {
  suggestion(for: word, among: candidates).map { "did you mean \(quoted($0))?" }
}

private func lowercased(_ byte: UInt8) -> UInt8 {
  (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}

/// Optimal string alignment distance: a transposition of neighbours counts as one edit.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  var current = last
  for i in 0..<a.count {
    current[0] = i + 1
    for j in 0..<b.count {
      var cost = last[j] + (a[i] == b[j] ? 0 : 1)
      cost = min(cost, last[j + 1] + 1, current[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        cost = min(cost, beforeLast[j - 1] + 1)
      }
      current[j + 1] = cost
    }
    (beforeLast, last, current) = (last, current, beforeLast)
  }
  return last[b.count]
}
