internal import CYAML

/// Turns libyaml's events into a `YAMLDocument`. Duplicate and merge keys are errors that are
/// collected; after a syntax error nothing more can be said, and there is no document.
struct YAMLParser {
  private struct Frame {
    var index: Int
    var children = 0
    /// Descendants with aliases expanded, and how deep they go below this node.
    var expanded = 1
    var height = 1
    var anchor: String?
  }

  private struct Anchor {
    var index: Int
    var expanded: Int
    var height: Int
    /// False while the node's own content is being read.
    var complete: Bool
  }

  private let limits: YAMLLimits
  private var records: [YAMLDocument.Record] = []
  private var text: [UInt8] = []
  private var frames: [Frame] = []
  private var anchors: [String: Anchor] = [:]
  private var aliased = 0
  private var documents = 0

  private init(limits: YAMLLimits) { self.limits = limits }

  static func parse(
    _ bytes: [UInt8], log: inout DiagnosticLog, limits: YAMLLimits = YAMLLimits()
  ) -> YAMLDocument? {
    guard YAMLSource.check(bytes, limit: limits.bytes, log: &log) else { return nil }
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var parser = YAMLParser(limits: limits)
    let complete = unsafe bytes.withUnsafeBufferPointer { buffer in
      // The parser keeps a pointer to itself, so it must not move.
      let handle = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
      defer { unsafe handle.deallocate() }
      guard unsafe yaml_parser_initialize(handle) == 1 else {
        log.error("out-of-memory", "the YAML parser could not be set up", at: nil)
        return false
      }
      defer { unsafe yaml_parser_delete(handle) }
      unsafe yaml_parser_set_encoding(handle, YAML_UTF8_ENCODING)
      let content = unsafe UnsafeBufferPointer(rebasing: buffer[start...])
      unsafe yaml_parser_set_input_string(handle, content.baseAddress, content.count)
      return unsafe parser.run(handle, source: bytes, log: &log)
    }
    guard complete else { return nil }
    return YAMLDocument(records: parser.records, text: parser.text)
  }

  /// False when there is no document to go on with.
  private mutating func run(
    _ handle: UnsafeMutablePointer<yaml_parser_t>, source: [UInt8], log: inout DiagnosticLog
  ) -> Bool {
    var event = unsafe yaml_event_t()
    while true {
      guard unsafe yaml_parser_parse(handle, &event) == 1 else {
        log.add(
          unsafe YAMLSyntaxError(handle.pointee, source: source).diagnostic(file: log.file))
        return false
      }
      defer { unsafe yaml_event_delete(&event) }
      if unsafe event.type == YAML_STREAM_END_EVENT { return true }
      guard unsafe take(event, log: &log) else { return false }
    }
  }

  private mutating func take(_ event: yaml_event_t, log: inout DiagnosticLog) -> Bool {
    let at = unsafe Self.position(event)
    switch unsafe event.type {
    case YAML_DOCUMENT_START_EVENT:
      documents += 1
      if documents > 1 {
        log.error(
          "multiple-documents", "a manifest is one YAML document, and here a second one starts",
          at: at, hints: ["apply each document from a file of its own"])
        return false
      }
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      let plain =
        unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE && (scalar.tag == nil)
      let tag = unsafe Self.string(scalar.tag)
      let start = text.count
      if let value = unsafe scalar.value {
        unsafe text.append(contentsOf: UnsafeBufferPointer(start: value, count: scalar.length))
      }
      let isPlain = checkTag(tag, of: .scalar, at: at, log: &log) ?? plain
      add(
        .init(
          kind: .scalar, plain: isPlain, line: at.line, column: at.column, length: at.length,
          first: UInt32(start), second: UInt32(text.count - start)))
      if let anchor = unsafe Self.string(scalar.anchor) {
        anchors[anchor] = Anchor(index: records.count - 1, expanded: 1, height: 0, complete: true)
      }
    case YAML_SEQUENCE_START_EVENT:
      let start = unsafe event.data.sequence_start
      _ = checkTag(unsafe Self.string(start.tag), of: .sequence, at: at, log: &log)
      return open(.sequence, anchor: unsafe Self.string(start.anchor), at: at, log: &log)
    case YAML_MAPPING_START_EVENT:
      let start = unsafe event.data.mapping_start
      _ = checkTag(unsafe Self.string(start.tag), of: .mapping, at: at, log: &log)
      return open(.mapping, anchor: unsafe Self.string(start.anchor), at: at, log: &log)
    case YAML_SEQUENCE_END_EVENT: close()
    case YAML_MAPPING_END_EVENT:
      if let frame = frames.last { checkKeys(of: frame.index, log: &log) }
      close()
    case YAML_ALIAS_EVENT:
      return alias(unsafe Self.string(event.data.alias.anchor) ?? "", at: at, log: &log)
    default: break
    }
    return true
  }

