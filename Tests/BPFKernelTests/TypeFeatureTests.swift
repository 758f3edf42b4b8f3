import BPFObject
import Sandbox
import Testing

@testable import BPFKernel

@Suite struct TypeFeatureTests {
  /// One of `gzip -9` with a name, so with a dynamic code; one stored.
  @Test func gzipIsRead() throws {
    let text = (0..<2000).map { "CONFIG_OPTION_\($0 % 37)=\($0 % 5)\n" }.joined()
    for level in ["-1", "-9"] {
      let result = try Sandbox.run(
        ["sh", "-c", "gzip \(level) -c | od -An -v -tu1"], input: text
      ).succeeded()
      let bytes = result.output.split(whereSeparator: \.isWhitespace).compactMap { UInt8($0) }
      #expect(Gzip.contents(of: bytes) == Array(text.utf8))
      #expect(Gzip.contents(of: bytes, limit: 100) == nil)
      for cut in stride(from: 0, to: bytes.count - 8, by: 7) {
        #expect(Gzip.contents(of: Array(bytes[..<cut])) == nil)
      }
    }
    let noise = (0..<512).map { UInt8(truncatingIfNeeded: $0 &* 167 ^ $0 >> 3) }
    #expect(Gzip.contents(of: noise) == nil)
    let configuration = KernelConfiguration(
      parsing: Array("# CONFIG_A is not set\nCONFIG_B=y\n".utf8))
    #expect(configuration.settings == ["CONFIG_B": "y"])
  }

  @Test(.enabled(if: Sandbox.isAvailable || Sandbox.isRequired))
  func kernelTakesWhatStandsForWhatItLacks() throws {
    for addition in BTF.Addition.allCases {
      let sample = try BTF(parsing: TypeFeatures.sample(addition))
      let missing: Set<BTF.Addition> =
        addition == .functions ? [.functions, .globalFunctions] : [addition]
      _ = try LoadedBTF.load(sample.replacing(missing))
    }
    if try HostFacts.kernelVersion() >= KernelVersion(6, 0) { #expect(TypeFeatures.missing == []) }
    #expect(Feature.probeReadKernel.isSupported == true)
  }
}
