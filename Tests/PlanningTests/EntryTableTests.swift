import Sandbox
import Testing

@testable import Planning

@Suite struct EntryTableTests {
  @Test(arguments: [1, 2, 3, 4, 7, 8, 9, 16, 20]) func rowsAreSorted(keySize: Int) {
    var random = SplitMix(seed: UInt64(keySize))
    for round in 0..<60 {
      let count = random.below(round < 50 ? 40 : 2000)
      // Few different bytes, so that keys are equal or begin alike.
      let width = [2, 4, 256][random.below(3)]
      let keys = (0..<count * keySize).map { _ in UInt8(random.below(width)) }
      let values = (0..<count * 3).map { _ in UInt8(random.below(256)) }
      var last: [[UInt8]: [UInt8]] = [:]
      for row in 0..<count {
        last[Array(keys[row * keySize..<(row + 1) * keySize])] =
          Array(values[row * 3..<(row + 1) * 3])
      }
      let expected = last.sorted { $0.key.lexicographicallyPrecedes($1.key) }
      let table = EntryTable(keySize: keySize, valueSize: 3, keys: keys, values: values)
      #expect(table.keys == expected.flatMap(\.key))
      #expect(table.values == expected.flatMap(\.value))
      let again = EntryTable(
        keySize: keySize, valueSize: 3, keys: table.keys, values: table.values)
      #expect(again == table)
    }
  }

  @Test func whatMakesNoWholeRowIsLeftOut() {
    let table = EntryTable(keySize: 2, valueSize: 1, keys: [1, 2, 3, 4, 5], values: [1, 2, 3])
    #expect(table.keys == [1, 2, 3, 4] && table.values == [1, 2])
    let none = EntryTable(keySize: 4, valueSize: 0, keys: [2, 0, 0, 0, 1, 0, 0, 0], values: [])
    #expect(none.keys == [1, 0, 0, 0, 2, 0, 0, 0] && none.count == 2)
  }

  @Test func hostBitsOfPrefixesDoNotCount() {
    let table = EntryTable(
      keySize: 8, valueSize: 1,
      keys: [24, 0, 0, 0, 10, 7, 66, 9, 9, 0, 0, 0, 10, 0xff, 3, 4, 32, 0, 0, 0, 1, 2, 3, 4],
      values: [1, 2, 3])
    #expect(
      table.withoutHostBits.keys == [
        9, 0, 0, 0, 10, 0x80, 0, 0, 24, 0, 0, 0, 10, 7, 66, 0, 32, 0, 0, 0, 1, 2, 3, 4,
      ])
    #expect(table.withoutHostBits.withoutHostBits == table.withoutHostBits)
  }

  @Test func oneWalkFindsEveryDifference() {
    var random = SplitMix(seed: 5)
    for _ in 0..<300 {
      func rows() -> [UInt8: UInt8] {
        var rows: [UInt8: UInt8] = [:]
        for _ in 0..<random.below(12) { rows[UInt8(random.below(16))] = UInt8(random.below(2)) }
        return rows
      }
      let (a, b) = (rows(), rows())
      var map = Fixture.blocklist(a)
      map.keyLayout = nil
      let walk = EntryWalk(
        declared: Fixture.table(a), stored: Fixture.table(b),
        match: ValueMatch(map, stored: 4), always: [])
      let found = walk.differences().map { difference in
        [
          difference.declared.map { Array(walk.declared.key($0))[0] },
          difference.stored.map { Array(walk.stored.key($0))[0] },
        ]
      }
      let expected = Set(a.keys).union(b.keys).sorted().filter { a[$0] != b[$0] }.map {
        [a[$0] == nil ? nil : $0, b[$0] == nil ? nil : $0]
      }
      #expect(found == expected)
    }
  }
}
