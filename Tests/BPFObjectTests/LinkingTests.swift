import BPFObject
import Testing

@Suite struct LinkingTests {
  @Test func subprogramsAreAppendedOnceAndCalled() throws {
    let object = try Fixture.object("functions")
    #expect(object.programs.map(\.name) == ["first", "second"])
    let first = try object.image(of: "first")
    let btf = try #require(object.btf)
    let names = first.functionInfo.map { btf.name(of: $0.typeID) }
    #expect(names == ["first", "global_helper", "middle", "deepest", "hidden_helper", "each"])
    let starts = Set(first.functionInfo.map { Int($0.instruction) })
    for (index, instruction) in first.instructions.enumerated() where instruction.isLocalCall {
      #expect(starts.contains(index + Int(instruction.immediate) + 1), "call at \(index)")
    }
    let second = try object.image(of: "second")
    #expect(
      second.functionInfo.map { btf.name(of: $0.typeID) } == ["second", "middle", "deepest"])
  }

  @Test func callbacksAreReferredToByAddress() throws {
    let object = try Fixture.object("functions")
    let image = try object.image(of: "first")
    let each = try #require(image.functionInfo.last)
    let loads = image.instructions.enumerated().filter {
      $0.element.isWideLoad && $0.element.source == PseudoSource.function
    }
    #expect(loads.count == 1)
    for (index, load) in loads {
      #expect(index + Int(load.immediate) + 1 == Int(each.instruction))
    }
  }

  @Test func mapsAndDataAreReferredToByName() throws {
    let object = try Fixture.object("functions")
    let image = try object.image(of: "first")
    #expect(image.reachableMaps == [".bss", ".data", ".data.custom", ".rodata", "table"])
    #expect(image.references.map(\.instruction) == image.references.map(\.instruction).sorted())
    let limit = try #require(object.global("limit"))
    #expect(
      image.references.contains {
        $0.map == ".rodata" && $0.valueOffset == UInt32(limit.offset)
      })
    // A static variable's offset stands in the instruction, a global one's in its symbol.
    let hidden = try #require(object.global("hidden_count"))
    #expect(
      image.references.contains { $0.map == ".bss" && $0.valueOffset == UInt32(hidden.offset) })
    #expect(image.references.contains { $0.map == "table" && $0.valueOffset == nil })
  }

  @Test func descriptorsAreFilledIn() throws {
    let image = try Fixture.object("functions").image(of: "second")
    var asked: [String] = []
    let resolved = image.instructions { name in
      asked.append(name)
      return 7
    }
    #expect(asked == image.references.map(\.map))
    for reference in image.references {
      let load = resolved[reference.instruction]
      #expect(load.isWideLoad && load.immediate == 7)
      #expect(
        load.source
          == (reference.valueOffset == nil ? PseudoSource.mapFD : PseudoSource.mapValue))
      #expect(
        resolved[reference.instruction + 1].immediate == Int32(reference.valueOffset ?? 0))
    }
    for algorithm in TagAlgorithm.allCases {
      #expect(
        ProgramTag(of: resolved, algorithm: algorithm) == image.predictedTag(algorithm),
        "descriptors and offsets are not part of the tag")
    }
  }

  @Test func linesBelongToTheirFunctions() throws {
    let object = try Fixture.object("functions")
    let image = try object.image(of: "first")
    let btf = try #require(object.btf)
    #expect(image.lineInfo.map(\.instruction) == image.lineInfo.map(\.instruction).sorted())
    let deepest = try #require(
      image.functionInfo.first { btf.name(of: $0.typeID) == "deepest" })
    let lines = image.lineInfo.filter { $0.instruction >= deepest.instruction }
      .prefix(4).map { btf.string(at: $0.text) }
    #expect(lines.contains { $0.contains("hidden_count++") }, "\(lines)")
    #expect(image.lineInfo.allSatisfy { btf.string(at: $0.file).hasSuffix("functions.bpf.c") })
    #expect(image.lineInfo.allSatisfy { Int($0.instruction) < image.instructions.count })
  }

  @Test func imagesAreDeterministic() throws {
    let bytes = try Fixture.bytes("functions")
    let images = try (0..<3).map { _ in
      try ObjectFile(parsing: bytes, name: "f.o").image(of: "first")
    }
    #expect(Set(images).count == 1)
  }

  @Test func withoutDebugInformationThereIsNoInfo() throws {
    let bytes = try Fixture.bytes("callbacks", debug: false)
    let object = try ObjectFile(parsing: bytes, name: "callbacks.o")
    #expect(object.btf == nil && object.loadableBTF == nil)
    let image = try object.image(of: "loops")
    #expect(image.functionInfo.isEmpty && image.lineInfo.isEmpty)
    let described = try Fixture.object("callbacks").image(of: "loops")
    #expect(image.instructions == described.instructions)
  }

  @Test func aTagIsSixteenDigits() throws {
    let tag = try #require(ProgramTag("0a1b2c3d4e5f6070"))
    #expect(tag.bytes == [0x0a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f, 0x60, 0x70])
    #expect(tag.description == "0a1b2c3d4e5f6070")
    #expect(ProgramTag("0a1b") == nil)
    #expect(ProgramTag("0a1b2c3d4e5f607g") == nil)
    #expect(ProgramTag(bytes: [1, 2]) == nil)
  }

  @Test func exceptionCallbacksComeLast() throws {
    let object = try Fixture.object("exceptions")
    let image = try object.image(of: "guarded")
    let btf = try #require(object.btf)
    #expect(
      image.functionInfo.map { btf.name(of: $0.typeID) } == ["guarded", "helper", "callback"])
    let plain = image.withoutExceptionCallback()
    #expect(plain.functionInfo.map { btf.name(of: $0.typeID) } == ["guarded", "helper"])
    let callback = try #require(image.functionInfo.last)
    #expect(plain.instructions == Array(image.instructions[..<Int(callback.instruction)]))
    #expect(plain.lineInfo.allSatisfy { $0.instruction < callback.instruction })
    #expect(plain.withoutExceptionCallback() == plain)
  }

  @Test func whatOnlyTheKernelKnowsStaysSymbolic() throws {
    let object = try Fixture.object("unsupported")
    #expect(object.externs.map(\.name).sorted() == ["CONFIG_HZ", "bpf_rcu_read_lock", "jiffies"])
    func message(_ program: String) -> String {
      do throws(ObjectError) {
        _ = try object.image(of: program)
        return "no error"
      } catch { return error.description }
    }
    for program in ["calls_kfunc", "reads_ksym"] {
      #expect(try object.image(of: program).externs.count == 1, "\(program)")
    }
    #expect(try !object.image(of: "relocates").coreRelocations.isEmpty)
    for program in ["calls_kfunc", "reads_ksym", "relocates"] {
      #expect(try object.image(of: program).dependsOnKernel, "\(program)")
    }
    #expect(message("nowhere").contains("there is no program"))
    #expect(message("nowhere").contains("harmless"))
    #expect(message("helper").contains("is a function that programs call"))
    #expect(try object.image(of: "harmless").instructions.count == 2)
    #expect(try object.image(of: "relocates").coreRelocations.count == 1)
  }
}
