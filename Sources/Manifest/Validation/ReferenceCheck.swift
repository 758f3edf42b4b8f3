internal import BPFObject
internal import Planning

/// What the parts of a manifest say about each other.
struct ReferenceCheck {
  private let manifest: Manifest
  private let objects: Set<String>
  private let ownMaps: Set<String>

  init(manifest: Manifest) {
    self.manifest = manifest
    objects = Set(manifest.objects.map(\.name.value))
    ownMaps = Set(manifest.maps.filter { $0.object == nil }.map(\.ref.value))
  }

  func run(_ log: inout DiagnosticLog) {
    for object in manifest.objects { checkBindings(object, &log) }
    for map in manifest.maps { checkMap(map, &log) }
    for program in manifest.programs {
      checkObject(of: program.ref, in: "program", &log)
      // Of an extension; anything else is the name of a function or a tracepoint.
      if let target = program.attachTo, case .program(let ref)? = Address(target.value) {
        checkObject(of: Located(ref, at: target.at), in: "program", &log)
      }
    }
    checkAttachments(&log)
    checkPins(&log)
  }

  private func checkBindings(_ object: Manifest.Object, _ log: inout DiagnosticLog) {
    for binding in object.bindings {
      checkMapReference(binding.map, &log)
      if binding.map.value == "\(object.name.value)/\(binding.objectMap.value)" {
        log.error(
          "self-binding", "the map '\(binding.objectMap.value)' is bound to itself",
          at: binding.map.at)
      }
    }
  }

  /// The object of OBJECT/NAME is declared. Its names are compared when its file is read.
  private func checkObject(of ref: Located<String>, in kind: String, _ log: inout DiagnosticLog) {
    guard let slash = ref.value.firstIndex(of: "/") else { return }
    let object = String(ref.value[..<slash])
    guard ScalarText.isReference(ref.value), !objects.contains(object) else { return }
    log.error(
      "unknown-object", "no object '\(object)' is declared", at: ref.at,
      hints: [
        Suggestion.hint(for: object, in: objects.sorted())
          ?? (objects.isEmpty ? "declare it under 'objects'" : nil)
      ])
  }

  private func checkMapReference(_ ref: Located<String>, _ log: inout DiagnosticLog) {
    guard ScalarText.isReference(ref.value) else { return }
    if ref.value.utf8.contains(0x2F) { return checkObject(of: ref, in: "map", &log) }
    guard !ownMaps.contains(ref.value) else { return }
    let qualified = manifest.maps.map(\.ref.value).filter { $0.hasSuffix("/\(ref.value)") }
    log.error(
      "unknown-map", "no map '\(ref.value)' is declared", at: ref.at,
      hints: [
        qualified.first.map { "did you mean '\($0)'?" }
          ?? Suggestion.hint(for: ref.value, in: manifest.maps.map(\.ref.value))
          ?? "a map of an object is OBJECT/\(ref.value)"
      ])
  }

  private func checkMap(_ map: Manifest.MapDeclaration, _ log: inout DiagnosticLog) {
    let name = map.ref.value
    checkObject(of: map.ref, in: "map", &log)
    TypeCheck(map: map).run(&log)
    if map.object == nil, let object = manifest.objects.first(where: { $0.name.value == name }) {
      log.error(
        "name-collision", "the map '\(name)' has the name of an object", at: map.ref.at,
        hints: ["its pins would lie where those of the object's maps do; give it another name"],
        related: [("the object is declared here", object.name.at)])
    }
    if let external = map.external {
      let others: [(String, Position?)] = [
        ("type", map.type?.at), ("max_entries", map.maxEntries?.at), ("key", map.key?.at),
        ("value", map.value?.at), ("map_flags", map.flags?.at), ("entries", map.entries?.at),
        ("numa_node", map.numaNode?.at), ("map_extra", map.extra?.at), ("freeze", map.freeze?.at),
        ("inner", map.inner?.at), ("on_replace", map.onReplace?.at), ("adopt", map.adopt?.at),
        ("merge", map.sums.first?.at),
      ]
      for (field, position) in others where position != nil {
        log.error(
          "conflicting-keys",
          "the map '\(name)' is external, and so '\(field)' cannot be said about it",
          at: position, related: [("declared external here", external.at)])
      }
    } else if map.object == nil, let type = map.type {
      OwnMapCheck(map: map, type: type).run(&log)
    } else if map.object == nil, !map.given.contains("type") {
      log.error(
        "missing-key", "the map '\(name)' is in no object and so needs 'type'", at: map.ref.at,
        hints: ["a map of an object is OBJECT/\(name)"])
    }
    if let entries = map.entries, entries.items == nil, entries.file == nil,
      entries.policy != .exact
    {
      log.warning(
        "no-entries", "the entries of '\(name)' name neither 'items' nor 'file'", at: entries.at)
    }
  }

