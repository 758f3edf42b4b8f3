internal import BPFObject
internal import Planning

/// Tests as bytes: what programs run on, and what has to come of it.
extension Resolver {
  mutating func readCaptures(_ files: some FileReader) {
    for test in manifest.programs.flatMap(\.tests) {
      for packet in [test.packet, test.expectedPacket] {
        guard case .capture(let file, _)? = packet?.source else { continue }
        readDataFile(file, files)
      }
    }
  }

  mutating func resolveTests() {
    for declared in manifest.programs where !declared.tests.isEmpty && !log.isFull {
      // Why there is none has been reported.
      guard let program = programs[declared.ref.value] else { continue }
      let image = program.image
      if let obstacle = TestRunSupport.obstacle(image.type, image.expectedAttachType) {
        let types = TestRunSupport.types.map(\.type.description).joined(separator: ", ")
        log.error(
          "not-testable", "'\(program.ref)' cannot have tests: \(obstacle)",
          at: declared.testsAt, hints: ["the kernel runs \(types)"])
        continue
      }
      let maps = reachedMaps(of: program)
      var seen: [String: Position] = [:]
      var tests: [DesiredTest] = []
      for test in declared.tests where !log.isFull {
        if let first = seen[test.name.value] {
          log.error(
            "duplicate-name", "two tests of '\(program.ref)' have the name '\(test.name.value)'",
            at: test.name.at, related: [("the other one", first)])
        }
        seen[test.name.value] = test.name.at
        tests.append(makeTest(test, of: program, maps))
      }
      programs[declared.ref.value]?.tests = tests
    }
  }

  private mutating func makeTest(
    _ declared: Manifest.Test, of program: DesiredProgram, _ maps: [String: DesiredMap]
  ) -> DesiredTest {
    let type = program.image.type
    var test = DesiredTest(name: declared.name.value)
    test.location = location(declared.name.at)
    if TestRunSupport.takesPacket(type) {
      if let packet = declared.packet {
        test.packet = bytes(of: packet)
      } else {
        log.error(
          "missing-key", "'packet' is missing: programs of type \(type) run on packets",
          at: declared.name.at)
      }
    } else if let packet = declared.packet {
      log.error(
        "conflicting-keys", "programs of type \(type) run on no packet", at: packet.at,
        hints: ["what they run on is said by 'ctx'"])
    }
    if let repeats = declared.repeats {
      test.repeats = repeats.value
      if repeats.value > 1, !TestRunSupport.repeats(type) {
        log.error(
          "conflicting-keys", "the kernel runs programs of type \(type) once only", at: repeats.at)
      }
    }
    setContext(declared, of: program, in: &test)
    for rows in declared.entries { addEntries(rows, of: program, maps, to: &test) }
    setExpectation(declared, of: program, maps, in: &test)
    return test
  }

  private mutating func setExpectation(
    _ declared: Manifest.Test, of program: DesiredProgram, _ maps: [String: DesiredMap],
    in test: inout DesiredTest
  ) {
    let type = program.image.type
    if declared.returnCode == nil, declared.expectedPacket == nil, declared.expectedContext.isEmpty,
      declared.expectedEntries.isEmpty
    {
      log.error(
        "missing-key", "the test expects nothing, and so cannot fail", at: declared.expectAt,
        hints: ["keys here: return, packet, ctx, entries"])
    }
    if let code = declared.returnCode {
      test.expected.returnCode = ReturnCode.value(code.value, for: type)
      if test.expected.returnCode == nil {
        let names = ReturnCode.names(for: type).map(\.name)
        log.error(
          "invalid-value",
          "\(Printable.quoted(code.value)) is nothing that a program of type \(type) returns",
          at: code.at,
          hints: [
            Suggestion.hint(for: code.value, in: names)
              ?? (names.isEmpty ? "a number" : "a number, or \(names.joined(separator: ", "))")
          ])
      }
    }
    if let packet = declared.expectedPacket {
      if TestRunSupport.returnsPacket(type) {
        test.expected.packet = bytes(of: packet)
      } else {
        log.error(
          "conflicting-keys", "the kernel hands no packet back from programs of type \(type)",
          at: packet.at)
      }
    }
    expectContext(declared, of: program, in: &test)
    for rows in declared.expectedEntries { expect(rows, of: program, maps, in: &test) }
  }

  // MARK: Packets

  /// The packet from the Ethernet header on; nil when something is wrong, which is reported.
  private mutating func bytes(of packet: Manifest.Packet) -> [UInt8]? {
    guard checkKeys(of: packet) else { return nil }
    let found: [UInt8]?
    switch packet.source {
    case .bytes(let bytes): found = bytes
    case .capture(let file, let frame):
      let path = manifest.path(file.value)
      guard let bytes = entryFiles[path] else { return nil }
      do throws(CaptureError) {
        found = try CaptureFile.frame(frame, of: bytes)
      } catch {
        log.error(
          "bad-capture", "\(file.value): \(error.message)", at: file.at, hints: [error.hint])
        return nil
      }
    case .described(let description):
      found = description.bytes
      if found == nil {
        log.error(
          "too-large", "an IP packet has at most \(PacketDescription.limit) bytes", at: packet.at)
      }
    }
    if let found, found.count < TestRunSupport.ethernetHeader {
      log.error(
        "too-short",
        "a packet begins with an Ethernet header of 14 bytes, and this one has "
          + "\(found.count)", at: packet.at)
      return nil
    }
    return found
  }

  /// What may stand together in a packet.
  private mutating func checkKeys(of packet: Manifest.Packet) -> Bool {
    let given = packet.given
    let kinds: Set<String> = ["hex", "file", "frame"]
    let headers = given.keys.filter { !kinds.contains($0) }.sorted()
    var problem: (String, String, Position?)?
    if given.isEmpty {
      problem = ("missing-key", "the packet is empty: 'hex', 'file' or a header is needed", nil)
    } else if let whole = ["hex", "file"].first(where: { given[$0] != nil }),
      let header = headers.first
    {
      problem = (
        "conflicting-keys", "'\(whole)' is all of the packet, and so '\(header)' cannot be said",
        given[header]
      )
    } else if given["frame"] != nil, given["file"] == nil {
      problem = ("conflicting-keys", "'frame' is of a 'file'", given["frame"])
    } else if let transport = ["tcp", "udp", "icmp", "icmpv6"].first(where: { given[$0] != nil }) {
      let carriers = ["icmp": ["ipv4"], "icmpv6": ["ipv6"]][transport] ?? ["ipv4", "ipv6"]
      if !carriers.contains(where: { given[$0] != nil }) {
        let names = carriers.map { "'\($0)'" }.joined(separator: " or ")
        problem = (
          "missing-key", "'\(transport)' needs \(names) in the packet", given[transport]
        )
      }
    }
    if case .described(let description) = packet.source, case .ipv4(let ip)? = description.network,
      ip.fragmentOffset % 8 != 0
    {
      problem = ("invalid-value", "a fragment's offset is a multiple of 8", given["ipv4"])
    }
    guard let problem else { return true }
    log.error(problem.0, problem.1, at: problem.2 ?? packet.at)
    return false
  }
}