  private mutating func add(_ record: YAMLDocument.Record, expanded: Int = 1, height: Int = 0) {
    records.append(record)
    guard !frames.isEmpty else { return }
    let top = frames.count - 1
    frames[top].children += 1
    frames[top].expanded += expanded
    frames[top].height = max(frames[top].height, height + 1)
  }

  private mutating func open(
    _ kind: YAMLDocument.Kind, anchor: String?, at: Position, log: inout DiagnosticLog
  ) -> Bool {
    guard frames.count < limits.depth else { return tooDeep(at: at, log: &log) }
    records.append(
      .init(
        kind: kind, plain: false, line: at.line, column: at.column, length: 1, first: 0, second: 0))
    if let anchor {
      anchors[anchor] = Anchor(
        index: records.count - 1, expanded: 0, height: 0, complete: false)
    }
    frames.append(Frame(index: records.count - 1, anchor: anchor))
    return true
  }

  private mutating func close() {
    guard let frame = frames.popLast() else { return }
    records[frame.index].first = UInt32(frame.children)
    records[frame.index].second = UInt32(records.count)
    if let anchor = frame.anchor, anchors[anchor]?.index == frame.index {
      anchors[anchor] = Anchor(
        index: frame.index, expanded: frame.expanded, height: frame.height, complete: true)
    }
    guard !frames.isEmpty else { return }
    let top = frames.count - 1
    frames[top].children += 1
    frames[top].expanded += frame.expanded
    frames[top].height = max(frames[top].height, frame.height + 1)
  }

  private mutating func alias(_ name: String, at: Position, log: inout DiagnosticLog) -> Bool {
    guard let anchor = anchors[name] else {
      log.error(
        "unknown-alias", "no anchor '&\(name)' stands before the alias '*\(name)'", at: at,
        hints: [
          Suggestion.closest(to: name, in: anchors.keys.sorted()).map { "did you mean '*\($0)'?" },
          "text that starts with '*' must be quoted: \"*\(name)\"",
        ])
      // As null, so that the rest of the manifest can be checked too.
      add(
        .init(
          kind: .scalar, plain: true, line: at.line, column: at.column, length: at.length,
          first: UInt32(text.count), second: 0))
      return true
    }
    guard anchor.complete else {
      log.error(
        "recursive-alias", "the alias '*\(name)' stands inside of what it repeats", at: at)
      return false
    }
    aliased += anchor.expanded
    guard aliased <= limits.aliasedNodes else {
      log.error(
        "alias-budget",
        "the aliases up to here repeat more than \(limits.aliasedNodes) values", at: at,
        hints: ["entries that many belong into a CSV or JSON Lines file: entries.file"])
      return false
    }
    guard frames.count + anchor.height <= limits.depth else { return tooDeep(at: at, log: &log) }
    add(
      .init(
        kind: .alias, plain: false, line: at.line, column: at.column, length: at.length,
        first: UInt32(anchor.index), second: 0),
      expanded: anchor.expanded, height: anchor.height)
    return true
  }

