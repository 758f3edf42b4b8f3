import BPFObject

/// Bytes → object → images → instructions: all that is asked of a file before anything is loaded.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let object = try? ObjectFile(parsing: bytes, name: "fuzz.bpf.o") else { return 0 }
  for program in object.programs.prefix(32) {
    guard let image = try? object.image(of: program.name, type: .xdp) else { continue }
    let resolved = image.resolvingExterns { reference in
      reference.isWeak ? .absent : .type(id: reference.typeID, module: 1)
    }
    _ = resolved.predictedTag(.sha256)
    _ = resolved.instructions { name in Int32(name.utf8.count) }
    _ = object.functions(of: image)
  }
  for map in object.maps where map.data != nil {
    for (variable, layout) in object.described(map).prefix(64) {
      _ = layout?.decode(object.contents(of: variable)).text(limit: 200)
    }
    for setting in map.data?.configuration ?? [] {
      for text in ["y", "m", "250", "-1", "\"text\"", "0x"] { _ = try? setting.bytes(of: text) }
    }
  }
  _ = object.relocationSites.count
  _ = object.btf?.replacing(Set(BTF.Addition.allCases))
  return 0
}
