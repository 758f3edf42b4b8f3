/// What one manifest may cost. Far above what people write, and low enough that a hostile file
/// ends in an error within seconds.
struct YAMLLimits: Sendable {
  /// Bytes of the file.
  var bytes = 64 << 20
  /// Nodes that all aliases together repeat.
  var aliasedNodes = 1_000_000
  /// Collections inside each other, aliases followed.
  var depth = 64
}
