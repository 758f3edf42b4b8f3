import BPFObject

/// Every question that can be asked of BTF, for every type of it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let btf = try? BTF(parsing: bytes) else { return 0 }
  for id in 0..<UInt32(min(btf.count + 1, 400)) {
    _ = (btf.name(of: id), btf.size(of: id), btf.skipModifiers(id), btf.array(id), btf.integer(id))
    _ = (btf.members(of: id).count, btf.enumerators(of: id).count, btf.variables(of: id).count)
    _ = (btf.parameters(of: id).count, btf.declarationTag(id), btf.declaration(of: id))
    if let layout = try? btf.layout(of: id), layout.size <= 4096 {
      let value = layout.decode([UInt8](repeating: 0x5a, count: layout.size))
      if let again = try? layout.encode(value), again.count != layout.size { fatalError("size") }
    }
    _ = btf.isCompatible(id, with: UInt32(btf.count) &- id, of: btf)
  }
  // What is made for older kernels must be readable, or it could not be loaded.
  if (try? BTF(parsing: btf.replacing(Set(BTF.Addition.allCases)))) == nil {
    fatalError("replaced")
  }
  return 0
}
