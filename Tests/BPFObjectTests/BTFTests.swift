import Testing

@testable import BPFObject

@Suite struct BTFTests {
  @Test func builtBTFSurvivesItsBytes() throws {
    var builder = BTFBuilder()
    let char = builder.integer("char", size: 1, signed: true)
    let text = builder.array(of: char, count: 8)
    let owner = builder.variable("bpf_metadata_owner", type: text)
    let section = builder.dataSection(
      ".rodata", size: 8, [.init(type: owner, offset: 0, size: 8)])
    let read = try BTF(parsing: builder.btf.encoded())
    #expect(read.encoded() == builder.btf.encoded())
    #expect(read.first(.dataSection, named: ".rodata") == section)
    #expect(read.variables(of: section) == [.init(type: owner, offset: 0, size: 8)])
    #expect(read.name(of: owner) == "bpf_metadata_owner")
    #expect(read.size(of: owner) == 8)
    #expect(read.array(text)?.count == 8)
    #expect(read.integer(char)?.isSigned == true)
    #expect(read.linkage(of: owner) == .global)
    #expect(read.first(.variable, named: "bpf_metadata") == nil)
  }
}
