/// A map as an object file or a manifest describes it, before anything kernel-specific.
public struct MapSpec: Hashable, Sendable {
  /// The name in the object: `blocklist`, or the section's for global data (`.rodata`).
  public var name: String
  /// The name that the kernel is given: at most 15 bytes of `[A-Za-z0-9_.]`.
  public var kernelName: String
  public var type: MapType
  /// Bytes of a key and of a value (of one CPU's, for per-CPU maps).
  public var keySize: UInt32
  public var valueSize: UInt32
  public var maxEntries: UInt32
  /// `BPF_F_*` of MAP_CREATE.
  public var flags: UInt32
  public var numaNode: UInt32?
  public var extra: UInt64
  /// Types in the object's BTF; 0 = not described.
  public var keyTypeID: UInt32
  public var valueTypeID: UInt32
  /// `LIBBPF_PIN_BY_NAME` stood in the object.
  public var pinByName: Bool
  /// The section of global data that the map holds; nil for declared maps.
  public var data: DataSection?
  /// The object's global variables in an arena (`__arena`); nil = there are none.
  public var arena: ArenaData?
  /// What a struct_ops map holds; nil for other types.
  public var structOps: StructOps?
  /// False for maps of sections that start with `?`: made only when asked for.
  public var autocreate: Bool
  /// Initial slots of a prog_array or a map of maps: index → name of the program or map.
  public var slots: [UInt32: String]
  /// The template for the inner maps of a map of maps.
  public var inner: [MapSpec]

  public init(
    name: String, kernelName: String? = nil, type: MapType, keySize: UInt32 = 0,
    valueSize: UInt32 = 0, maxEntries: UInt32 = 0, flags: UInt32 = 0
  ) {
    self.name = name
    self.kernelName = kernelName ?? MapSpec.kernelName(for: name)
    self.type = type
    self.keySize = keySize
    self.valueSize = valueSize
    self.maxEntries = maxEntries
    self.flags = flags
    self.numaNode = nil
    self.extra = 0
    self.keyTypeID = 0
    self.valueTypeID = 0
    self.pinByName = false
    self.data = nil
    self.arena = nil
    self.structOps = nil
    self.autocreate = true
    self.slots = [:]
    self.inner = []
  }

  /// Types in the object's BTF say what keys or values are.
  public var isDescribed: Bool { keyTypeID != 0 || valueTypeID != 0 }

  /// A name that the kernel accepts: other bytes than `[A-Za-z0-9_.]` become `_`, and it is cut
  /// to 15 bytes.
  public static func kernelName(for name: String) -> String {
    String(
      decoding: name.utf8.prefix(15).map { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
          byte
        default: UInt8(ascii: "_")
        }
      }, as: UTF8.self)
  }
}

/// A section of global variables, which becomes an array map of one element.
public struct DataSection: Hashable, Sendable {
  /// `kconfig`: what the running kernel was built with; nothing is known of it before loading.
  public enum Kind: Hashable, Sendable { case rodata, data, bss, kconfig }
  public var kind: Kind
  /// The initial contents; as long as the map's value. Zeros for `kconfig`.
  public var contents: [UInt8]
  /// What a `kconfig` section holds, by ascending offset.
  public var configuration: [ConfigurationVariable] = []

  public init(kind: Kind, contents: [UInt8]) {
    self.kind = kind
    self.contents = contents
  }

  /// Neither programs nor user space change it once it is filled.
  public var isReadOnly: Bool { kind == .rodata || kind == .kconfig }
}

/// Global variables that lie in an arena's memory.
public struct ArenaData: Hashable, Sendable {
  /// Bytes from the arena's start.
  public var offset: UInt64
  public var contents: [UInt8]

  public init(offset: UInt64, contents: [UInt8]) {
    self.offset = offset
    self.contents = contents
  }

  /// The section that such variables stand in.
  public static let section = ".addr_space.1"
}

/// `BPF_F_*` flags of MAP_CREATE, by the names of the manifest (the kernel's, lower case, without
/// the prefix).
public enum MapFlag {
  public static let names: [(name: String, bit: UInt32)] = [
    ("no_prealloc", 1 << 0), ("no_common_lru", 1 << 1), ("numa_node", 1 << 2),
    ("rdonly", 1 << 3), ("wronly", 1 << 4), ("stack_build_id", 1 << 5), ("zero_seed", 1 << 6),
    ("rdonly_prog", 1 << 7), ("wronly_prog", 1 << 8), ("clone", 1 << 9), ("mmapable", 1 << 10),
    ("preserve_elems", 1 << 11), ("inner_map", 1 << 12), ("link", 1 << 13), ("path_fd", 1 << 14),
    ("vtype_btf_obj_fd", 1 << 15), ("token_fd", 1 << 16), ("segv_on_fault", 1 << 17),
    ("no_user_conv", 1 << 18), ("rb_overwrite", 1 << 19),
  ]
}
