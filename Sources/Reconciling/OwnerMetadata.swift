public import BPFObject
public import Planning

/// The small frozen map that says, on every program, whose it is.
///
/// An array of one element whose BTF names four variables, `bpf_metadata_owner`,
/// `bpf_metadata_object`, `bpf_metadata_digest` and `bpf_metadata_bpffs`, which `bpftool prog show`
/// prints. The last is the device number of the bpffs that the owner's pins are on: there may be
/// another owner of that name on another. Each is a
/// NUL-terminated string as long as it needs to be, one behind the other, so that the contents can
/// be read back without the BTF.
public struct OwnerMetadata: Hashable, Sendable {
  /// bpftool looks for `.rodata` in the name; the kernel takes 15 bytes.
  public static let mapName = "bpfapply.rodata"
  /// BPF_F_RDONLY_PROG.
  static let flags: UInt32 = 1 << 7

  public var metadata: ProgramMetadata

  public init(_ metadata: ProgramMetadata) { self.metadata = metadata }

  private var variables: [(name: String, bytes: [UInt8])] {
    [
      ("bpf_metadata_owner", metadata.owner), ("bpf_metadata_object", metadata.object),
      ("bpf_metadata_digest", metadata.digest),
      ("bpf_metadata_bpffs", String(metadata.bpffsDevice)),
    ].map { ($0.0, Array($0.1.utf8.filter { $0 != 0 }) + [0]) }
  }

  /// The map's only value.
  public var contents: [UInt8] { variables.flatMap(\.bytes) }

  /// The BTF to load for the map, and the map, whose value type is in it.
  public func build() -> (btf: [UInt8], map: MapSpec) {
    let contents = contents
    var types = BTFBuilder()
    let character = types.integer("char", size: 1, signed: true)
    var placed: [BTF.SectionVariable] = []
    var offset: UInt32 = 0
    for (name, bytes) in variables {
      let text = types.array(of: character, count: bytes.count)
      let size = UInt32(truncatingIfNeeded: bytes.count)
      placed.append(
        BTF.SectionVariable(type: types.variable(name, type: text), offset: offset, size: size))
      offset += size
    }
    let section = types.dataSection(".rodata", size: contents.count, placed)
    var map = MapSpec(
      name: OwnerMetadata.mapName, type: .array, keySize: 4, valueSize: UInt32(contents.count),
      maxEntries: 1, flags: OwnerMetadata.flags)
    map.valueTypeID = section
    map.data = DataSection(kind: .rodata, contents: contents)
    return (types.btf.encoded(), map)
  }

  /// Reads the map's value back; nil when it is not three strings and a number.
  public init?(contents: some Collection<UInt8>) {
    let parts = contents.split(separator: 0, omittingEmptySubsequences: false)
    guard parts.count == 5, parts[4].isEmpty else { return nil }
    let texts = parts.prefix(4).compactMap { String(validating: $0, as: UTF8.self) }
    guard texts.count == 4, let device = UInt64(texts[3]) else { return nil }
    metadata = ProgramMetadata(
      owner: texts[0], object: texts[1], digest: texts[2], bpffsDevice: device)
  }
}
