internal import BPFObject
internal import Planning

/// The instructions of `MergeProgram`. Registers: 6 the state, 7 scratch over calls, 8 the record,
/// 9 the value in the target map.
extension MergeProgram {
  static func code(
    _ record: Record, _ form: MergeForm, canDelete: Bool,
    _ maps: (state: Int32, records: Int32, target: Int32, base: Int32?)
  ) -> [Instruction]? {
    var code = Assembler()
    // The next record.
    code.store(.word, constant: 0, to: 10, at: -4)
    lookUp(maps.state, &code) { $0.add(2, constant: -4) }
    code.jump("end", if: 0, .equal, constant: 0)
    code.move(6, 0)
    code.load(.double, 7, from: 6, at: Counter.next.offset)
    code.load(.double, 1, from: 6, at: Counter.limit.offset)
    code.jump("end", if: 7, .greaterOrEqual, 1)
    code.move(1, 7)
    code.add(1, constant: 1)
    code.store(.double, 1, to: 6, at: Counter.next.offset)
    code.store(.word, 7, to: 10, at: -4)
    lookUp(maps.records, &code) { $0.add(2, constant: -4) }
    code.jump("end", if: 0, .equal, constant: 0)
    code.move(8, 0)
    if let base = maps.base { write(down: record, in: base, &code) }
    // The entry.
    code.load(.word, 1, from: 8, at: 0)
    code.jump("missing", if: 1, .equal, constant: Int32(Work.insert.rawValue))
    code.jump("missing", if: 1, .equal, constant: Int32(Work.leave.rawValue))
    code.map(1, descriptor: maps.target)
    code.move(2, 8)
    code.add(2, constant: Int32(record.key))
    code.call(.mapLookup)
    code.jump("missing", if: 0, .equal, constant: 0)
    code.move(9, 0)
    if canDelete {
      code.load(.word, 1, from: 8, at: 0)
      code.jump("delete", if: 1, .equal, constant: Int32(Work.delete.rawValue))
    }
    for sum in form.sums {
      let width: Assembler.Width = sum.size == 8 ? .double : .word
      code.load(width, 1, from: 8, at: record.wanted + sum.offset)
      code.atomicAdd(width, 1, to: 9, at: sum.offset)
    }
    for (index, field) in form.fields.enumerated() {
      replace(field, index, record, &code)
    }
    count(.changed, &code)
    code.jump("end")

    code.label("missing")
    code.load(.word, 1, from: 8, at: 0)
    code.jump("insert", if: 1, .equal, constant: Int32(Work.insert.rawValue))
    code.jump("gone", if: 1, .notEqual, constant: Int32(Work.add.rawValue))
    code.label("insert")
    code.map(1, descriptor: maps.target)
    code.move(2, 8)
    code.add(2, constant: Int32(record.key))
    code.move(3, 8)
    code.add(3, constant: Int32(record.wanted))
    // BPF_NOEXIST
    code.move(4, constant: 1)
    code.call(.mapUpdate)
    code.jump("refused", if: 0, .notEqual, constant: 0)
    count(.added, &code)
    code.jump("end")
    code.label("refused")
    code.store(.word, 0, to: 8, at: 4)
    if let base = maps.base { forget(record, in: base, &code) }
    count(.failed, &code)
    code.jump("end")
    // Programs removed it meanwhile, and it stays so.
    code.label("gone")
    code.jump("end", if: 1, .equal, constant: Int32(Work.delete.rawValue))
    count(.kept, &code)
    code.jump("end")

    if canDelete {
      code.label("delete")
      for (offset, width) in pieces(0, record.valueSize) {
        code.load(width, 1, from: 9, at: offset)
        code.load(width, 2, from: 8, at: record.copied + offset)
        code.jump("written", if: 1, .notEqual, 2)
      }
      code.map(1, descriptor: maps.target)
      code.move(2, 8)
      code.add(2, constant: Int32(record.key))
      code.call(.mapDelete)
      count(.deleted, &code)
      code.jump("end")
      code.label("written")
      count(.kept, &code)
    }
    if maps.base != nil {
      // The verifier refuses what is never reached.
      if canDelete { code.jump("end") }
      code.label("unrecorded")
      code.store(.word, 0, to: 8, at: 4)
      count(.failed, &code)
    }
    code.label("end")
    code.move(0, constant: 0)
    code.exit()
    return code.assembled()
  }

  /// The base first: an entry that it has no room for is not made.
  private static func write(down record: Record, in base: Int32, _ code: inout Assembler) {
    code.load(.word, 1, from: 8, at: 0)
    code.jump("forget", if: 1, .equal, constant: Int32(Work.delete.rawValue))
    code.map(1, descriptor: base)
    code.move(2, 8)
    code.add(2, constant: Int32(record.key))
    code.move(3, 8)
    code.add(3, constant: Int32(record.base))
    code.move(4, constant: 0)
    code.call(.mapUpdate)
    code.jump("unrecorded", if: 0, .notEqual, constant: 0)
    code.jump("recorded")
    code.label("forget")
    forget(record, in: base, &code)
    code.label("recorded")
  }

  private static func forget(_ record: Record, in base: Int32, _ code: inout Assembler) {
    code.map(1, descriptor: base)
    code.move(2, 8)
    code.add(2, constant: Int32(record.key))
    code.call(.mapDelete)
  }

  private static func lookUp(
    _ map: Int32, _ code: inout Assembler, _ key: (inout Assembler) -> Void
  ) {
    code.map(1, descriptor: map)
    code.move(2, 10)
    key(&code)
    code.call(.mapLookup)
  }

  private static func count(_ counter: Counter, _ code: inout Assembler) {
    code.load(.double, 1, from: 6, at: counter.offset)
    code.add(1, constant: 1)
    code.store(.double, 1, to: 6, at: counter.offset)
  }

  /// Nothing to do where the field is wanted as it was copied; written where the map still has that.
  private static func replace(
    _ field: MergeForm.Span, _ index: Int, _ record: Record, _ code: inout Assembler
  ) {
    let pieces = pieces(field.offset, field.size)
    for (offset, width) in pieces {
      code.load(width, 1, from: 8, at: record.copied + offset)
      code.load(width, 2, from: 8, at: record.wanted + offset)
      code.jump("differs\(index)", if: 1, .notEqual, 2)
    }
    code.jump("next\(index)")
    code.label("differs\(index)")
    for (offset, width) in pieces {
      code.load(width, 1, from: 9, at: offset)
      code.load(width, 2, from: 8, at: record.copied + offset)
      code.jump("kept\(index)", if: 1, .notEqual, 2)
    }
    for (offset, width) in pieces {
      code.load(width, 1, from: 8, at: record.wanted + offset)
      code.store(width, 1, to: 9, at: offset)
    }
    code.jump("next\(index)")
    code.label("kept\(index)")
    count(.kept, &code)
    code.label("next\(index)")
  }

  /// Aligned pieces, as large as they can be.
  private static func pieces(_ offset: Int, _ size: Int) -> [(Int, Assembler.Width)] {
    var pieces: [(Int, Assembler.Width)] = []
    var place = offset
    let end = offset + size
    while place < end {
      let width = [Assembler.Width.double, .word, .half].first {
        place % $0.rawValue == 0 && place + $0.rawValue <= end
      }
      pieces.append((place, width ?? .byte))
      place += width?.rawValue ?? 1
    }
    return pieces
  }
}