  private func tooDeep(at: Position, log: inout DiagnosticLog) -> Bool {
    log.error(
      "nesting-depth", "more than \(limits.depth) collections inside each other", at: at)
    return false
  }

  /// Whether a tagged scalar is plain; nil without a tag that decides it.
  private func checkTag(
    _ tag: String?, of kind: YAMLDocument.Kind, at: Position, log: inout DiagnosticLog
  ) -> Bool? {
    guard let tag else { return nil }
    let core = "tag:yaml.org,2002:"
    let known: Bool
    switch kind {
    case .scalar:
      if tag == "!" || tag == core + "str" { return false }
      known = ["null", "bool", "int", "float"].contains { tag == core + $0 }
    case .sequence: known = tag == "!" || tag == core + "seq"
    case .mapping: known = tag == "!" || tag == core + "map"
    case .alias: known = true
    }
    if !known {
      log.error(
        "unknown-tag", "the tag \(Printable.quoted(tag)) means nothing here", at: at,
        hints: [tag.hasPrefix("!") ? "text that starts with '!' must be quoted" : nil])
    }
    return known ? true : nil
  }

  private static func position(_ event: yaml_event_t) -> Position {
    let start = unsafe event.start_mark
    let end = unsafe event.end_mark
    let oneLine = start.line == end.line && end.column > start.column
    return Position(
      line: UInt32(clamping: start.line + 1), column: UInt32(clamping: start.column + 1),
      length: oneLine ? UInt32(clamping: end.column - start.column) : 1)
  }

  private static func string(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe String(cString: pointer)
  }
}

extension YAMLParser {
  /// Every key of a mapping is a scalar, no merge key, and stands there once.
  private func checkKeys(of mapping: Int, log: inout DiagnosticLog) {
    var keys: [(bytes: ArraySlice<UInt8>, at: Position)] = []
    var seen: [ArraySlice<UInt8>: Position] = [:]
    var index = mapping + 1
    var isKey = true
    while index < records.count {
      var record = records[index]
      let at = Position(line: record.line, column: record.column, length: record.length)
      var next = index + 1
      if record.kind == .sequence || record.kind == .mapping { next = Int(record.second) }
      if record.kind == .alias { record = records[Int(record.first)] }
      if isKey {
        if record.kind != .scalar {
          log.error("complex-key", "a key must be a scalar", at: at)
        } else {
          let start = Int(record.first)
          let bytes = text[start..<start + Int(record.second)]
          if record.plain, bytes.elementsEqual("<<".utf8) {
            log.error(
              "merge-key", "merge keys '<<' are not part of YAML 1.2", at: at,
              hints: ["an alias can stand for a whole value: entries: *common"])
          }
          checkDuplicate(bytes, at: at, keys: &keys, seen: &seen, log: &log)
        }
      }
      isKey.toggle()
      index = next
    }
  }

  /// Few keys are compared one by one, which allocates nothing; many by their hashes.
  private func checkDuplicate(
    _ bytes: ArraySlice<UInt8>, at: Position,
    keys: inout [(bytes: ArraySlice<UInt8>, at: Position)],
    seen: inout [ArraySlice<UInt8>: Position], log: inout DiagnosticLog
  ) {
    var first: Position?
    if keys.count < 8 {
      first = keys.first { $0.bytes == bytes }?.at
      keys.append((bytes, at))
    } else {
      if seen.isEmpty {
        for key in keys where seen[key.bytes] == nil { seen[key.bytes] = key.at }
      }
      first = seen[bytes]
      if first == nil { seen[bytes] = at }
    }
    if let first {
      log.error(
        "duplicate-key",
        "the key \(Printable.quoted(String(decoding: bytes, as: UTF8.self))) stands here twice",
        at: at, related: [("first defined here", first)])
    }
  }
}
