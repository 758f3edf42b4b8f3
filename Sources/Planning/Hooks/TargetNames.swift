/// How interfaces and network namespaces are written in specs and in messages.
extension NetworkNamespaceName {
  /// `own`, a name, or a path (which has a slash in it, as no name has).
  var specText: String {
    switch self {
    case .own: "own"
    case .name("own"): "/run/netns/own"
    case .name(let name): name
    case .path(let path): path.contains("/") ? path : "./\(path)"
    }
  }

  var specValue: SpecValue { .text(specText) }

  init(specText: String) {
    self = specText == "own" ? .own : specText.contains("/") ? .path(specText) : .name(specText)
  }
}

extension NetworkNamespaceName {
  /// The field `netns` of a spec.
  init(spec: Spec) { self = spec.text("netns").map(NetworkNamespaceName.init(specText:)) ?? .own }
}

extension InterfaceName {
  /// The fields `interface` and `netns` of a spec.
  init?(spec: Spec) {
    guard let name = spec.text("interface") else { return nil }
    self.init(namespace: NetworkNamespaceName(spec: spec), name: name)
  }
}

extension InterfaceName {
  var phrase: String { namespace == .own ? name : "\(name) in \(namespace.phrase)" }
}

extension NetworkNamespaceName {
  var phrase: String {
    self == .own ? "this network namespace" : "network namespace \(specText)"
  }
}