  private func checkAttachments(_ log: inout DiagnosticLog) {
    for attachment in manifest.attachments {
      checkObject(of: attachment.program, in: "program", &log)
      if let adopt = attachment.adopt, case .pin = adopt.value, attachment.instances.count > 1 {
        log.error(
          "ambiguous-adoption",
          "'adopt' names one link, and '\(attachment.name.value)' has "
            + "\(attachment.instances.count) instances", at: adopt.at,
          hints: ["give the instance an attachment of its own"])
      }
      checkAnchors(of: attachment, &log)
      switch attachment.interfaces?.which {
      case .named(let interfaces)?: checkRepeated(interfaces, "interface", &log)
      case .selected(let selector)?: check(selector, of: attachment, &log)
      case nil: break
      }
      if case .cgroup(let paths, _)? = attachment.hook?.value {
        checkRepeated(paths, "cgroup", &log)
      }
      if let map = attachment.hookMap { checkMapReference(map, &log) }
    }
  }

  /// What an order names is there to be named; where it is attached is known later.
  private func checkAnchors(
    of attachment: Manifest.Attachment, _ log: inout DiagnosticLog
  ) {
    for anchor in attachment.anchors {
      switch anchor.value {
      case .attachment(let name, let instance):
        guard let other = manifest.attachments.first(where: { $0.name.value == name }) else {
          log.error(
            "unknown-attachment", "no attachment '\(name)' is declared", at: anchor.at,
            hints: [Suggestion.hint(for: name, in: manifest.attachments.map(\.name.value))])
          continue
        }
        if name == attachment.name.value {
          log.error(
            "order-circle", "'\(name)' cannot run before or after itself", at: anchor.at)
        } else if let instance, other.selector == nil, !other.instances.contains(instance) {
          log.error(
            "unknown-attachment", "the attachment '\(name)' has no instance '\(instance)'",
            at: anchor.at, hints: [Suggestion.hint(for: instance, in: other.instances)])
        }
      case .program(let ref): checkObject(of: Located(ref, at: anchor.at), in: "program", &log)
      case .pin, .named, .id: break
      }
    }
  }

  private func check(
    _ selector: Located<InterfaceSelector>, of attachment: Manifest.Attachment,
    _ log: inout DiagnosticLog
  ) {
    var bare = selector.value
    bare.except = []
    if bare == InterfaceSelector() {
      log.error(
        "missing-key", "a selector needs one of 'name', 'kind', 'driver', 'group', 'up'",
        at: selector.at, hints: ["name: \"*\" is every interface, the loopback among them"])
    }
    if let adopt = attachment.adopt, case .pin = adopt.value {
      log.error(
        "ambiguous-adoption",
        "'adopt' names one link, and a selector finds the interfaces of "
          + "'\(attachment.name.value)'", at: adopt.at,
        hints: ["give the interface an attachment of its own"])
    }
  }

  private func checkRepeated(
    _ names: [Located<String>], _ what: String, _ log: inout DiagnosticLog
  ) {
    var seen: [String: Position] = [:]
    for name in names {
      if let first = seen[name.value] {
        log.error(
          "duplicate-element", "the \(what) '\(name.value)' stands here twice", at: name.at,
          related: [("first here", first)])
      } else {
        seen[name.value] = name.at
      }
    }
  }

