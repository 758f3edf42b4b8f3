/// How far a long walk over the entries of a map is.
public struct EntryProgress: Hashable, Sendable {
  public enum Work: String, Hashable, Sendable { case read, written, merged }

  public var work: Work
  /// The kernel's name of the map.
  public var map: String
  public var done: Int
  /// nil = not known.
  public var total: Int?

  public init(_ work: Work, map: String, done: Int, of total: Int? = nil) {
    self.work = work
    self.map = map
    self.done = done
    self.total = total
  }
}
