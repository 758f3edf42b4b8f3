internal import BPFKernel
internal import BPFObject
internal import Planning

/// A program that makes patches in a map beside the programs that write to it.
///
/// Each run takes the next record of an array and makes its patch; PROG_TEST_RUN repeats it over a
/// whole batch. It is a socket filter: that may use every kind of map, needs no more than CAP_BPF,
/// and can be repeated, which a syscall program cannot.
struct MergeProgram {
  /// In the array of records, for each patch: kind and status, the key, what was copied, what is
  /// wanted, what the base is to have. All parts begin at multiples of eight.
  struct Record {
    let keySize: Int
    let valueSize: Int
    /// 0 where no base is kept.
    let baseSize: Int
    var key: Int { 8 }
    var copied: Int { 8 + Record.padded(keySize) }
    var wanted: Int { copied + Record.padded(valueSize) }
    var base: Int { wanted + Record.padded(valueSize) }
    var size: Int { base + Record.padded(baseSize) }

    private static func padded(_ size: Int) -> Int { (size + 7) / 8 * 8 }
  }

  /// What the program counts, in 64-bit numbers from the start of its state.
  enum Counter: Int, CaseIterable {
    case next, limit, changed, added, deleted, kept, failed
    var offset: Int { rawValue * 8 }
  }

  /// What is done with a record; the first three are those of `EntryPatches.Kind`. The others are for
  /// keys that are known not to be there, and are not looked up.
  enum Work: UInt32 {
    case change = 1
    case add = 2
    case delete = 3
    case insert = 4
    case leave = 5

    init(_ kind: EntryPatches.Kind, isAbsent: Bool) {
      self =
        switch kind {
        case .change: isAbsent ? .leave : .change
        case .add: isAbsent ? .insert : .add
        case .delete: .delete
        }
    }
  }

  let record: Record
  private let program: BPFKernel.Program
  private let state: Map
  private let records: Map
  private let batch: Int

  /// nil where this cannot be done in a program: other kinds of maps, large values, or a kernel that
  /// refuses it. In `base` it records what it has done, in the same run.
  init?(_ target: Map, form: MergeForm, base: Map?) {
    let type = target.info.type
    guard type.isMergedAtOnce(valueSize: form.size), form.size == Int(target.info.valueSize),
      base.map({ $0.keySize == target.keySize }) ?? true
    else { return nil }
    let record = Record(
      keySize: target.keySize, valueSize: form.size, baseSize: Int(base?.info.valueSize ?? 0))
    let batch = min(8192, max(1, (2 << 20) / record.size))
    guard
      let state = try? Map.create(
        MapParameters(
          type: .array, name: "merge_state", keySize: 4,
          valueSize: UInt32(Counter.allCases.count * 8), maxEntries: 1)),
      let records = try? Map.create(
        MapParameters(
          type: .array, name: "merge_records", keySize: 4, valueSize: UInt32(record.size),
          maxEntries: UInt32(batch)))
    else { return nil }
    let code = Self.code(
      record, form, canDelete: type != .array,
      (
        state.descriptor.rawValue, records.descriptor.rawValue, target.descriptor.rawValue,
        base?.descriptor.rawValue
      ))
    guard let code,
      let program = try? BPFKernel.Program.load(
        ProgramParameters(
          type: .socketFilter, name: "merge_entries", instructions: code, license: "GPL"))
    else { return nil }
    self.record = record
    self.program = program
    self.state = state
    self.records = records
    self.batch = batch
  }

  /// Makes the patches. `absent` are rows whose keys the map is known not to have. Throws E2BIG (or
  /// what else the map answers) when an entry does not go in.
  func run(
    _ patches: EntryPatches, absent: Set<Int>, _ made: inout [Bool],
    report: (_ done: Int) -> Void
  ) throws(KernelError) -> MergeCounts {
    var counts = MergeCounts()
    var start = 0
    while start < patches.count {
      let end = min(start + batch, patches.count)
      var rest = Array(start..<end)
      start = end
      // A key that came into being between look-up and insertion is merged in the next round.
      for round in 0..<8 where !rest.isEmpty {
        rest = try run(
          patches, batch: rest, absent: round == 0 ? absent : [], &counts, &made,
          isLast: round == 7)
      }
      report(end)
    }
    return counts
  }

