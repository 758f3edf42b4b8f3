/// How the bytes of a key, a value or a global variable are to be read and written.
///
/// Made from BTF (`BTF.layout(of:)`) or from the manifest's TYPE grammar (`Layout(type:)`), and the
/// one thing that the codec works on. Integers are in the host's order unless `bigEndian`.
public indirect enum Layout: Hashable, Sendable, Codable {
  case integer(size: Int, signed: Bool, bigEndian: Bool)
  case bool
  /// Named constants; the raw 64 bits are sign-extended when `signed`.
  case enumeration(size: Int, signed: Bool, constants: [Constant])
  case ipv4
  case ipv6
  case mac
  /// A NUL-padded string of at most `count` bytes.
  case characters(Int)
  /// Bytes that nothing is known about, written as hex: `"0a00 00ff"`.
  case bytes(Int)
  case array(Layout, count: Int)
  /// A structure (or union, whose fields overlap and of which one is given); bytes between the
  /// fields are zero.
  case record(size: Int, fields: [Field], union: Bool)
  /// An LPM trie's key: a prefix length in host order followed by an address; written as
  /// `10.0.0.0/8` or as its record.
  case prefix(record: Layout)
  /// What the kernel keeps to itself in a value (timers, locks, kptrs): never compared or written.
  case opaque(Int)

  public struct Constant: Hashable, Sendable, Codable {
    public var name: String
    public var value: UInt64
    public init(name: String, value: UInt64) {
      self.name = name
      self.value = value
    }
  }

  public struct Field: Hashable, Sendable, Codable {
    /// Empty for an anonymous member, whose own fields are addressed as if they stood here.
    public var name: String
    /// In bits, for bitfields; a multiple of eight otherwise.
    public var bitOffset: Int
    /// For bitfields; nil otherwise.
    public var bitSize: Int?
    public var layout: Layout
    public init(name: String, bitOffset: Int, bitSize: Int? = nil, layout: Layout) {
      self.name = name
      self.bitOffset = bitOffset
      self.bitSize = bitSize
      self.layout = layout
    }
  }
}
