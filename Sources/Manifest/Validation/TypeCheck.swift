internal import BPFObject

/// The types that a manifest gives to keys and values are well-formed.
struct TypeCheck {
  let map: Manifest.MapDeclaration

  func run(_ log: inout DiagnosticLog) {
    let declared = [
      ("key", map.key), ("value", map.value), ("key", map.inner?.key), ("value", map.inner?.value),
    ]
    for (field, data) in declared {
      guard let data else { continue }
      let type = data.value
      // Its length comes from the object.
      if map.object != nil, case .scalar("bytes", _) = type { continue }
      if type == .null || log.isFull { continue }
      do throws(ValueError) {
        _ = try Layout(type: type)
      } catch {
        log.error(
          "invalid-type", "'\(field)': \(error.message)", at: data.position(of: error.path),
          hints: [error.hint])
      }
    }
  }
}
