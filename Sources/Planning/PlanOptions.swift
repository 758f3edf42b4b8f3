/// What the caller allows beyond what a plan may do by itself.
public struct PlanOptions: Hashable, Sendable, Codable {
  /// The plan may keep none of what is owned.
  public var allowEmpty: Bool
  /// More deletes than that block; nil = any number.
  public var maxDeletes: Int?
  /// Addresses whose recorded `protect` does not count.
  public var unprotect: Set<Address>
  /// Maps that foreign programs use may be replaced or deleted.
  public var strandUsers: Bool

  private enum CodingKeys: String, CodingKey {
    case unprotect
    case allowEmpty = "allow_empty"
    case maxDeletes = "max_deletes"
    case strandUsers = "strand_users"
  }

  public init(
    allowEmpty: Bool = false, maxDeletes: Int? = nil, unprotect: Set<Address> = [],
    strandUsers: Bool = false
  ) {
    self.allowEmpty = allowEmpty
    self.maxDeletes = maxDeletes
    self.unprotect = unprotect
    self.strandUsers = strandUsers
  }
}
