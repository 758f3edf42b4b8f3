import FoundationEssentials
import Planning

/// The bytes of an inventory map, which anybody with the right to write bpffs may have made.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let inventory = try? JSONDecoder().decode(Inventory.self, from: Data(bytes)) else {
    return 0
  }
  // What was read is written again before the next change.
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys]
  guard let written = try? encoder.encode(inventory) else { return 0 }
  if (try? JSONDecoder().decode(Inventory.self, from: written)) != inventory {
    fatalError("changed")
  }
  return 0
}
