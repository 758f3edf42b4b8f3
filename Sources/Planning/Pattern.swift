/// Text with wildcards: `*` stands for any bytes, `?` for one.
public enum Pattern {
  /// In time proportional to the product of both lengths, whatever the pattern.
  public static func matches(_ name: String, pattern: String) -> Bool {
    var reached: Set<Int> = [0]
    let text = Array(name.utf8)
    for byte in pattern.utf8 {
      switch byte {
      case 0x2A: if let first = reached.min() { reached = Set(first...text.count) }
      case 0x3F: reached = Set(reached.lazy.filter { $0 < text.count }.map { $0 + 1 })
      default:
        reached = Set(reached.lazy.filter { $0 < text.count && text[$0] == byte }.map { $0 + 1 })
      }
      if reached.isEmpty { return false }
    }
    return reached.contains(text.count)
  }
}
