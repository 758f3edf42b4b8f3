public import BPFObject

/// How a value in one layout becomes a value in another: field by field, by their names.
///
/// Numbers may become wider, arrays and texts longer. What cannot be carried over without loss is
/// named in `problems`; fields that are only on one side are not moved.
public struct ValueConversion: Hashable, Sendable {
  public enum Fate: String, Hashable, Sendable, Codable {
    case kept, widened, defaulted, dropped
  }

  /// What becomes of one field.
  public struct Field: Hashable, Sendable {
    /// Dotted where nested; `value` for a value that is no record.
    public var name: String
    public var fate: Fate
    /// `u32 -> u64`; the type alone for a field that is only on one side.
    public var types: String
  }

  /// Whole bytes; `room` is how many there are in the new value.
  struct Move: Hashable, Sendable {
    var from: Int
    var to: Int
    var size: Int
    var room: Int
    var isSigned = false
  }

  struct Bits: Hashable, Sendable {
    var from: Int
    var to: Int
    var count: Int
  }

  public let oldSize: Int
  public let newSize: Int
  public private(set) var fields: [Field] = []
  /// Why this is not possible, each about one field.
  public private(set) var problems: [String] = []
  private(set) var moves: [Move] = []
  private(set) var bits: [Bits] = []
  /// Backwards, numbers may become narrower again: they were made wider on the way there.
  private let isBackwards: Bool

  static let isLittle = UInt32(1).littleEndian == 1

  /// `ignoresOpaque`: what the kernel keeps to itself starts anew instead of being a problem.
  public init(
    from old: Layout?, oldSize: Int, to new: Layout?, newSize: Int, ignoresOpaque: Bool = false,
    isBackwards: Bool = false
  ) {
    self.oldSize = oldSize
    self.newSize = newSize
    self.isBackwards = isBackwards
    guard let old, let new, old.size == oldSize, new.size == newSize else {
      if oldSize == newSize {
        move(Move(from: 0, to: 0, size: oldSize, room: newSize))
      } else {
        problems.append("nothing describes the fields of the value that is there")
      }
      return
    }
    if oldSize != newSize, case .bytes = old {
      problems.append("nothing describes the fields of the value that is there")
      return
    }
    if !ignoresOpaque, old.holdsOpaque || new.holdsOpaque {
      problems.append("its value holds what only the kernel may touch (a timer, lock or pointer)")
    }
    compare(
      FlatField(name: "value", bitOffset: 0, layout: old),
      FlatField(name: "value", bitOffset: 0, layout: new), "")
  }

  /// Values stay as they are.
  public var isIdentity: Bool {
    oldSize == newSize && bits.isEmpty
      && moves == [Move(from: 0, to: 0, size: oldSize, room: newSize)]
  }

  // MARK: Making

  private mutating func compare(_ old: FlatField, _ new: FlatField, _ path: String) {
    let name = path.isEmpty ? "value" : path
    let types =
      "\(old.layout)" == "\(new.layout)" ? "\(new.layout)" : "\(old.layout) -> \(new.layout)"
    if old.bitSize != nil || new.bitSize != nil {
      guard let oldBits = old.bitSize, let newBits = new.bitSize, oldBits <= newBits || isBackwards
      else {
        problems.append("\(name) changes as a bitfield")
        return
      }
      bits.append(
        Bits(from: old.bitOffset, to: new.bitOffset, count: min(oldBits, newBits)))
      add(name, oldBits == newBits ? .kept : .widened, types)
      return
    }
    let (from, to) = (old.bitOffset / 8, new.bitOffset / 8)
    if old.layout.holdsOpaque || new.layout.holdsOpaque, !isRecord(old.layout, new.layout) {
      add(name, .defaulted, types)
      return
    }
    if let oldFields = old.layout.flatFields, let newFields = new.layout.flatFields {
      compare(oldFields, newFields, from: old.bitOffset, to: new.bitOffset, path)
      return
    }
    if old.layout == new.layout {
      move(Move(from: from, to: to, size: old.layout.size, room: new.layout.size))
      add(name, .kept, types)
      return
    }
    if let number = Number(old.layout), let wanted = Number(new.layout) {
      compare(number, wanted, from: from, to: to, name, types)
      return
    }
    switch (old.layout, new.layout) {
    case (.array(let element, let count), .array(let other, let wanted)) where element == other:
      compare(lengths: count, wanted, unit: element.size, from: from, to: to, name, types)
    case (.characters(let count), .characters(let wanted)), (.bytes(let count), .bytes(let wanted)):
      compare(lengths: count, wanted, unit: 1, from: from, to: to, name, types)
    case (.bytes, _), (_, .bytes):
      guard old.layout.size == new.layout.size else { return problem(name, types) }
      move(Move(from: from, to: to, size: old.layout.size, room: new.layout.size))
      add(name, .kept, types)
    default: problem(name, types)
    }
  }

  private func isRecord(_ old: Layout, _ new: Layout) -> Bool {
    old.flatFields != nil && new.flatFields != nil
  }

