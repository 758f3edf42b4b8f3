public import BPFObject
internal import CBPF

/// What a map is created with.
public struct MapParameters: Sendable {
  public var type: MapType
  /// At most 15 bytes of `[A-Za-z0-9_.]`.
  public var name: String
  /// Bytes; of one CPU's value for per-CPU maps.
  public var keySize: UInt32
  public var valueSize: UInt32
  public var maxEntries: UInt32
  /// `BPF_F_*` of MAP_CREATE.
  public var flags: UInt32
  /// Sets BPF_F_NUMA_NODE.
  public var numaNode: UInt32?
  public var extra: UInt64 = 0
  /// The template for the inner maps of a map of maps.
  public var inner: Map?
  public var btf: LoadedBTF?
  public var keyTypeID: UInt32 = 0
  public var valueTypeID: UInt32 = 0
  /// The kernel's struct that is the value of a struct_ops map.
  public var kernelValueTypeID: UInt32 = 0
  public var interfaceIndex: UInt32 = 0

  public init(
    type: MapType, name: String = "", keySize: UInt32, valueSize: UInt32, maxEntries: UInt32,
    flags: UInt32 = 0
  ) {
    self.type = type
    self.name = name
    self.keySize = keySize
    self.valueSize = valueSize
    self.maxEntries = maxEntries
    self.flags = flags
  }

  /// What an object file says of a map. BTF and inner map are kernel objects and are set apart;
  /// type ids are taken only with a BTF to find them in.
  public init(_ spec: MapSpec, btf: LoadedBTF? = nil, inner: Map? = nil) {
    self.init(
      type: spec.type, name: spec.kernelName, keySize: spec.keySize, valueSize: spec.valueSize,
      maxEntries: spec.maxEntries, flags: spec.flags)
    self.numaNode = spec.numaNode
    self.extra = spec.extra
    self.inner = inner
    if let btf {
      self.btf = btf
      self.keyTypeID = spec.keyTypeID
      self.valueTypeID = spec.valueTypeID
    }
  }
}

/// A map in the kernel, kept alive by a descriptor.
public final class Map: Sendable {
  public let descriptor: FileDescriptor
  /// What the kernel said of the map when it was opened. None of it changes afterwards.
  public let info: MapInfo

  /// Takes a descriptor of a map, e.g. one that a pin gave.
  public init(_ descriptor: consuming FileDescriptor) throws(KernelError) {
    self.info = try MapInfo(of: descriptor)
    self.descriptor = descriptor
  }

  /// Creates a map. The bpf(2) command is `BPF_MAP_CREATE`.
  public static func create(_ parameters: MapParameters) throws(KernelError) -> Map {
    let context = "map \(parameters.name)"
    var attributes = cbpf_map_create()
    attributes.map_type = parameters.type.rawValue
    attributes.key_size = parameters.keySize
    attributes.value_size = parameters.valueSize
    attributes.max_entries = parameters.maxEntries
    attributes.map_flags = parameters.flags
    if let node = parameters.numaNode {
      attributes.numa_node = node
      attributes.map_flags |= MapCreateFlag.numaNode
    }
    attributes.map_extra = parameters.extra
    attributes.map_ifindex = parameters.interfaceIndex
    attributes.map_name = try field(
      for: parameters.name, Command.mapCreate.name, on: context)
    if let inner = parameters.inner {
      attributes.inner_map_fd = UInt32(bitPattern: inner.descriptor.rawValue)
    }
    if let btf = parameters.btf {
      attributes.btf_fd = UInt32(bitPattern: btf.descriptor.rawValue)
      attributes.btf_key_type_id = parameters.keyTypeID
      attributes.btf_value_type_id = parameters.valueTypeID
    }
    attributes.btf_vmlinux_value_type_id = parameters.kernelValueTypeID
    return try withExtendedLifetime(parameters) { () throws(KernelError) in
      let result = Token.with { token in
        if let token {
          attributes.map_flags |= Token.flag
          attributes.map_token_fd = token
        }
        return cbpf_good_descriptor(bpfCharged(.mapCreate, &attributes))
      }
      guard result >= 0 else {
        throw KernelError(.mapCreate, result, on: "\(context) (\(parameters.type))")
      }
      return try Map(FileDescriptor(owned: Int32(truncatingIfNeeded: result)))
    }
  }

  /// Opens the map with that id. The bpf(2) command is `BPF_MAP_GET_FD_BY_ID`; it needs
  /// CAP_SYS_ADMIN. Throws ENOENT when there is no such map.
  public convenience init(id: UInt32) throws(KernelError) {
    var attributes = cbpf_object_id(id: id, next_id: 0, open_flags: 0, token_fd: 0)
    try self.init(bpfDescriptor(.mapByID, &attributes, on: "map \(id)"))
  }

  /// Forbids user space to change the map, for ever. The bpf(2) command is `BPF_MAP_FREEZE`
  /// (5.2); EBUSY while the map is mapped writable.
  public func freeze() throws(KernelError) {
    var attributes = element()
    try bpf(.mapFreeze, &attributes, on: context)
  }

  /// How errors call the map: `map flows (id 7)`.
  var context: String { "map \(info.name) (id \(info.id))" }

  /// The attributes of an element command, with nothing but the map in them.
  @inline(__always)
  func element() -> cbpf_map_element {
    cbpf_map_element(
      map_fd: UInt32(bitPattern: descriptor.rawValue), padding: 0, key: 0, value: 0, flags: 0)
  }

  /// The bytes of a key that user space passes.
  public var keySize: Int { Int(info.keySize) }

  /// The bytes of a value that user space passes: of a per-CPU map, one value for each possible
  /// CPU, each rounded up to eight bytes.
  public var valueSize: Int {
    get throws(KernelError) {
      guard info.type.isPerCPU else { return Int(info.valueSize) }
      return (Int(info.valueSize) + 7) / 8 * 8 * (try HostFacts.possibleCPUs())
    }
  }
}

extension MapType {
  /// Whether each CPU has a value of its own.
  public var isPerCPU: Bool {
    switch self {
    case .percpuHash, .percpuArray, .lruPercpuHash, .percpuCgroupStorage: true
    default: false
    }
  }
}

/// Flags of MAP_CREATE that this library sets by itself.
enum MapCreateFlag {
  static let numaNode: UInt32 = 1 << 2
}
