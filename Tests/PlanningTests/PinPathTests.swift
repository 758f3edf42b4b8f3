import Sandbox
import Testing

@testable import Planning

@Suite struct PinPathTests {
  static let root = "/sys/fs/bpf/bpfapply/edge"

  @Test(arguments: [
    (Address.map("flows"), "maps/flows"), (.map("fw/.rodata"), "maps/fw/%2Erodata"),
    (.program("fw/xdp_filter"), "programs/fw/xdp_filter"),
    (.attachment("uplink", instance: "eth0.100"), "attachments/uplink/eth0%2E100"),
    (.attachment("uplink", instance: nil), "attachments/uplink"),
    (.attachment("web", instance: "/a b"), "attachments/web/%2Fa%20b"),
    (.attachment("web", instance: "/a b/c"), "attachments/web/%2Fa%20b%2Fc"),
    (.attachment("uplink", instance: "blue/eth0"), "attachments/uplink/blue%2Feth0"),
  ])
  func addressesAndBack(_ address: Address, _ path: String) {
    #expect(PinPath.path(of: address, root: PinPathTests.root) == "\(PinPathTests.root)/\(path)")
    #expect(
      PinPath.staging(of: address, root: PinPathTests.root)
        == "\(PinPathTests.root)/next/\(path)")
    #expect(
      PinPath.address(of: "\(PinPathTests.root)/\(path)", root: PinPathTests.root) == address)
  }

  @Test func defaultPlacesAreRecognised() {
    let path = "/mnt/bpfapply/edge/attachments/web/%2Fa"
    #expect(PinPath.isDefault(path, of: .attachment("web", instance: "/a")))
    #expect(!PinPath.isDefault(path, of: .attachment("web", instance: "a")))
    #expect(!PinPath.isDefault("/mnt/pins/shared", of: .pin("shared")))
  }

  @Test func componentsAreAcceptableAndDifferent() {
    var random = SplitMix(seed: 7)
    var seen: [String: String] = [:]
    let letters = Array("ab./%-_ äé€x")
    for _ in 0..<2_000 {
      let text =
        String((0..<random.below(240)).map { _ in letters[random.below(letters.count)] })
        .split(separator: "/", omittingEmptySubsequences: false).first.map(String.init) ?? ""
      let component = PinPath.encode(text)
      #expect(component.utf8.count <= PinPath.longestComponent && !component.isEmpty)
      #expect(component.utf8.allSatisfy { $0 < 128 && $0 != UInt8(ascii: ".") })
      #expect(seen[component, default: text] == text, "\(text)")
      seen[component] = text
      if let decoded = PinPath.decode(component) { #expect(decoded == text) }
    }
    let long = String(repeating: "x", count: 300)
    #expect(PinPath.encode(long).utf8.count == 200)
    #expect(PinPath.encode(long) != PinPath.encode(long + "y"))
    #expect(PinPath.decode(PinPath.encode(long)) == nil)
  }

  @Test func whatIsNoDefaultPinHasNoAddress() {
    for path in ["inventory", "next/maps/a", "maps", "maps/%2e", "maps/%zz", "other/a"] {
      #expect(
        PinPath.address(of: "\(PinPathTests.root)/\(path)", root: PinPathTests.root) == nil,
        "\(path)")
    }
  }
}
