public import BPFObject

/// A run of a program that has to go as the manifest says before anything goes live.
///
/// Not part of any spec: it says nothing about what is to exist.
public struct DesiredTest: Hashable, Sendable {
  public var name: String
  /// What the program runs on; nil for types that take no packet.
  public var packet: [UInt8]?
  /// What stands before the packet of an XDP program.
  public var metadata: [UInt8]
  /// The context struct as far as it is set (`ContextLayout`), arguments, or bytes; empty = none.
  public var context: [UInt8]
  /// Fields of the context that hold the index of an interface that is named.
  public var interfaces: [ContextInterface]
  /// How often it runs, each time on what the run before left.
  public var repeats: UInt32
  /// By REF: what is in a map besides what the manifest declares.
  public var entries: [String: EntryTable]
  /// Maps about which a sensitive variable says something: what is in them is not shown.
  public var sensitiveMaps: Set<String> = []
  public var expected: TestExpectation
  public var location: SourceLocation?

  public init(name: String) {
    self.name = name
    metadata = []
    context = []
    interfaces = []
    repeats = 1
    entries = [:]
    expected = TestExpectation()
  }
}

/// An interface's index that is looked up when the test is run.
public struct ContextInterface: Hashable, Sendable {
  /// In bytes, in the context.
  public var offset: Int
  public var name: String

  public init(offset: Int, name: String) {
    self.offset = offset
    self.name = name
  }
}

/// What has to be so afterwards. What is nil or empty does not matter.
public struct TestExpectation: Hashable, Sendable {
  public var returnCode: UInt32?
  public var packet: [UInt8]?
  public var metadata: [UInt8]?
  public var fields: [ExpectedField]
  /// All of the context, where it has no fields.
  public var context: [UInt8]?
  public var entries: [ExpectedEntry]

  public init() {
    fields = []
    entries = []
  }
}

public struct ExpectedField: Hashable, Sendable {
  public var field: ContextField
  /// As many bytes as the field has.
  public var bytes: [UInt8]

  public init(field: ContextField, bytes: [UInt8]) {
    self.field = field
    self.bytes = bytes
  }
}

public struct ExpectedEntry: Hashable, Sendable {
  /// The map's REF.
  public var map: String
  public var key: [UInt8]
  /// nil: the key must not be there. Of a per-CPU map, what the CPU has that ran the program.
  public var value: [UInt8]?
  /// Ones where the value counts; nil = everywhere.
  public var mask: [UInt8]?
  /// The value as it was written, where it is not all of one.
  public var text: String?

  public init(map: String, key: [UInt8], value: [UInt8]?) {
    self.map = map
    self.key = key
    self.value = value
  }
}
