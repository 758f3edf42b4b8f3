/// The BTF of the metadata map: a data section of character arrays, in the host's byte order.
enum MetadataBTF {
  /// Variables by name and size in bytes, laid out one behind the other. Returns the bytes to load
  /// and the id of the data section's type.
  static func encode(_ variables: [(name: String, size: UInt32)]) -> (
    bytes: [UInt8], section: UInt32
  ) {
    var strings: [UInt8] = [0]
    func string(_ text: String) -> UInt32 {
      defer { strings += Array(text.utf8) + [0] }
      return UInt32(strings.count)
    }
    // kind << 24 | number of members; the kinds are those of `enum` in linux/btf.h.
    let integer: UInt32 = 1 << 24
    let array: UInt32 = 3 << 24
    let variable: UInt32 = 14 << 24
    let dataSection: UInt32 = 15 << 24

    var types: [UInt32] = []
    types += [string("char"), integer, 1, 1 << 24 | 8]
    types += [string("__ARRAY_SIZE_TYPE__"), integer, 4, 32]
    var members: [UInt32] = []
    var id: UInt32 = 2
    var offset: UInt32 = 0
    for (name, size) in variables {
      types += [0, array, 0, 1, 2, size]
      // 1 = BTF_VAR_GLOBAL_ALLOCATED.
      types += [string(name), variable, id + 1, 1]
      members += [id + 2, offset, size]
      id += 2
      offset += size
    }
    types += [string(".rodata"), dataSection | UInt32(variables.count), offset] + members

    let typeBytes = UInt32(types.count * 4)
    // magic and version 1, the header's length, then offsets and lengths of the two sections.
    let header: [UInt32] = [24, 0, typeBytes, typeBytes, UInt32(strings.count)]
    var bytes: [UInt8] = hostOrder(UInt16(0xeb9f)) + [1, 0]
    for word in header + types { bytes += hostOrder(word) }
    return (bytes + strings, id + 1)
  }

  private static func hostOrder(_ value: some FixedWidthInteger & UnsignedInteger) -> [UInt8] {
    let count = value.bitWidth / 8
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    #if _endian(little)
      return bytes
    #else
      return bytes.reversed()
    #endif
  }
}
