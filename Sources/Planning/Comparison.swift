/// The one comparison: a field of the desired spec, of what is observed, and of what was last
/// applied. Kinds of resources differ only in what they observe and in what each field costs.
enum Comparison {
  /// What it takes to change a field.
  enum Cost {
    /// A step on the live object.
    case inPlace
    /// A new object.
    case replacement
    /// Nothing in the kernel: the inventory remembers it.
    case recorded
  }

  /// What could be seen of a live object. A field that is in neither was looked at and is not there.
  struct Observation {
    var seen: Spec
    /// Fields that the kernel does not tell. They are believed to be as last applied, or as desired
    /// where nothing is known of an earlier apply.
    var unseen: Set<String>

    func completed(desired: Spec, last: Spec?) -> Spec {
      var spec = seen
      for field in unseen { spec[field] = last == nil ? desired[field] : last?[field] }
      return spec
    }
  }

  /// Who made an observed value differ from the desired one.
  static func cause<Value: Equatable>(desired: Value, observed: Value, last: Value?) -> Cause {
    guard let last else { return .config }
    if last == observed { return .config }
    return last == desired ? .drift : .both
  }

  /// The differing fields by name.
  static func differences(
    desired: Spec, observed: Spec, last: Spec?, cost: (String) -> Cost
  ) -> [FieldDifference] {
    let names = Set(desired.fields.keys).union(observed.fields.keys)
    return names.sorted().compactMap { name in
      guard desired[name] != observed[name] else { return nil }
      return FieldDifference(
        field: name, before: observed[name], after: desired[name],
        cause: cause(
          desired: desired[name], observed: observed[name], last: last.map { $0[name] }),
        forcesReplacement: cost(name) == .replacement)
    }
  }

  /// All fields of a resource that is not there. Its absence is drift if it was applied once.
  static func creation(of desired: Spec, last: Spec?) -> [FieldDifference] {
    let cause: Cause =
      switch last {
      case nil: .config
      case desired?: .drift
      case .some: .both
      }
    return desired.fields.keys.sorted().map {
      FieldDifference(field: $0, before: nil, after: desired[$0], cause: cause)
    }
  }

  /// All fields of a resource that nobody wants any more.
  static func deletion(of last: Spec) -> [FieldDifference] {
    last.fields.keys.sorted().map {
      FieldDifference(field: $0, before: last[$0], after: nil, cause: .config)
    }
  }

  /// One cause for several; nil for none.
  static func combined(_ causes: some Sequence<Cause>) -> Cause? {
    var result: Cause?
    for cause in causes { result = result == nil || result == cause ? cause : .both }
    return result
  }
}
