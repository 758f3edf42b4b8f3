public import BPFObject

/// In which parts a value is merged: numbers to which differences are added, and fields that are
/// taken or left as a whole.
public struct MergeForm: Hashable, Sendable {
  public struct Span: Hashable, Sendable {
    /// In bytes from the start of the value.
    public var offset: Int
    public var size: Int

    public init(offset: Int, size: Int) {
      self.offset = offset
      self.size = size
    }

    public var range: Range<Int> { offset..<offset + size }
  }

  /// Bytes of one value.
  public var size: Int
  /// Numbers of four or eight bytes in the host's order.
  public var sums: [Span]
  /// Everything else that means something, by ascending offset.
  public var fields: [Span]

  public init(size: Int, sums: [Span] = [], fields: [Span]) {
    self.size = size
    self.sums = sums
    self.fields = fields
  }

  /// `sums` are names of fields, dotted where nested; a value that is no record is called `value`.
  /// Names that the layout does not have are passed over.
  public init(_ layout: Layout?, size: Int, sums names: [String]) {
    self.init(size: size, fields: [])
    guard let layout, layout.size == size else {
      fields = size > 0 ? [Span(offset: 0, size: size)] : []
      return
    }
    add(layout, at: 0, path: "value", sums: Set(names))
    settle()
  }

  /// Why the field cannot be summed up; nil = it can.
  public static func problem(ofSum name: String, in layout: Layout?) -> String? {
    guard let layout else { return "nothing describes the value's fields" }
    var found: Layout?
    var names: [String] = []
    func look(_ layout: Layout, _ path: String) {
      if path == name { found = layout }
      names.append(path)
      for field in layout.flatFields ?? [] where field.bitSize == nil && !field.isShared {
        look(field.layout, path == "value" ? field.name : "\(path).\(field.name)")
      }
    }
    look(layout, "value")
    guard let found else { return "the value has no field '\(name)'" }
    return isSummable(found)
      ? nil : "only numbers of four and eight bytes in the host's order add up, not \(found)"
  }

  /// The names that `merge` may have.
  public static func summable(in layout: Layout?) -> [String] {
    var names: [String] = []
    func look(_ layout: Layout, _ path: String) {
      if isSummable(layout) { names.append(path) }
      for field in layout.flatFields ?? [] where field.bitSize == nil && !field.isShared {
        look(field.layout, path == "value" ? field.name : "\(path).\(field.name)")
      }
    }
    if let layout { look(layout, "value") }
    return names
  }

  private static func isSummable(_ layout: Layout) -> Bool {
    switch layout {
    case .integer(let size, _, false): size == 4 || size == 8
    case .array(let element, _): isSummable(element)
    default: false
    }
  }

  private mutating func add(_ layout: Layout, at offset: Int, path: String, sums: Set<String>) {
    if sums.contains(path), MergeForm.isSummable(layout) {
      addSums(layout, at: offset)
    } else if let flat = layout.flatFields, !flat.contains(where: \.isShared) {
      for field in flat {
        let place = offset + field.bitOffset / 8
        if let bits = field.bitSize {
          let end = offset + (field.bitOffset + bits + 7) / 8
          fields.append(Span(offset: place, size: end - place))
        } else {
          add(
            field.layout, at: place, path: path == "value" ? field.name : "\(path).\(field.name)",
            sums: sums)
        }
      }
    } else if layout.size > 0, !layout.holdsOpaque {
      fields.append(Span(offset: offset, size: layout.size))
    }
  }

  private mutating func addSums(_ layout: Layout, at offset: Int) {
    switch layout {
    case .array(let element, let count):
      for index in 0..<count { addSums(element, at: offset + index * element.size) }
    // An unaligned number cannot be added to in one go.
    case let number where offset % number.size != 0:
      fields.append(Span(offset: offset, size: number.size))
    default: sums.append(Span(offset: offset, size: layout.size))
    }
  }

  /// Bitfields that share a byte are one field.
  private mutating func settle() {
    fields.sort { ($0.offset, $0.size) < ($1.offset, $1.size) }
    var settled: [Span] = []
    for field in fields where field.offset >= 0 && field.offset + field.size <= size {
      if let last = settled.last, field.offset < last.offset + last.size {
        let end = max(last.offset + last.size, field.offset + field.size)
        settled[settled.count - 1].size = end - last.offset
      } else {
        settled.append(field)
      }
    }
    fields = settled
    sums = sums.filter { $0.offset + $0.size <= size }
  }
}