  private func checkPins(_ log: inout DiagnosticLog) {
    var paths: [String: Position] = [:]
    for pin in manifest.pins {
      switch pin.target.value {
      case .map(let ref): checkMapReference(Located(ref, at: pin.target.at), &log)
      case .program(let ref): checkObject(of: Located(ref, at: pin.target.at), in: "program", &log)
      case .attachment(let name, let instance):
        checkAttachmentPin(name, instance, at: pin.target.at, &log)
      case .pin: break
      }
      // `//` and a trailing slash name the same file.
      let path = pin.path.value.split(separator: "/").joined(separator: "/")
      if let first = paths[path] {
        log.error(
          "duplicate-pin-path", "two pins have the path '\(pin.path.value)'", at: pin.path.at,
          related: [("the other one", first)])
      } else {
        paths[path] = pin.path.at
      }
    }
  }

  private func checkAttachmentPin(
    _ name: String, _ instance: String?, at position: Position, _ log: inout DiagnosticLog
  ) {
    guard let attachment = manifest.attachments.first(where: { $0.name.value == name }) else {
      log.error(
        "unknown-attachment", "no attachment '\(name)' is declared", at: position,
        hints: [Suggestion.hint(for: name, in: manifest.attachments.map(\.name.value))])
      return
    }
    if case .filter? = attachment.hook?.value {
      log.error(
        "wrong-pin", "'\(name)' is a filter of tc, which has no link that could be pinned",
        at: position)
      return
    }
    guard attachment.selector == nil else {
      log.error(
        "ambiguous-attachment",
        "the instances of '\(name)' are not known beforehand, since a selector finds them",
        at: position, hints: ["give the interface an attachment of its own"])
      return
    }
    let instances = attachment.instances
    guard !instances.isEmpty else {
      if instance != nil {
        log.error(
          "unknown-attachment", "the attachment '\(name)' has no instances", at: position,
          hints: ["write '\(name)'"])
      }
      return
    }
    if let instance, !instances.contains(instance) {
      log.error(
        "unknown-attachment", "the attachment '\(name)' has no instance '\(instance)'",
        at: position,
        hints: [
          Suggestion.hint(for: instance, in: instances)
            ?? "it has \(instances.prefix(5).joined(separator: ", "))"
        ])
    } else if instance == nil, instances.count > 1 {
      log.error(
        "ambiguous-attachment", "the attachment '\(name)' has \(instances.count) instances",
        at: position, hints: ["name one of them: \(name)/\(instances[0])"])
    }
  }
}

extension Manifest.Attachment {
  /// What tells the links of the attachment apart: `eth0`, `NETNS/eth0`, the cgroup's path.
  var instances: [String] {
    if case (.named(let names), let namespace)? = interfaces {
      return names.map { InterfaceName(namespace: namespace, name: $0.value).instance }
    }
    return switch hook?.value {
    case .cgroup(let paths, _): paths.map { Self.instance(cgroup: $0.value) }
    default: []
    }
  }

  /// What finds its interfaces, if nobody names them.
  var selector: Located<InterfaceSelector>? {
    if case .selected(let selector)? = interfaces?.which { selector } else { nil }
  }

  /// Of a hook on interfaces.
  var interfaces: (which: Manifest.Interfaces, namespace: NetworkNamespaceName)? {
    switch hook?.value {
    case .xdp(let interfaces, let namespace, _), .tcx(let interfaces, let namespace, _),
      .netkit(let interfaces, let namespace, _):
      (interfaces, namespace)
    case .filter(let filter): (filter.interfaces, filter.namespace)
    default: nil
    }
  }

  /// Without slashes at its ends; the root is `.`.
  static func instance(cgroup path: String) -> String {
    let parts = path.split(separator: "/")
    return parts.isEmpty ? "." : parts.joined(separator: "/")
  }
}
