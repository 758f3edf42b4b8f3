internal import BPFObject

/// Keys and values in words. Bytes are hex in groups of four, as in the manifest's `bytes` type.
struct EntryText {
  let isSensitive: Bool

  func key(_ bytes: [UInt8]) -> String { isSensitive ? "(sensitive)" : EntryText.hex(bytes) }

  func value(_ bytes: [UInt8]) -> String { isSensitive ? "(sensitive)" : EntryText.hex(bytes) }

  static func hex(_ bytes: [UInt8]) -> String {
    var text = ""
    for (index, byte) in bytes.enumerated() {
      if index > 0 && index % 4 == 0 { text += " " }
      text += Digest.hex(hash: CollectionOfOne(byte))
    }
    return text
  }
}