  private func run(
    _ patches: EntryPatches, batch rows: [Int], absent: Set<Int>,
    _ counts: inout MergeCounts, _ made: inout [Bool], isLast: Bool
  ) throws(KernelError) -> [Int] {
    var keys: [UInt8] = []
    var bytes = [UInt8](repeating: 0, count: rows.count * record.size)
    for (place, row) in rows.enumerated() {
      keys += HostOrder.bytes(UInt32(truncatingIfNeeded: place))
      let start = place * record.size
      let work = Work(patches.kinds[row], isAbsent: absent.contains(row))
      bytes.replaceSubrange(start..<start + 4, with: HostOrder.bytes(work.rawValue))
      fill(&bytes, start + record.key, patches.key(row))
      fill(&bytes, start + record.copied, patches.copied.value(row))
      fill(&bytes, start + record.wanted, patches.wanted.value(row))
      if record.baseSize > 0, let recorded = patches.recorded {
        fill(&bytes, start + record.base, recorded.value(row))
      }
    }
    if rows.count > 1 {
      do throws(KernelError) {
        try records.updateBatch(keys: keys, values: bytes)
      } catch {
        // No batches before 5.6.
        try writeEach(keys, bytes, rows.count)
      }
    } else {
      try writeEach(keys, bytes, rows.count)
    }
    var numbers = [UInt64](repeating: 0, count: Counter.allCases.count)
    numbers[Counter.limit.rawValue] = UInt64(rows.count)
    try state.update([0, 0, 0, 0], numbers.flatMap(Self.bytes))
    repeat {
      do throws(KernelError) {
        _ = try program.testRun(
          TestRunInput(
            data: [UInt8](repeating: 0, count: 64),
            repeats: UInt32(rows.count) - UInt32(numbers[Counter.next.rawValue]), dataRoom: 0))
      } catch {
        // A signal: what is done stays done.
        guard error.errno == .interrupted else { throw error }
      }
      numbers = Self.numbers(try state.lookup([0, 0, 0, 0]) ?? [])
    } while numbers.count == Counter.allCases.count
      && numbers[Counter.next.rawValue] < UInt64(rows.count)
    guard numbers.count == Counter.allCases.count else { return [] }
    func count(_ counter: Counter) -> Int { Int(truncatingIfNeeded: numbers[counter.rawValue]) }
    counts.changed += count(.changed)
    counts.added += count(.added)
    counts.deleted += count(.deleted)
    counts.kept += count(.kept)
    for row in rows { made[row] = true }
    if count(.failed) == 0 { return [] }
    return try failed(rows, &made, isLast: isLast)
  }

  private func writeEach(_ keys: [UInt8], _ bytes: [UInt8], _ count: Int) throws(KernelError) {
    for row in 0..<count {
      try records.update(
        Array(keys[row * 4..<row * 4 + 4]),
        Array(bytes[row * record.size..<(row + 1) * record.size]))
    }
  }

  /// The rows whose key exists by now; any other failure is thrown.
  private func failed(
    _ rows: [Int], _ made: inout [Bool], isLast: Bool
  ) throws(KernelError) -> [Int] {
    var again: [Int] = []
    var failure: KernelError?
    for (place, row) in rows.enumerated() {
      guard let bytes = try records.lookup(HostOrder.bytes(UInt32(truncatingIfNeeded: place))),
        bytes.count == record.size
      else { continue }
      let status = Int32(bitPattern: HostOrder.number(bytes[4..<8]))
      guard status < 0 else { continue }
      made[row] = false
      let errno = Errno(rawValue: -status)
      guard errno == .exists, !isLast else {
        failure = KernelError("BPF_MAP_UPDATE_ELEM", errno, on: "an entry that is carried over")
        continue
      }
      again.append(row)
    }
    if let failure { throw failure }
    return again
  }

  private func fill(_ bytes: inout [UInt8], _ place: Int, _ part: ArraySlice<UInt8>) {
    bytes.replaceSubrange(place..<place + part.count, with: part)
  }

  private static func bytes(_ number: UInt64) -> [UInt8] {
    #if _endian(little)
      return HostOrder.bytes(UInt32(truncatingIfNeeded: number))
        + HostOrder.bytes(UInt32(truncatingIfNeeded: number >> 32))
    #else
      return HostOrder.bytes(UInt32(truncatingIfNeeded: number >> 32))
        + HostOrder.bytes(UInt32(truncatingIfNeeded: number))
    #endif
  }

  private static func numbers(_ bytes: [UInt8]) -> [UInt64] {
    stride(from: 0, to: bytes.count - bytes.count % 8, by: 8).map {
      let (first, second) = (
        UInt64(HostOrder.number(bytes[$0..<$0 + 4])),
        UInt64(HostOrder.number(bytes[$0 + 4..<$0 + 8]))
      )
      #if _endian(little)
        return second << 32 | first
      #else
        return first << 32 | second
      #endif
    }
  }
}
