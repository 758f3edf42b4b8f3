import Testing

@testable import BPFObject

/// What programs name in a kernel: looked for in vmlinux first, then in the modules.
@Suite struct KernelDefinitionTests {
  private static func kernel() -> TargetTypes {
    var vmlinux = BTFBuilder()
    let number = vmlinux.integer("int", size: 4, signed: true)
    _ = vmlinux.variable("jiffies", type: number)
    let base = vmlinux.btf
    var one = BTFBuilder(over: base)
    _ = one.variable("own", type: number)
    var other = BTFBuilder(over: base)
    _ = other.typedef("btf_trace_own", number)
    _ = other.variable("own", type: number)
    let modules = [
      TargetTypes.Module(name: "one", btf: one.btf),
      TargetTypes.Module(name: "other", btf: other.btf),
    ]
    return TargetTypes(vmlinux: base) { () throws(ObjectError) in modules }
  }

  @Test func `vmlinux comes first, then the modules in their order`() throws {
    let kernel = Self.kernel()
    let jiffies = try #require(try kernel.definition(.variable, named: "jiffies"))
    #expect(jiffies.module == nil)
    #expect(jiffies.id == 2)
    #expect(jiffies.btf.name(of: jiffies.type) == "int")
    let own = try #require(try kernel.definition(.variable, named: "own"))
    #expect(own.module == "one")
    #expect(own.id == 3)
    #expect(own.btf.name(of: own.type) == "int")
    let point = try #require(try kernel.definition(.typedef, named: "btf_trace_own"))
    #expect(point.module == "other")
    #expect(try kernel.definition(.function, named: "own") == nil)
  }

  @Test func `types of a kernel are not looked at before they are asked for`() throws {
    var builder = BTFBuilder()
    let number = builder.integer("int", size: 4)
    _ = builder.typedef("sound", number)
    var bytes = builder.btf.encoded()
    // The typedef comes last: it now refers to a type that does not exist.
    let typedef = 24 + 16
    bytes[typedef + 8] = 200
    #expect(throws: ObjectError.self) { try BTF(parsing: bytes) }
    let kernel = try BTF(parsing: bytes, checksReferences: false)
    #expect(kernel.first(.typedef, named: "sound") == 2)
    #expect(kernel.skipModifiers(2) == nil)
    #expect(kernel.size(of: 2) == nil)
  }

  @Test func `many names are found like few`() throws {
    var vmlinux = BTFBuilder()
    let names = (0..<40).map { "record\($0)" } + ["a", "ab", "abc", "abc___old", "zz"]
    for name in names { _ = vmlinux.structure(name, size: 4, members: []) }
    let target = vmlinux.btf
    for count in [1, 100] {
      let kernel = TargetTypes(vmlinux: target)
      // Past some names an index is made.
      for _ in 0..<count { #expect(kernel.candidateCount("record7") == 1) }
      #expect(kernel.candidateCount("a") == 1)
      #expect(kernel.candidateCount("abc") == 2)
      #expect(kernel.candidateCount("abc___new") == 2)
      #expect(kernel.candidateCount("zz") == 1)
      #expect(kernel.candidateCount("z") == 0)
      #expect(kernel.candidateCount("record") == 0)
    }
  }
}

extension TargetTypes {
  /// How many structures have that name but for their flavours.
  fileprivate func candidateCount(_ name: String) -> Int {
    let head = BTF.TypeHead(
      id: 0, kind: .structure, nameOffset: 0, flag: false, count: 0, sizeOrType: 0)
    return (try? candidates(for: head, named: Array(name.utf8)[...]))?.count ?? -1
  }
}
