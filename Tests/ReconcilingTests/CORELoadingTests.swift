import BPFKernel
import BPFObject
import Planning
import Reconciling
import Sandbox
import Testing

/// Programs that need the kernel's types, loaded as the applier loads them.
@Suite struct CORELoadingTests {
  /// An object whose images are loaded with its BTF and with maps of their own.
  private struct Loader {
    let object: ObjectFile
    let kernel = LiveKernel()
    let btf: [UInt8]

    init(_ name: String) throws {
      let path = try Sandbox.compile(file: "Tests/Fixtures/\(name).bpf.c")
      object = try ObjectFile(parsing: try Sandbox.read(path), name: "\(name).bpf.o")
      btf = object.loadableBTF ?? []
    }

    func load(
      _ program: String, function: String? = nil, of running: LiveObject? = nil
    ) throws -> LiveObject {
      let image = try object.image(of: program)
      var maps: [String: LiveObject] = [:]
      for name in image.reachableMaps {
        guard let spec = object.map(name) else { continue }
        maps[name] = try kernel.createMap(MapCreation(map: spec))
      }
      var load = ProgramLoad(
        image: image, maps: maps, btf: try kernel.loadBTF(btf), btfBytes: btf,
        attachTo: function ?? image.attachTarget)
      load.attachProgram = running
      return try kernel.loadProgram(load)
    }
  }

  @Test(.kernel) func `programs are fitted to the running kernel`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let types = try LiveKernel().targetTypes()
        for name in ["core_fields", "core_bitfields", "core_enums", "core_types"] {
          let loader = try Loader(name)
          for program in loader.object.programs {
            let image = try loader.object.image(of: program.name)
            let loaded = try loader.load(program.name)
            let fitted = try image.relocated(against: types)
            let tags = TagAlgorithm.allCases.map { fitted.predictedTag($0).description }
            #expect(loaded.tag.map(tags.contains) == true, "\(name) \(program.name)")
          }
        }
      }
    }
  }

  @Test(.kernel) func `a relocation that fails is named when the verifier gets there`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let loader = try Loader("core_live")
        do {
          _ = try loader.load("live")
          Issue.record("it was loaded")
        } catch let failure as KernelFailure {
          let hint = failure.hints.first ?? ""
          #expect(
            hint.hasPrefix(
              "CO-RE relocation: byte offset of struct task_struct.nowhere failed: the kernel's"),
            "\(failure)")
          #expect(failure.sourceLine?.line == 16, "the line in the program: \(failure)")
        }
      }
    }
  }

  /// The kernel's structures say the same as its helpers.
  @Test(.kernel) func `what a relocated program reads is right`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let loader = try Loader("core_run")
        let image = try loader.object.image(of: "run")
        let spec = try #require(loader.object.map(".bss"))
        let data = try loader.kernel.createMap(MapCreation(map: spec))
        let program = try loader.kernel.loadProgram(
          ProgramLoad(
            image: image, maps: [".bss": data], btf: try loader.kernel.loadBTF(loader.btf),
            btfBytes: loader.btf))
        let output = try Program(id: program.id).testRun(TestRunInput(repeats: 0))
        #expect(output.returnValue == 0, "the program ran")
        let values = try loader.kernel.read(data).value(0)
        func number(_ name: String) throws -> Int32 {
          let offset = try #require(loader.object.global(name)).offset
          return values[values.startIndex + offset..<values.startIndex + offset + 4]
            .reversed().reduce(0) { $0 << 8 | Int32($1) }
        }
        #expect(try number("identifier") != 0, "the program ran in a process")
        #expect(try number("group") == number("identifier"), "the process's id, through a pointer")
        #expect(try number("first") == number("name"), "the first letters of its name")
      }
    }
  }

  @Test(.kernel) func `a program is made for a function of one that runs`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let running = try Loader("replaced").load("entry")
        let replacing = try Loader("replacing")
        do {
          _ = try replacing.load("chooses", function: "choos", of: running)
          Issue.record("there is no such function, and it was loaded")
        } catch let failure as KernelFailure {
          #expect(failure.message == "it has no function choos")
          #expect(failure.hints == ["it has choose, entry"])
        }
        do {
          let loaded = try replacing.load("chooses", of: running)
          #expect(loaded.tag != nil, "a program without a tag")
        } catch let failure as KernelFailure {
          // Where trampolines are blocked the kernel refuses the type, after it has found the function.
          #expect(failure.errorNumber == 1, "\(failure)")
        }
      }
    }
  }
}
