import Crypto
import Testing

@testable import BPFObject

/// The hashes of tags are those of a library that does nothing else.
@Suite struct TagHashTests {
  /// Every length around the ends of blocks, and a long one.
  @Test(arguments: Array(0...200) + [88_032])
  func `digests are as another implementation has them`(_ count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ $0 >> 8) }
    #expect(TagHash.digest(of: bytes, .sha1) == Array(Insecure.SHA1.hash(data: bytes)))
    #expect(TagHash.digest(of: bytes, .sha256) == Array(SHA256.hash(data: bytes)))
  }
}
