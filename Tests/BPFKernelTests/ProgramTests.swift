import BPFKernel
import BPFObject
import Sandbox
import Testing

@Suite struct ProgramTests {
  @Test(.kernel) func `a program is loaded, told of, found by id and run`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let program = try load(.xdp, name: "pass", returning: 2)
        let info = try program.info()
        #expect(info.type == .xdp && info.name == "pass", "type and name")
        #expect(info.isGPLCompatible, "license")
        #expect(info.mapIDs.isEmpty, "no maps")
        #expect(info.verifiedInstructions == 2, "verified instructions")
        #expect(info.tag.description.count == 16, "the tag in hexadecimal")
        #expect(try Program(id: info.id).info() == info, "the same by its id")

        let packet = [UInt8](repeating: 7, count: 64)
        let output = try program.testRun(TestRunInput(data: packet, repeats: 10))
        #expect(output.returnValue == 2, "XDP_PASS")
        #expect(output.data == packet, "the packet comes back")

        // The context of XDP: data, data_end, data_meta, ingress, queue, egress.
        let context = bytes(UInt32(0)) + bytes(UInt32(64)) + [UInt8](repeating: 0, count: 16)
        let withContext = try program.testRun(TestRunInput(data: packet, context: context))
        #expect(withContext.context.count == 24, "the context comes back")
      }
    }
  }

  @Test(.kernel) func `the verifier's log comes with a refusal`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        // exit without a value in r0
        let refused = failure { () throws(KernelError) in
          _ = try Program.load(
            ProgramParameters(
              type: .xdp, name: "bad_exit", instructions: [Instruction(opcode: 0x95)],
              license: "GPL"))
        }
        #expect(refused?.call == "BPF_PROG_LOAD", "the call")
        #expect(refused?.errno == .accessDenied, "EACCES")
        #expect(refused?.verifierLog?.contains("R0 !read_ok") == true, "the log")
        #expect(refused?.description.contains("program bad_exit (xdp)") == true, "what was refused")
        #expect(refused?.description.contains("R0 !read_ok") == true, "its last lines")
        let names = try ProgramInfo.all.get().map(\.name)
        #expect(!names.contains("bad_exit"), "and nothing is left")
      }
    }
  }

  @Test(.kernel) func `a log larger than the first buffer is fetched whole`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        // Thousands of instructions, each a line of log at level 2, then the fault.
        var instructions = (0..<4000).map { Instruction(opcode: 0xb7, immediate: $0) }
        instructions.append(Instruction(opcode: 0xbf, registers: 0x52))  // r2 = r5, unset
        instructions.append(Instruction(opcode: 0x95))
        var parameters = ProgramParameters(
          type: .socketFilter, name: "long", instructions: instructions, license: "GPL")
        parameters.logLevel = 2
        let refused = failure { () throws(KernelError) in _ = try Program.load(parameters) }
        let log = refused?.verifierLog ?? ""
        #expect(log.utf8.count > 64 << 10, "\(log.utf8.count) bytes")
        #expect(log.contains("R5 !read_ok"), "to the end")
      }
    }
  }

  @Test(.kernel) func `line info, maps and bound maps are the program's`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let used = try makeMap(.array, name: "used")
        let bound = try makeMap(.array, name: "bound")
        let program = try Program.load(
          ProgramParameters(
            type: .socketFilter, name: "user",
            instructions: [
              Instruction(
                opcode: 0x18, registers: PseudoSource.mapFD << 4 | 1,
                immediate: used.descriptorNumber), Instruction(opcode: 0),
            ] + returning(0), license: "GPL"))
        #expect(try program.info().mapIDs == [used.info.id], "the map that it uses")
        let tag = try program.info().tag
        try program.bind(bound)
        try program.bind(bound)
        #expect(
          try program.info().mapIDs == [used.info.id, bound.info.id].sorted(), "and the bound one")
        #expect(try program.info().tag == tag, "with the same tag")
      }
    }
  }

  @Test(.kernel) func `BTF with function and line info is taken`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        // int; func_proto() -> int; func main
        let names: [UInt8] =
          [0] + Array("int".utf8) + [0] + Array("main".utf8) + [0]
          + Array("f.c".utf8) + [0] + Array("return 1;".utf8) + [0]
        let words: [UInt32] = [
          1, 1 << 24, 4, 1 << 24 | 32, 0, 13 << 24, 1, 5, 12 << 24 | 1, 2,
        ]
        let types = words.flatMap { bytes($0) }
        let sizes = [24, 0, types.count, types.count, names.count].flatMap { bytes(UInt32($0)) }
        let btf = try LoadedBTF.load(
          bytes(UInt16(0xeb9f)) + [1, 0] + sizes + types + names, name: "lines")
        var parameters = ProgramParameters(
          type: .socketFilter, name: "main", instructions: [Instruction(opcode: 0x95)],
          license: "GPL")
        parameters.btf = btf
        parameters.functionInfo = [FunctionInfo(instruction: 0, typeID: 3)]
        parameters.lineInfo = [LineInfo(instruction: 0, file: 10, text: 14, position: 7 << 10 | 3)]
        let refused = failure { () throws(KernelError) in _ = try Program.load(parameters) }
        #expect(refused?.verifierLog?.contains("return 1;") == true, "the log shows the line")
        parameters.instructions = returning(1)
        let program = try Program.load(parameters)
        #expect(try program.info().btfID == btf.info().id, "the BTF is the program's")
      }
    }
  }

  @Test(.kernel) func `the tag of a known program tells the algorithm`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let algorithm = try TagAlgorithm.probe()
        let version = try HostFacts.kernelVersion()
        #expect(algorithm != nil, "one of the two")
        if version >= KernelVersion(6, 18) { #expect(algorithm == .sha256, "since 6.18") }
        if version < KernelVersion(6, 12) { #expect(algorithm == .sha1, "before") }
      }
    }
  }

  @Test(.kernel) func `what cannot be run says so in words`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let program = try load(.tracepoint, name: "tp")
        let refused = failure { () throws(KernelError) in
          _ = try program.testRun(TestRunInput(data: [UInt8](repeating: 0, count: 64)))
        }
        #expect(refused?.errno == .notSupportedByKernel, "524")
        #expect(refused?.description.contains("(ENOTSUPP)") == true, "by its name")
        #expect(refused?.description.contains("tp (tracepoint)") == true, "and the program's")
      }
    }
  }

  @Test(.kernel) func `without capabilities the missing ones are named`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        try Capabilities.drop(keeping: ["CAP_NET_ADMIN"])
        #expect(try Capabilities.current().effective == ["CAP_NET_ADMIN"], "the rest is gone")
        let walk = failure { () throws(KernelError) in _ = try MapInfo.all.get() }
        #expect(walk?.errno == .notPermitted, "EPERM")
        #expect(walk?.hint?.contains("CAP_SYS_ADMIN") == true, "for the enumeration")
        let refused = failure { () throws(KernelError) in _ = try load(.xdp) }
        #expect(
          refused?.hint?.contains("missing CAP_BPF") == true,
          "for the load: \(String(describing: refused))")
      }
    }
  }
}
