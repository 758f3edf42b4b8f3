internal import BPFObject

/// What keys and values of a type of map can be, as far as the kernel leaves no choice. It decides
/// which of `key`, `value` and `max_entries` a map of the manifest's own has to have.
struct MapForm {
  enum Part {
    /// Any type; the manifest has to say it.
    case declared
    /// Of that many bytes; the first is what goes without saying.
    case sizes([UInt32])
    case none

    /// The bytes where nothing is said.
    var impliedSize: UInt32 {
      if case .sizes(let sizes) = self { sizes.first ?? 0 } else { 0 }
    }
  }

  var key: Part
  var value: Part
  /// False: the kernel decides.
  var needsMaxEntries = true

  init(_ type: MapType) {
    let descriptor = Part.sizes([4])
    switch type {
    case .array, .percpuArray, .stackTrace: (key, value) = (.sizes([4]), .declared)
    case .progArray, .cgroupArray, .arrayOfMaps, .xskmap: (key, value) = (.sizes([4]), descriptor)
    case .perfEventArray:
      (key, value) = (.sizes([4]), descriptor)
      needsMaxEntries = false
    case .hashOfMaps: (key, value) = (.declared, descriptor)
    // An index or a queue's size, and the program to run there.
    case .devmap, .devmapHash, .cpumap: (key, value) = (.sizes([4]), .sizes([8, 4]))
    // Of a socket user space can read the cookie, which has eight bytes.
    case .sockmap, .reuseportSockarray: (key, value) = (.sizes([4]), .sizes([8, 4]))
    case .sockhash: (key, value) = (.declared, .sizes([8, 4]))
    case .ringbuf, .userRingbuf, .arena: (key, value) = (.none, .none)
    // `struct bpf_insn_array_value`.
    case .insnArray: (key, value) = (.sizes([4]), .sizes([16]))
    case .queue, .stack, .bloomFilter: (key, value) = (.none, .declared)
    default: (key, value) = (.declared, .declared)
    }
  }
}
