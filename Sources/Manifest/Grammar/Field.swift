/// A mapping of the manifest with a fixed set of keys. The table of all of them is the grammar:
/// the validator, the JSON Schema, `explain` and did-you-mean read nothing else.
public struct Block: Sendable {
  /// As a person would call it: "map".
  public var title: String
  public var doc: String
  public var fields: [Field]
  /// Groups of fields of which at most one may be given.
  public var exclusive: [Exclusive]

  public struct Exclusive: Sendable {
    public var fields: [String]
    /// One of them must be given.
    public var required: Bool
    /// "hook block", "what is pinned".
    public var title: String

    public init(_ title: String, _ fields: [String], required: Bool) {
      self.title = title
      self.fields = fields
      self.required = required
    }
  }

  public init(_ title: String, _ doc: String, exclusive: [Exclusive] = [], _ fields: [Field]) {
    self.title = title
    self.doc = doc
    self.fields = fields
    self.exclusive = exclusive
  }

  public subscript(name: String) -> Field? { fields.first { $0.name == name } }
}

/// One key of a block.
public struct Field: Sendable {
  public var name: String
  public var shape: Shape
  public var required: Bool
  /// As it would be written; nil when leaving the field out means something else than a value.
  public var defaultText: String?
  public var doc: String
  /// False for what the grammar defines and this version does not do yet: using it is an error.
  public var supported: Bool

  public init(
    _ name: String, _ shape: Shape, required: Bool = false, default defaultText: String? = nil,
    supported: Bool = true, _ doc: String
  ) {
    self.name = name
    self.shape = shape
    self.required = required
    self.defaultText = defaultText
    self.supported = supported
    self.doc = doc
  }
}

/// What may stand at a place.
public indirect enum Shape: Sendable {
  case scalar(ScalarForm)
  case list(of: Shape)
  /// At least one; a single element may stand without the brackets.
  case oneOrMore(Shape)
  /// A mapping from names that the author chooses.
  case section(key: ScalarForm, of: Shape)
  case block(Block)
  /// Any value: what it must be is known from BTF or from the manifest's own types.
  case data
  /// A mapping from names to any values.
  case namedData
  /// The TYPE grammar: a name, or a mapping of fields.
  case type
  /// Defined by the grammar, not done yet; the text names it: "interface selectors".
  case later(String)
  /// The second shape where a mapping stands, else the first.
  case orMapping(Shape, Shape)
}

/// What the text of a scalar must be.
public indirect enum ScalarForm: Sendable {
  /// `[A-Za-z_][A-Za-z0-9_-]*`
  case name
  /// NAME or OBJECT/NAME
  case reference
  /// OBJECT/NAME
  case qualifiedReference
  /// The name of a map in an object; data sections have dots.
  case objectMap
  case string
  /// A path, relative to the manifest or absolute.
  case path
  /// An absolute path on the bpffs, whose names have no dots.
  case bpffsPath
  case interface
  /// `all`, or the number of a CPU.
  case cpu
  /// The name of an interface with `*` and `?` in it.
  case interfacePattern
  case integer(ClosedRange<Int64>)
  /// 64 bits without a sign.
  case unsigned
  /// A number of bytes or entries; `64KiB` too.
  case size
  case boolean
  case choice([Choice])
  /// `"0640"`
  case mode
  /// 64 hexadecimal digits.
  case sha256
  case account
  /// `category:event`
  case tracepoint
  /// `NAME` or `NAME/INSTANCE`
  case attachmentReference
  /// A file of entries: `.csv` or `.jsonl`.
  case entriesFile
  /// `map.REF`, `program.REF`, `attachment.NAME[/INSTANCE]` or `pin.NAME`
  case address
  /// `true`, or an absolute path on the bpffs.
  case adoption

  public struct Choice: Sendable {
    public var name: String
    public var doc: String
    public var supported: Bool

    public init(_ name: String, _ doc: String, supported: Bool = true) {
      self.name = name
      self.doc = doc
      self.supported = supported
    }
  }
}
