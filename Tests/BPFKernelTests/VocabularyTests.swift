import BPFObject
import Sandbox
import Testing

@testable import BPFKernel

/// The numbers that have a name here are those of the running kernel: its own types say so.
@Suite(.enabled(if: Sandbox.isAvailable || Sandbox.isRequired)) struct VocabularyTests {
  @Test func `every type of map has its name`() throws {
    try checkNames(
      MapType.self, of: "bpf_map_type", prefix: "BPF_MAP_TYPE_",
      unlike: [
        "cgroup_storage_deprecated": "cgroup_storage",
        "percpu_cgroup_storage_deprecated": "percpu_cgroup_storage",
      ])
  }

  @Test func `every type of program has its name`() throws {
    try checkNames(ProgramType.self, of: "bpf_prog_type", prefix: "BPF_PROG_TYPE_")
  }

  @Test func `every attach type has its name`() throws {
    try checkNames(AttachType.self, of: "bpf_attach_type", prefix: "BPF_")
  }

  @Test func `every type of link has its name`() throws {
    try checkNames(LinkType.self, of: "bpf_link_type", prefix: "BPF_LINK_TYPE_")
  }

  private func checkNames<Kind: KernelEnumeration>(
    _: Kind.Type, of enumeration: String, prefix: String, unlike: [String: String] = [:]
  ) throws {
    let types = try BTF(parsing: KernelBTF.vmlinux(), checksReferences: false)
    let id = try #require(types.ids(of: .enumeration, named: enumeration).first)
    let constants = types.enumerators(of: id).filter { !$0.name.hasPrefix("__MAX_") }
    #expect(constants.count > 5)
    for constant in constants where constant.name.hasPrefix(prefix) {
      let name = constant.name.dropFirst(prefix.count).lowercased()
      // Two names for one number: the kernel keeps what it has renamed.
      guard constants.last(where: { $0.value == constant.value })?.name == constant.name else {
        continue
      }
      let known = Kind(rawValue: UInt32(truncatingIfNeeded: constant.value)).description
      #expect(known == unlike[name] ?? name, "\(enumeration) \(constant.value)")
    }
  }
}
