import BPFObject

extension Manifest {
  /// A test as it is written; what it means depends on the program and its object.
  struct Test: Sendable {
    var name: Located<String>
    var packet: Packet?
    var context: [Global]
    var repeats: Located<UInt32>?
    var entries: [Entries]
    var returnCode: Located<String>?
    var expectedPacket: Packet?
    var expectedContext: [Global]
    var expectedEntries: [Entries]
    /// Where `expect` stands.
    var expectAt: Position

    /// Rows of a map, by its REF.
    struct Entries: Sendable {
      var map: Located<String>
      var items: [Item]
    }

    struct Item: Sendable {
      var key: TypedData?
      /// nil: the key must not be there.
      var value: TypedData?
      var at: Position
      var absent: Located<Bool>?

      var isSensitive: Bool { key?.isSensitive == true || value?.isSensitive == true }
    }
  }

  struct Packet: Sendable {
    enum Source: Sendable {
      case bytes([UInt8])
      case capture(file: Located<String>, frame: Int)
      case described(PacketDescription)
    }

    var source: Source
    var at: Position
    /// The keys that stand there.
    var given: [String: Position]
  }
}
