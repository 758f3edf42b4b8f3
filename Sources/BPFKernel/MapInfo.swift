public import BPFObject
internal import CBPF

/// What the kernel says of a map: `struct bpf_map_info`.
public struct MapInfo: Hashable, Sendable {
  public var id: UInt32
  public var type: MapType
  public var name: String
  /// Bytes; of one CPU's value for per-CPU maps.
  public var keySize: UInt32
  public var valueSize: UInt32
  public var maxEntries: UInt32
  /// `BPF_F_*` as the kernel keeps them: some are stripped, devmaps report one more.
  public var flags: UInt32
  public var extra: UInt64
  /// 0 = none.
  public var btfID: UInt32
  public var keyTypeID: UInt32
  public var valueTypeID: UInt32
  /// The kernel's struct of a struct_ops map.
  public var kernelValueTypeID: UInt32
  public var interfaceIndex: UInt32

  init(_ raw: cbpf_map_info) {
    id = raw.id
    type = MapType(rawValue: raw.type)
    name = BPFKernel.name(in: raw.name)
    keySize = raw.key_size
    valueSize = raw.value_size
    maxEntries = raw.max_entries
    flags = raw.map_flags
    extra = raw.map_extra
    btfID = raw.btf_id
    keyTypeID = raw.btf_key_type_id
    valueTypeID = raw.btf_value_type_id
    kernelValueTypeID = raw.btf_vmlinux_value_type_id
    interfaceIndex = raw.ifindex
  }

  /// Asks the kernel. The bpf(2) command is `BPF_OBJ_GET_INFO_BY_FD`.
  public init(of descriptor: borrowing FileDescriptor) throws(KernelError) {
    var raw = cbpf_map_info()
    try check(
      objectInfo(descriptor.rawValue, &raw), Command.objectInfo.name,
      on: "map descriptor \(descriptor.rawValue)")
    self.init(raw)
  }
}

/// Fills a struct with what the kernel says of a descriptor's object; the result or `-errno`.
@inline(__always)
func objectInfo<Info>(_ descriptor: Int32, _ info: inout Info) -> Int {
  withAddress(of: &info) { address in
    var attributes = cbpf_object_info(
      bpf_fd: UInt32(bitPattern: descriptor), info_len: UInt32(MemoryLayout<Info>.size),
      info: address)
    return bpf(.objectInfo, &attributes)
  }
}
