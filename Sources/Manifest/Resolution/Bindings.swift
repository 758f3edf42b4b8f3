internal import BPFObject
internal import Planning

extension Resolver {
  /// The REF that a map of an object stands for, bindings followed; nil when they lead in a circle.
  func boundRef(_ object: String, _ map: String) -> String? {
    var current = (object: object, name: map)
    // No chain is longer than the number of objects.
    for _ in 0...objects.count {
      guard let binding = objects[current.object]?.bindings[current.name] else {
        return "\(current.object)/\(current.name)"
      }
      guard let next = Self.parts(binding.value) else { return binding.value }
      current = next
    }
    return nil
  }

  /// The REF that a REF stands for; itself when it is bound to nothing.
  func mapRef(_ ref: String) -> String {
    guard let (object, name) = Self.parts(ref) else { return ref }
    return boundRef(object, name) ?? ref
  }

  /// Each binding is of a map that the object has, and leads somewhere.
  mutating func checkBindings() {
    for object in manifest.objects {
      guard let loaded = objects[object.name.value] else { continue }
      for binding in object.bindings {
        let name = binding.objectMap.value
        guard let map = loaded.maps[name] else {
          log.error(
            "unknown-map", "the object '\(object.name.value)' has no map '\(name)'",
            at: binding.objectMap.at,
            hints: [Suggestion.hint(for: name, in: loaded.maps.keys.sorted())])
          continue
        }
        if map.data != nil {
          log.error(
            "invalid-binding", "'\(name)' holds global variables and cannot be another map",
            at: binding.objectMap.at)
        } else if boundRef(object.name.value, name) == nil {
          log.error("binding-cycle", "the binding leads in a circle", at: binding.map.at)
        } else if let (other, target) = Self.parts(binding.map.value), let found = objects[other],
          found.maps[target] == nil
        {
          log.error(
            "unknown-map", "the object '\(other)' has no map '\(target)'", at: binding.map.at,
            hints: [Suggestion.hint(for: target, in: found.maps.keys.sorted())])
        }
        if let declared = declaredMaps["\(object.name.value)/\(name)"] {
          log.error(
            "conflicting-keys",
            "'\(declared.ref.value)' is bound to '\(binding.map.value)' and has no settings of its own",
            at: declared.ref.at, related: [("bound here", binding.map.at)])
        }
      }
    }
  }

  /// A map that takes another's place must look the same to programs.
  mutating func checkBoundMaps() {
    for object in manifest.objects {
      guard let loaded = objects[object.name.value] else { continue }
      for binding in object.bindings { checkCompatible(loaded, binding) }
    }
  }

  private mutating func checkCompatible(_ object: LoadedObject, _ binding: Manifest.Binding) {
    let map = binding.objectMap.value
    guard let wanted = object.maps[map], let ref = boundRef(object.declaration.name.value, map),
      let found = maps[ref]?.map, found.type != .unspecified
    else { return }
    var differences: [String] = []
    if wanted.type != found.type { differences.append("type \(found.type), not \(wanted.type)") }
    if wanted.keySize != found.keySize {
      differences.append("keys of \(found.keySize) bytes, not \(wanted.keySize)")
    }
    if wanted.valueSize != found.valueSize {
      differences.append("values of \(found.valueSize) bytes, not \(wanted.valueSize)")
    }
    guard !differences.isEmpty else { return }
    log.error(
      "incompatible-binding",
      "'\(ref)' cannot be the map '\(map)' of '\(object.declaration.name.value)': it has "
        + differences.joined(separator: ", "), at: binding.map.at)
  }
}
