import BPFObject
import Planning
import Reconciling

extension FakeKernel {
  public func loadBTF(_ bytes: [UInt8]) throws(KernelFailure) -> FakeObject {
    try enter("loadBTF")
    if bytes.count < 24 { throw failure("BPF_BTF_LOAD", "", Errno.inval, "no header") }
    return handle(insert(.btf, .btf(bytes)))
  }

  public func loadProgram(_ load: ProgramLoad<FakeObject>) throws(KernelFailure) -> FakeObject {
    let image = load.image
    try enter("loadProgram", image.name)
    func refuse(_ errno: Int32, _ message: String) -> KernelFailure {
      failure("BPF_PROG_LOAD", image.name, errno, message)
    }
    if image.instructions.isEmpty { throw refuse(Errno.inval, "no instructions") }
    if rejectedPrograms.contains(image.name) {
      var rejection = refuse(Errno.acces, "the verifier rejected it")
      rejection.verifierLog = "0: (95) exit\nR0 !read_ok\n"
      throw rejection
    }
    var maps: [Key] = []
    for reference in image.references {
      guard let map = load.maps[reference.map] else {
        throw refuse(Errno.inval, "no map \(reference.map)")
      }
      if let bound = self.map(map.key)?.boundType, bound != image.type {
        throw refuse(Errno.inval, "\(reference.map) is bound to \(bound) programs")
      }
      if !maps.contains(map.key) { maps.append(map.key) }
    }
    for map in maps where self.map(map)?.spec.type == .progArray {
      changeMap(map) { $0.boundType = image.type }
    }
    let key = insert(
      .program,
      .program(
        ProgramRecord(
          image: image, tag: FakeKernel.tag(image), maps: maps, btf: load.btf?.key,
          attachTo: load.attachTo)))
    for map in maps { acquire(map) }
    if let btf = load.btf { acquire(btf.key) }
    return handle(key)
  }

  public func bind(_ map: FakeObject, to program: FakeObject) throws(KernelFailure) {
    try enter("bind", "map \(map.id) to program \(program.id)")
    guard var record = self.program(program.key), !record.maps.contains(map.key) else { return }
    record.maps.append(map.key)
    records[program.key]?.payload = .program(record)
    acquire(map.key)
  }

  /// Over the instructions with the immediates of map loads zeroed, like the kernel's; the hash
  /// (FNV-1a) is the fake's own, which is why its host knows no tag algorithm.
  static func tag(_ image: ProgramImage) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ value: Int64) {
      for shift in stride(from: 0, to: 64, by: 8) {
        hash = (hash ^ UInt64(truncatingIfNeeded: value >> shift) & 255) &* 0x100_0000_01b3
      }
    }
    let loads = Set(image.references.flatMap { [$0.instruction, $0.instruction + 1] })
    for (index, instruction) in image.instructions.enumerated() {
      add(Int64(instruction.opcode))
      add(Int64(instruction.registers))
      add(Int64(instruction.offset))
      add(loads.contains(index) ? 0 : Int64(instruction.immediate))
    }
    let text = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }

  func metadata(_ program: ProgramRecord) -> ProgramMetadata? {
    for key in program.maps {
      guard let map = map(key), map.spec.name == OwnerMetadata.mapName,
        let value = map.contents[[0, 0, 0, 0]]
      else { continue }
      return OwnerMetadata(contents: value)?.metadata
    }
    return nil
  }
}

extension FakeKernel {
  public func index(of interface: InterfaceName) throws(KernelFailure) -> UInt32? {
    try enter("index", interface.name, mutating: false)
    return interfaces[interface]?.index
  }

  /// Runs it in its way: a program leaves everything as it is and returns the number that it last
  /// moves to r0, unless `runs` has something to do for its name.
  public func run(_ object: FakeObject, _ run: TestRun) throws(KernelFailure) -> TestRunResult {
    try enter("run", "program \(object.id)")
    guard let program = program(object.key) else {
      throw failure("BPF_PROG_TEST_RUN", "program \(object.id)", Errno.noent, "no such program")
    }
    if program.image.type == .sockOps || untestable.contains(program.image.name) {
      return .impossible("this kernel cannot test-run programs of type \(program.image.type)")
    }
    let last = program.image.instructions.last { $0.opcode == 0xb7 && $0.registers == 0 }
    var output = TestOutput(returnCode: UInt32(bitPattern: last?.immediate ?? 0))
    output.packet = TestRunSupport.returnsPacket(run.type) ? run.packet : nil
    output.metadata = run.metadata
    output.context = run.context
    return .ran(runs[program.image.name]?(self, program.maps.map(\.id), run, output) ?? output)
  }
}
