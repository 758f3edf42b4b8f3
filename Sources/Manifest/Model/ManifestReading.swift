internal import BPFObject
internal import Crypto
internal import Planning

extension Manifest {
  /// Parses and checks a manifest.
  ///
  /// `file` is its path, for messages and as what relative paths are relative to. Throws all errors
  /// that can be found at once, up to a limit; warnings are in the result.
  public static func parse(
    _ bytes: [UInt8], file: String, variables: VariableInputs = VariableInputs()
  ) throws(ManifestError) -> Manifest {
    var log = DiagnosticLog(file: file)
    guard let document = YAMLParser.parse(bytes, log: &log) else { throw failure(log) }
    guard let root = document.root, !root.isNull else {
      log.error(
        "empty-manifest", "the manifest is empty", at: nil,
        hints: ["it starts with 'apiVersion: bpfapply/v1' and 'name: …'"])
      throw failure(log)
    }
    let (scope, declared) = VariableScope.read(root, inputs: variables, log: &log)
    var validator = Validator(log: log, scope: scope)
    validator.check(root, as: .block(Grammar.manifest), owner: Position(line: 1, column: 1))
    let reader = ManifestReader(scope: scope)
    var manifest = reader.manifest(root)
    manifest.file = file
    manifest.directory = directory(of: file)
    manifest.digest = SHA256.hash(data: bytes).map(UTF8Text.hex).joined().lowercased()
    manifest.variables = declared
    log = validator.log
    ReferenceCheck(manifest: manifest).run(&log)
    for variable in declared
    where log.errors.isEmpty && !validator.usedVariables.contains(variable.name) {
      log.warning(
        "unused-variable", "the variable '\(variable.name)' is not used", at: variable.at)
    }
    if let failure = log.failure() { throw failure }
    manifest.warnings = log.warnings
    return manifest
  }

  private static func failure(_ log: DiagnosticLog) -> ManifestError {
    log.failure()
      ?? ManifestError([Diagnostic(code: "yaml-syntax", message: "the manifest cannot be read")])
  }

  private static func directory(of file: String) -> String {
    guard let slash = file.lastIndex(of: "/") else { return "" }
    return slash == file.startIndex ? "/" : String(file[..<slash])
  }
}

/// Makes the model of what the validator has walked over; parts with errors are left out.
struct ManifestReader {
  let scope: VariableScope

  func manifest(_ root: YAMLNode) -> Manifest {
    let top = BlockReader(root, scope: scope, at: root.at)
    var manifest = Manifest(
      file: "", directory: "", digest: "",
      name: top.text("name") ?? Located("", at: root.at), variables: [],
      objects: top.section("objects").compactMap(object),
      maps: top.section("maps").compactMap(map),
      programs: top.section("programs").map(program),
      attachments: top.section("attachments").compactMap(attachment),
      pins: top.section("pins").compactMap(pin), warnings: [])
    manifest.moves = top.section("moved").compactMap { entry in
      guard let from = ScalarText.address(entry.name.value),
        let new = top.text(of: entry.node), let to = ScalarText.address(new.value)
      else { return nil }
      return (Located(from, at: entry.name.at), Located(to, at: new.at))
    }
    manifest.forgotten = (top["forget"]?.kind == .sequence ? top.texts("forget") : []).compactMap {
      text in ScalarText.address(text.value).map { Located($0, at: text.at) }
    }
    return manifest
  }

  private func reader(_ entry: (name: Located<String>, node: YAMLNode)) -> BlockReader {
    BlockReader(entry.node, scope: scope, at: entry.name.at)
  }

  private func object(_ entry: (name: Located<String>, node: YAMLNode)) -> Manifest.Object? {
    let fields = reader(entry)
    return Manifest.Object(
      name: entry.name, file: fields.text("file") ?? Located("", at: entry.name.at),
      sha256: fields.map("sha256") { $0.lowercased() },
      globals: fields["globals"]?.members.map { member in
        Manifest.Global(
          name: Located(member.key.text, at: member.key.at),
          data: TypedData(node: member.value, scope: scope))
      } ?? [],
      bindings: fields.section("bind").compactMap { member in
        fields.text(of: member.node).map { .init(objectMap: member.name, map: $0) }
      })
  }

