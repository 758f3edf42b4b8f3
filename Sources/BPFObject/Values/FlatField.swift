/// A named part of a record, wherever it stands: fields of anonymous members as if they stood in
/// the record itself.
public struct FlatField: Hashable, Sendable {
  public var name: String
  /// In bits from the start of the record.
  public var bitOffset: Int
  /// For bitfields; nil otherwise.
  public var bitSize: Int?
  public var layout: Layout
  /// It shares its bytes with other fields: a member of a union.
  public var isShared: Bool

  public init(
    name: String, bitOffset: Int, bitSize: Int? = nil, layout: Layout, isShared: Bool = false
  ) {
    self.name = name
    self.bitOffset = bitOffset
    self.bitSize = bitSize
    self.layout = layout
    self.isShared = isShared
  }
}

extension Layout {
  /// The fields of a record or a prefix in their order, padding left out; nil for other types.
  public var flatFields: [FlatField]? {
    switch self {
    case .record(_, let fields, let union):
      var flat: [FlatField] = []
      Layout.append(fields, at: 0, isShared: union, to: &flat)
      return flat
    case .prefix(let record): return record.flatFields
    default: return nil
    }
  }

  private static func append(
    _ fields: [Field], at offset: Int, isShared: Bool, to flat: inout [FlatField]
  ) {
    for field in fields where !field.isPadding && !field.layout.isEmpty {
      let (place, overflow) = offset.addingReportingOverflow(field.bitOffset)
      if overflow { continue }
      if let inner = field.anonymous {
        append(inner.fields, at: place, isShared: isShared || inner.union, to: &flat)
      } else {
        flat.append(
          FlatField(
            name: field.name, bitOffset: place, bitSize: field.bitSize, layout: field.layout,
            isShared: isShared))
      }
    }
  }

  /// Whether the kernel keeps something to itself in it: a timer, a lock, a kptr.
  public var holdsOpaque: Bool {
    switch self {
    case .opaque: true
    case .array(let element, _): element.holdsOpaque
    case .record(_, let fields, _): fields.contains { $0.layout.holdsOpaque }
    case .prefix(let record): record.holdsOpaque
    default: false
    }
  }
}
