/// What changed in one map, to be made in another key by key without losing what was written there
/// meanwhile.
public struct EntryPatches: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable {
    /// The key is in both; if it is gone by now it stays so.
    case change = 1
    /// The key is new; if it has come into being by itself, the two are merged.
    case add = 2
    /// The key goes, if its value is still the copied one.
    case delete = 3
  }

  public let form: MergeForm
  /// Where the next CPU's value starts; the value's size where there is one.
  public let stride: Int
  public private(set) var kinds: [Kind] = []
  /// What was copied: fields are only replaced where the map still has it.
  public private(set) var copied: EntryTable
  /// What the fields are to be; in the place of sums the differences.
  public private(set) var wanted: EntryTable
  /// What the base (`MigrationBase`) has once the row is done, in its own form; zeros where the key goes.
  /// nil = none is kept.
  public private(set) var recorded: EntryTable?

  public var count: Int { kinds.count }
  public var isEmpty: Bool { kinds.isEmpty }
  public func key(_ row: Int) -> ArraySlice<UInt8> { copied.key(row) }

  /// What became of `base` in `now`; both in the form of the map that is to be patched. `recording` is
  /// `now` in the form of what is kept as base.
  public init(
    from base: EntryTable, to now: EntryTable, form: MergeForm, isPerCPU: Bool,
    recording: EntryTable? = nil
  ) {
    self.form = form
    stride = isPerCPU ? (form.size + 7) / 8 * 8 : form.size
    let size = base.valueSize
    var (keys, old, new): ([UInt8], [UInt8], [UInt8]) = ([], [], [])
    let zeros = [UInt8](repeating: 0, count: size)
    let walk = EntryWalk(
      declared: base, stored: now, match: ValueMatch(bytes: size), always: [])
    if base.keySize == now.keySize, size == now.valueSize {
      for difference in walk.differences() {
        switch (difference.declared, difference.stored) {
        case (let row?, let seen?):
          kinds.append(.change)
          keys += base.key(row)
          old += base.value(row)
          new += now.value(seen)
        case (let row?, nil):
          kinds.append(.delete)
          keys += base.key(row)
          old += base.value(row)
          new += zeros
        case (nil, let seen?):
          kinds.append(.add)
          keys += now.key(seen)
          old += zeros
          new += now.value(seen)
        case (nil, nil): break
        }
      }
    }
    for row in kinds.indices where kinds[row] != .delete {
      EntryPatches.subtract(old, from: &new, at: row * size, size, form, stride)
    }
    copied = EntryTable(keySize: base.keySize, valueSize: size, keys: keys, values: old)
    wanted = EntryTable(keySize: base.keySize, valueSize: size, keys: keys, values: new)
    recorded = recording.map { rows in
      let zeros = [UInt8](repeating: 0, count: rows.valueSize)
      var values: [UInt8] = []
      values.reserveCapacity(kinds.count * rows.valueSize)
      for row in kinds.indices {
        if kinds[row] != .delete, let place = rows.row(of: copied.key(row)) {
          values += rows.value(place)
        } else {
          values += zeros
        }
      }
      return EntryTable(
        keySize: base.keySize, valueSize: rows.valueSize, keys: keys, values: values)
    }
  }

  private static func subtract(
    _ old: [UInt8], from new: inout [UInt8], at start: Int, _ size: Int, _ form: MergeForm,
    _ stride: Int
  ) {
    guard stride > 0 else { return }
    for slot in Swift.stride(from: start, to: start + size, by: stride) {
      for sum in form.sums {
        let place = slot + sum.offset..<slot + sum.offset + sum.size
        guard place.upperBound <= new.count else { continue }
        let difference = HostNumber.load(new, place) &- HostNumber.load(old, place)
        HostNumber.store(difference, in: &new, place)
      }
    }
  }

  // MARK: Done by hand

  public enum Outcome: Hashable, Sendable {
    /// `kept` fields had been changed in the meantime and stay.
    case write([UInt8], kept: Int)
    case delete
    case nothing(kept: Int)
  }

  /// What a row makes of the value that the map has now (nil = no such key). Not atomic: whoever
  /// writes between reading and writing loses.
  public func applied(_ row: Int, to current: [UInt8]?) -> Outcome {
    guard let current, current.count == wanted.valueSize else {
      return kinds[row] == .add ? .write(Array(wanted.value(row)), kept: 0) : .nothing(kept: 0)
    }
    let (old, new) = (Array(copied.value(row)), Array(wanted.value(row)))
    if kinds[row] == .delete { return current == old ? .delete : .nothing(kept: 1) }
    var value = current
    var kept = 0
    for slot in Swift.stride(from: 0, to: current.count, by: max(stride, 1)) {
      for sum in form.sums {
        let place = slot + sum.offset..<slot + sum.offset + sum.size
        guard place.upperBound <= value.count else { continue }
        HostNumber.store(
          HostNumber.load(value, place) &+ HostNumber.load(new, place), in: &value, place)
      }
      for field in form.fields {
        let place = slot + field.offset..<slot + field.offset + field.size
        guard place.upperBound <= value.count, old[place] != new[place] else { continue }
        if current[place] == old[place] {
          value.replaceSubrange(place, with: new[place])
        } else if current[place] != new[place] {
          kept += 1
        }
      }
    }
    return value == current ? .nothing(kept: kept) : .write(value, kept: kept)
  }
}

/// Numbers of up to eight bytes in the host's order.
enum HostNumber {
  static func load(_ bytes: [UInt8], _ place: Range<Int>) -> UInt64 {
    let isLittle = ValueConversion.isLittle
    var number: UInt64 = 0
    for index in 0..<place.count {
      number =
        number << 8
        | UInt64(bytes[isLittle ? place.upperBound - 1 - index : place.lowerBound + index])
    }
    return number
  }

  static func store(_ number: UInt64, in bytes: inout [UInt8], _ place: Range<Int>) {
    for index in 0..<place.count {
      let at = ValueConversion.isLittle ? place.lowerBound + index : place.upperBound - 1 - index
      bytes[at] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))
    }
  }
}
