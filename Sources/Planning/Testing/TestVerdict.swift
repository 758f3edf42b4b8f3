internal import BPFObject

/// What a program left when it had been run.
public struct TestOutput: Hashable, Sendable {
  public var returnCode: UInt32
  /// nil where the kernel hands none back.
  public var packet: [UInt8]?
  public var metadata: [UInt8]
  public var context: [UInt8]
  /// The CPU that ran it.
  public var cpu: Int
  /// Nanoseconds of one run, on average.
  public var nanoseconds: UInt32

  public init(returnCode: UInt32) {
    self.returnCode = returnCode
    metadata = []
    context = []
    cpu = 0
    nanoseconds = 0
  }
}

/// A difference between what was expected and what came.
public enum TestMismatch: Hashable, Sendable {
  /// By name, where the number has one.
  case returned(expected: String, got: String)
  case packet(expected: [UInt8], got: [UInt8])
  case metadata(expected: [UInt8], got: [UInt8])
  case context(field: String, expected: String, got: String)
  /// The map's REF, and key and values in its notation; nil = not there.
  case entry(map: String, key: String, expected: String?, got: String?)
}

/// How a test ended.
public struct TestReport: Hashable, Sendable {
  public enum Result: Hashable, Sendable {
    case passed
    case failed([TestMismatch])
    /// This kernel or host cannot run it, for that reason: nothing is known.
    case notRunnable(String)
    /// It could not be run for another reason, which counts as failed.
    case broken(String)
  }

  /// The program's REF.
  public var program: String
  public var name: String
  public var location: SourceLocation?
  public var result: Result
  /// Nanoseconds of one run, on average; nil if there was none.
  public var nanoseconds: UInt32?

  public init(program: String, test: DesiredTest, result: Result, nanoseconds: UInt32? = nil) {
    self.program = program
    name = test.name
    location = test.location
    self.result = result
    self.nanoseconds = nanoseconds
  }

  public var isFailure: Bool {
    switch result {
    case .failed, .broken: true
    case .passed, .notRunnable: false
    }
  }
}

extension DesiredTest {
  /// What is not as expected, in the order return code, packet, context, entries.
  ///
  /// `contents` has what was in the maps afterwards, by REF; `maps` the maps as they are declared.
  public func mismatches(
    of program: DesiredProgram, _ output: TestOutput, contents: [String: EntryTable],
    maps: [String: DesiredMap]
  ) -> [TestMismatch] {
    var found: [TestMismatch] = []
    if let code = expected.returnCode, code != output.returnCode {
      func name(_ value: UInt32) -> String {
        ReturnCode.name(
          of: value, for: program.image.type, attachType: program.image.expectedAttachType)
      }
      found.append(.returned(expected: name(code), got: name(output.returnCode)))
    }
    if let packet = expected.packet, let got = output.packet, packet != got {
      found.append(.packet(expected: packet, got: got))
    }
    if let metadata = expected.metadata, metadata != output.metadata {
      found.append(.metadata(expected: metadata, got: output.metadata))
    }
    for wanted in expected.fields {
      let field = wanted.field
      let end = field.offset + wanted.bytes.count
      let got =
        end <= output.context.count
        ? Array(output.context[field.offset..<end])
        : [UInt8](repeating: 0, count: wanted.bytes.count)
      guard got != wanted.bytes else { continue }
      found.append(
        .context(
          field: field.name, expected: field.layout.decode(wanted.bytes).description,
          got: field.layout.decode(got).description))
    }
    if let context = expected.context, context != output.context {
      let layout = Layout.bytes(context.count)
      found.append(
        .context(
          field: "hex", expected: layout.decode(context).description,
          got: Layout.bytes(output.context.count).decode(output.context).description))
    }
    for entry in expected.entries {
      guard var map = maps[entry.map] else { continue }
      if sensitiveMaps.contains(entry.map) { map.sensitive = true }
      if let mismatch = entry.mismatch(in: contents[entry.map], of: map, cpu: output.cpu) {
        found.append(mismatch)
      }
    }
    return found
  }
}

extension ExpectedEntry {
  fileprivate func mismatch(
    in contents: EntryTable?, of map: DesiredMap, cpu: Int
  ) -> TestMismatch? {
    var got: [UInt8]?
    if let contents, let row = contents.row(of: key) {
      let stored = Array(contents.value(row))
      let size = Int(map.map.valueSize)
      let start = stored.count == size ? 0 : cpu * ((size + 7) / 8 * 8)
      got = start + size <= stored.count ? Array(stored[start..<start + size]) : stored
    }
    switch (value, got) {
    case (nil, nil): return nil
    case (let value?, let found?):
      if let mask {
        let isSame = zip(zip(value, found), mask).allSatisfy { ($0.0 ^ $0.1) & $1 == 0 }
        if value.count == found.count, isSame { return nil }
      } else if ValueMatch(oneOf: map).isSame(value, found[...]) {
        return nil
      }
    default: break
    }
    if map.sensitive {
      return .entry(
        map: self.map, key: EntryNotation.hidden, expected: value.map { _ in EntryNotation.hidden },
        got: got.map { _ in EntryNotation.hidden })
    }
    let notation = EntryNotation(map)
    return .entry(
      map: self.map, key: notation.text(key: key) ?? "",
      expected: text ?? value.map(notation.text(value:)),
      got: got.map(notation.text(value:)))
  }
}