  private func map(
    _ entry: (name: Located<String>, node: YAMLNode)
  ) -> Manifest.MapDeclaration? {
    let fields = reader(entry)
    let entries = fields.block("entries").map(entries)
    return Manifest.MapDeclaration(
      ref: entry.name, type: fields.enumeration("type", as: MapType.self),
      key: fields.data("key"), value: fields.data("value"),
      maxEntries: fields.map("max_entries") { text in
        ScalarText.size(text).flatMap { UInt32(exactly: $0) }
      },
      flags: fields.flags("map_flags", MapFlag.names),
      numaNode: fields.number("numa_node", as: UInt32.self),
      extra: fields.number("map_extra", as: UInt64.self), inner: fields.block("inner").map(inner),
      entries: entries, freeze: fields.boolean("freeze"),
      protect: fields.boolean("protect")?.value,
      sensitive: fields.boolean("sensitive")?.value ?? false,
      onReplace: fields.map("on_replace") { DesiredMap.OnReplace(rawValue: $0) },
      sums: fields.section("merge").map(\.name),
      external: fields.text("external"), adopt: fields.text("adopt"), given: fields.names)
  }

  private func inner(_ fields: BlockReader) -> Manifest.InnerMap {
    Manifest.InnerMap(
      type: fields.enumeration("type", as: MapType.self), key: fields.data("key"),
      value: fields.data("value"),
      maxEntries: fields.map("max_entries") { text in
        ScalarText.size(text).flatMap { UInt32(exactly: $0) }
      },
      flags: fields.flags("map_flags", MapFlag.names), at: fields.at, given: fields.names)
  }

  private func entries(_ fields: BlockReader) -> Manifest.Entries {
    Manifest.Entries(
      policy: fields.map("policy") { DesiredEntries.Policy(rawValue: $0) }?.value ?? .exact,
      enforceValues: fields.text("values")?.value != "initial",
      items: fields["items"].flatMap {
        $0.kind == .sequence ? Items(node: $0, scope: scope) : nil
      },
      file: fields.text("file"), at: fields.at)
  }

  private func program(
    _ entry: (name: Located<String>, node: YAMLNode)
  ) -> Manifest.ProgramDeclaration {
    let fields = reader(entry)
    return Manifest.ProgramDeclaration(
      ref: entry.name, function: fields.text("function"),
      type: fields.enumeration("type", as: ProgramType.self),
      attachType: fields.enumeration("attach_type", as: AttachType.self),
      flags: fields.flags("flags", ProgramFlag.names), attachTo: fields.text("attach_to"),
      adopt: fields.text("adopt"), tests: fields.tests(),
      testsAt: fields.keyPosition("tests"))
  }

  private func attachment(
    _ entry: (name: Located<String>, node: YAMLNode)
  ) -> Manifest.Attachment? {
    let fields = reader(entry)
    let noProgram = fields["struct_ops"].map { _ in Located("", at: entry.name.at) }
    guard let program = fields.text("program") ?? noProgram else { return nil }
    var hook: Located<Manifest.HookBlock>?
    var hookFields: BlockReader?
    for name in Grammar.hooks where hook == nil {
      if let block = fields.block(name), let read = hookBlock(name, block) {
        hook = Located(read, at: block.at)
        // The order of an iterator's is not one among programs.
        if case .iterator = read { continue }
        hookFields = block
      }
    }
    var attachment = Manifest.Attachment(
      name: entry.name, program: program, cookie: fields.number("cookie", as: UInt64.self),
      allowGap: fields.boolean("allow_gap")?.value ?? false,
      adopt: fields.map("adopt") { $0.hasPrefix("/") ? .pin($0) : .legacy }, hook: hook)
    if let hookFields { attachment.readCompany(hookFields) }
    return attachment
  }