  private mutating func compare(
    _ old: [FlatField], _ new: [FlatField], from: Int, to: Int, _ path: String
  ) {
    // Members of a union are one thing of which it is not known which is meant.
    if old.contains(where: \.isShared) || new.contains(where: \.isShared) {
      let same = old.map { ($0.name, $0.bitOffset, $0.layout) }
        .elementsEqual(new.map { ($0.name, $0.bitOffset, $0.layout) }) { $0 == $1 }
      guard same, let end = old.map({ $0.bitOffset / 8 + $0.layout.size }).max() else {
        problems.append("\(path.isEmpty ? "the value" : path) changes around a union")
        return
      }
      move(Move(from: from / 8, to: to / 8, size: end, room: end))
      add(path.isEmpty ? "value" : path, .kept, "union")
      return
    }
    var known = Dictionary(old.map { ($0.name, $0) }) { first, _ in first }
    for var field in new {
      let name = path.isEmpty ? field.name : "\(path).\(field.name)"
      guard var former = known.removeValue(forKey: field.name) else {
        add(name, .defaulted, "\(field.layout)")
        continue
      }
      former.bitOffset += from
      field.bitOffset += to
      compare(former, field, name)
    }
    for field in old where known[field.name] != nil {
      add(path.isEmpty ? field.name : "\(path).\(field.name)", .dropped, "\(field.layout)")
    }
  }

  private mutating func compare(
    _ old: Number, _ new: Number, from: Int, to: Int, _ name: String, _ types: String
  ) {
    guard old.isBig == new.isBig || old.size == 1, new.size >= old.size || isBackwards else {
      return problem(name, types)
    }
    let size = min(old.size, new.size)
    // The low bytes stand first in little-endian order and last in big-endian order.
    let isLittle = ValueConversion.isLittle && !new.isBig
    move(
      Move(
        from: isLittle ? from : from + old.size - size, to: to, size: size, room: new.size,
        isSigned: old.isSigned))
    if new.isBig, size < new.size { moves[moves.count - 1].isSigned = false }
    bigEndianRooms(new.isBig || !ValueConversion.isLittle, size < new.size)
    add(name, old.size < new.size ? .widened : .kept, types)
  }

  /// Big-endian numbers are filled in front: the move is to the end of the room.
  private mutating func bigEndianRooms(_ isBig: Bool, _ isWider: Bool) {
    guard isBig, isWider, let last = moves.last else { return }
    moves[moves.count - 1] = Move(
      from: last.from, to: last.to + last.room - last.size, size: last.size, room: last.size)
  }

  private mutating func compare(
    lengths count: Int, _ wanted: Int, unit: Int, from: Int, to: Int, _ name: String,
    _ types: String
  ) {
    guard wanted >= count || isBackwards else { return problem(name, types) }
    let size = min(count, wanted) * unit
    move(Move(from: from, to: to, size: size, room: size))
    add(name, wanted > count ? .widened : .kept, types)
  }

  private mutating func problem(_ name: String, _ types: String) {
    problems.append("\(name) cannot be carried over (\(types))")
  }

  private mutating func add(_ name: String, _ fate: Fate, _ types: String) {
    fields.append(Field(name: name, fate: fate, types: types))
  }

  /// Neighbours are moved together.
  private mutating func move(_ next: Move) {
    if let last = moves.last, last.size == last.room, next.size == next.room,
      last.from + last.size == next.from, last.to + last.size == next.to
    {
      moves[moves.count - 1].size += next.size
      moves[moves.count - 1].room += next.size
    } else {
      moves.append(next)
    }
  }

  /// What is a number, however it is written.
  private struct Number {
    var size: Int
    var isSigned = false
    var isBig = false

    init?(_ layout: Layout) {
      switch layout {
      case .integer(let size, let signed, let big):
        (self.size, isSigned, isBig) = (size, signed, big)
      case .enumeration(let size, let signed, _): (self.size, isSigned) = (size, signed)
      case .bool: size = 1
      case .ipv4: (size, isBig) = (4, true)
      default: return nil
      }
    }
  }
}

// MARK: Converting

extension ValueConversion {
  /// All rows with their values in the new layout; of a per-CPU map each CPU's. What is not moved
  /// is taken from `blank`, a new value.
  public func convert(_ table: EntryTable, isPerCPU: Bool, blank: [UInt8]? = nil) -> EntryTable {
    if isIdentity { return table }
    let (old, new) = (stride(oldSize, isPerCPU), stride(newSize, isPerCPU))
    guard old > 0, new > 0, table.valueSize > 0, table.valueSize % old == 0 else { return table }
    let slots = table.values.count / old
    var values = [UInt8](repeating: 0, count: slots * new)
    for slot in 0..<slots {
      convert(table.values, at: slot * old, into: &values, at: slot * new, blank: blank)
    }
    return EntryTable(
      keySize: table.keySize, valueSize: table.valueSize / old * new, keys: table.keys,
      values: values)
  }

  private func stride(_ size: Int, _ isPerCPU: Bool) -> Int {
    isPerCPU ? (size + 7) / 8 * 8 : size
  }

  private func convert(
    _ source: [UInt8], at start: Int, into target: inout [UInt8], at place: Int, blank: [UInt8]?
  ) {
    guard start + oldSize <= source.count, place + newSize <= target.count else { return }
    if let blank, blank.count == newSize {
      target.replaceSubrange(place..<place + newSize, with: blank)
    }
    for move in moves {
      for index in 0..<move.size {
        target[place + move.to + index] = source[start + move.from + index]
      }
      guard move.room > move.size else { continue }
      let isNegative = move.isSigned && source[start + move.from + move.size - 1] & 0x80 != 0
      for index in move.size..<move.room {
        target[place + move.to + index] = isNegative ? 0xff : 0
      }
    }
    for bits in bits {
      for bit in 0..<bits.count {
        let (from, to) = (bits.from + bit, bits.to + bit)
        let isSet = source[start + from / 8] & ValueConversion.mask(from) != 0
        if isSet {
          target[place + to / 8] |= ValueConversion.mask(to)
        } else {
          target[place + to / 8] &= ~ValueConversion.mask(to)
        }
      }
    }
  }

  private static func mask(_ bit: Int) -> UInt8 {
    isLittle ? 1 << UInt8(bit % 8) : 0x80 >> UInt8(bit % 8)
  }
}
