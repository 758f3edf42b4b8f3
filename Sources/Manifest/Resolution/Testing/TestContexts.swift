internal import BPFObject
internal import Planning

/// The contexts that tests give programs, and those that they expect.
extension Resolver {
  mutating func setContext(
    _ declared: Manifest.Test, of program: DesiredProgram, in test: inout DesiredTest
  ) {
    let type = program.image.type
    switch type {
    case .rawTracepoint, .rawTracepointWritable: setArguments(declared, in: &test)
    case .syscall: test.context = wholeContext(declared.context) ?? []
    default:
      guard let layout = ContextLayout.of(type) else { return }
      var context = defaults(for: type, layout, declared, test.packet)
      var isSet = type == .skLookup
      for value in declared.context where !log.isFull {
        if type == .xdp, value.name.value == "metadata" {
          test.metadata = metadata(value) ?? []
          continue
        }
        guard let field = field(value, in: layout, type, \.isInput) else { continue }
        isSet = true
        if field.isInterface, case .scalar(let name, _) = value.data.value,
          ScalarText.integer(name) == nil, ScalarText.isInterface(name)
        {
          test.interfaces.append(ContextInterface(offset: field.offset, name: name))
        } else if let bytes = encode(value, as: field.layout) {
          context.replaceSubrange(field.offset..<field.offset + bytes.count, with: bytes)
        }
      }
      if isSet { test.context = context }
    }
  }

  mutating func expectContext(
    _ declared: Manifest.Test, of program: DesiredProgram, in test: inout DesiredTest
  ) {
    let type = program.image.type
    if declared.expectedContext.isEmpty { return }
    if type == .syscall {
      test.expected.context = wholeContext(declared.expectedContext)
      return
    }
    guard let layout = ContextLayout.of(type) else {
      log.error(
        "conflicting-keys", "the kernel hands no context back from programs of type \(type)",
        at: declared.expectedContext.first?.name.at)
      return
    }
    for value in declared.expectedContext where !log.isFull {
      if type == .xdp, value.name.value == "metadata" {
        test.expected.metadata = metadata(value)
      } else if let field = field(value, in: layout, type, \.isOutput),
        let bytes = encode(value, as: field.layout)
      {
        test.expected.fields.append(ExpectedField(field: field, bytes: bytes))
      }
    }
  }

  /// What goes without saying.
  private func defaults(
    for type: ProgramType, _ layout: ContextLayout, _ declared: Manifest.Test, _ packet: [UInt8]?
  ) -> [UInt8] {
    var context = [UInt8](repeating: 0, count: layout.size)
    func set(_ name: String, _ value: String) {
      guard let field = layout[name],
        let bytes = try? field.layout.encode(.scalar(value, plain: false))
      else { return }
      context.replaceSubrange(field.offset..<field.offset + bytes.count, with: bytes)
    }
    switch type {
    case .skLookup:
      let isIPv6 = declared.context.contains { $0.name.value.hasSuffix("_ip6") }
      set("family", isIPv6 ? "AF_INET6" : "AF_INET")
      set("protocol", "IPPROTO_TCP")
    case .netfilter:
      let isIPv6 = (packet?.count ?? 0) >= 14 && packet?[12] == 0x86 && packet?[13] == 0xdd
      set("hook", "input")
      set("pf", isIPv6 ? "ipv6" : "ipv4")
    default: break
    }
    return context
  }

  private mutating func field(
    _ value: Manifest.Global, in layout: ContextLayout, _ type: ProgramType,
    _ isFit: KeyPath<ContextField, Bool>
  ) -> ContextField? {
    let name = value.name.value
    let extra = type == .xdp ? ["metadata"] : []
    let names = layout.fields.filter { $0[keyPath: isFit] }.map(\.name) + extra
    if let field = layout[name], field[keyPath: isFit] { return field }
    let isKnown = layout[name] != nil
    log.error(
      "unknown-key",
      isKnown
        ? "'\(name)' of the context is \(isFit == \.isInput ? "not for tests to set" : "not handed back")"
        : "the context of a program of type \(type) has no \(Printable.quoted(name)) here",
      at: value.name.at,
      hints: [
        isKnown ? nil : Suggestion.hint(for: name, in: names),
        names.isEmpty ? nil : "keys here: \(names.joined(separator: ", "))",
      ])
    return nil
  }

  private mutating func encode(_ value: Manifest.Global, as layout: Layout) -> [UInt8]? {
    do throws(ValueError) {
      return try layout.encode(value.data.value)
    } catch {
      valueError(error, of: "'\(value.name.value)'", in: value.data)
      return nil
    }
  }

  private mutating func hex(_ value: Manifest.Global) -> [UInt8]? {
    if case .scalar(let text, _) = value.data.value, let bytes = ScalarText.hex(text) {
      return bytes
    }
    log.error(
      "invalid-value", "'\(value.name.value)': expected pairs of hexadecimal digits",
      at: value.data.at)
    return nil
  }

  private mutating func metadata(_ value: Manifest.Global) -> [UInt8]? {
    guard let bytes = hex(value) else { return nil }
    guard bytes.count % 4 == 0, bytes.count <= 252 else {
      log.error(
        "invalid-value", "metadata has a multiple of 4 bytes, at most 252, and this \(bytes.count)",
        at: value.data.at)
      return nil
    }
    return bytes
  }

  /// `{hex: …}`.
  private mutating func wholeContext(_ values: [Manifest.Global]) -> [UInt8]? {
    var bytes: [UInt8]?
    for value in values {
      guard value.name.value == "hex" else {
        log.error(
          "unknown-key", "the context of a syscall program is given as 'hex'", at: value.name.at)
        continue
      }
      bytes = hex(value)
      if let count = bytes?.count, count > Int(UInt16.max) {
        log.error(
          "too-large", "a context has at most 65535 bytes, and this \(count)", at: value.data.at)
      }
    }
    return bytes
  }

  /// `{args: […]}`, each 64 bits.
  private mutating func setArguments(_ declared: Manifest.Test, in test: inout DesiredTest) {
    let most = TestRunSupport.tracepointArguments
    test.context = [UInt8](repeating: 0, count: 8 * most)
    for value in declared.context where !log.isFull {
      guard value.name.value == "args" else {
        log.error(
          "unknown-key", "the context of a raw tracepoint is given as 'args'", at: value.name.at)
        continue
      }
      guard case .list(let arguments) = value.data.value, arguments.count <= most else {
        log.error(
          "invalid-value", "'args': expected a list of at most \(most) numbers", at: value.data.at)
        continue
      }
      for (index, argument) in arguments.enumerated() {
        let unsigned = Layout.integer(size: 8, signed: false, bigEndian: false)
        let signed = Layout.integer(size: 8, signed: true, bigEndian: false)
        do throws(ValueError) {
          let bytes: [UInt8]
          if let some = try? unsigned.encode(argument) {
            bytes = some
          } else {
            bytes = try signed.encode(argument)
          }
          test.context.replaceSubrange(8 * index..<8 * index + 8, with: bytes)
        } catch {
          valueError(error.inside(.index(index)), of: "'args'", in: value.data)
        }
      }
    }
  }
}