  private func hookBlock(_ name: String, _ fields: BlockReader) -> Manifest.HookBlock? {
    let namespace = namespace(fields.text("netns")?.value)
    switch name {
    case "xdp":
      return .xdp(
        interfaces: interfaces(fields), namespace: namespace,
        mode: fields.map("mode") { XDPMode(rawValue: $0) }?.value ?? .auto)
    case "tcx":
      return .tcx(
        interfaces: interfaces(fields), namespace: namespace,
        direction: fields.map("direction") { AttachType(name: "tcx_\($0)") }?.value)
    case "netkit":
      return .netkit(
        interfaces: interfaces(fields), namespace: namespace,
        direction: fields.map("direction") { AttachType(name: "netkit_\($0)") }?.value)
    case "cgroup":
      return .cgroup(
        paths: fields.texts("path"),
        attachType: fields.enumeration("attach_type", as: AttachType.self))
    case "sk_lookup": return .networkNamespace(namespace, attachType: .skLookup)
    case "flow_dissector": return .networkNamespace(namespace, attachType: .flowDissector)
    case "netfilter":
      let hooks = ["prerouting", "input", "forward", "output", "postrouting"]
      guard let hook = fields.text("hook").flatMap({ hooks.firstIndex(of: $0.value) }) else {
        return nil
      }
      return .netfilter(
        NetfilterHook(
          protocolFamily: fields.text("pf")?.value == "ipv6" ? 10 : 2, hook: UInt32(hook),
          priority: fields.number("priority", as: Int32.self)?.value ?? 0,
          defragment: fields.boolean("defrag")?.value ?? false), namespace: namespace)
    case "tracepoint":
      guard let parts = fields.text("name")?.value.split(separator: ":"), parts.count == 2 else {
        return nil
      }
      return .tracepoint(category: String(parts[0]), name: String(parts[1]))
    case Hook.structOpsName: return fields.text("map").map { .structOps(map: $0) }
    case "tc":
      return .filter(
        Manifest.FilterBlock(
          interfaces: interfaces(fields), namespace: namespace,
          direction: fields.map("direction") { AttachType(name: "tcx_\($0)") }?.value,
          priority: fields.number("priority", as: UInt16.self)?.value,
          handle: fields.number("handle", as: UInt32.self)?.value))
    case "sk_skb", "sk_msg":
      return fields.text("map").map {
        .socketMap(map: $0, program: name == "sk_msg" ? .skMsg : .skSkb)
      }
    case "raw_tracepoint": return fields.text("name").map { .rawTracepoint(name: $0.value) }
    case "kprobe", "uprobe": return fields.probe(name)
    case "perf_event", "kprobe_multi", "uprobe_multi", "usdt":
      return fields.tracingBlock(name).map { .tracing($0) }
    case "iter": return iterator(fields).map { .iterator($0) }
    default: return nil
    }
  }

  private func iterator(_ fields: BlockReader) -> Manifest.IteratorBlock? {
    if let map = fields.text("map") { return .map(map) }
    if let path = fields.text("cgroup") {
      return .cgroup(
        path: path.value,
        order: fields.map("order") { CgroupOrder(rawValue: $0) }?.value ?? .descendantsFirstToLast)
    }
    return fields.number("pid", as: UInt32.self).map {
      .process($0.value, order: fields["order"] == nil ? nil : fields.keyPosition("order"))
    }
  }

  private func interfaces(_ fields: BlockReader) -> Manifest.Interfaces {
    guard fields["interface"]?.kind == .mapping, let selector = fields.block("interface") else {
      return .named(fields.texts("interface"))
    }
    func values(_ name: String) -> [String] { selector.texts(name).map(\.value) }
    return .selected(
      Located(
        InterfaceSelector(
          names: values("name"), except: values("except"), kinds: values("kind"),
          drivers: values("driver"), group: selector.number("group", as: UInt32.self)?.value,
          isUp: selector.boolean("up")?.value), at: selector.at))
  }

  private func namespace(_ text: String?) -> NetworkNamespaceName {
    switch text {
    case nil, "own": .own
    case let path? where path.contains("/"): .path(path)
    case let name?: .name(name)
    }
  }

  private func pin(_ entry: (name: Located<String>, node: YAMLNode)) -> Manifest.Pin? {
    let fields = reader(entry)
    let target =
      fields.map("map") { Address.map($0) } ?? fields.map("program") { .program($0) }
      ?? fields.map("attachment") { Address("attachment.\($0)") }
    guard let target, let path = fields.text("path") else { return nil }
    let root = Located("root", at: entry.name.at)
    return Manifest.Pin(
      name: entry.name, target: target, path: path,
      mode: UInt32(fields.map("mode", ScalarText.mode)?.value ?? 0o600),
      owner: fields.text("owner") ?? root, group: fields.text("group") ?? root)
  }
}
