// loader-bench FILE.o TIMES: opens the object, fits it to the running kernel and loads all of it, so
// many times; prints user time and wall time for each in microseconds and the peak of resident memory in KiB. Every
// time starts from the files: nothing is kept, as in libbpf.c beside this.
import BPFKernel
import BPFObject
import Glibc

guard CommandLine.arguments.count == 3, let times = Int(CommandLine.arguments[2]), times > 0 else {
  print("usage: loader-bench FILE.o TIMES")
  exit(64)
}
let path = CommandLine.arguments[1]

func contents(of path: String) -> [UInt8] {
  let file = open(path, O_RDONLY)
  var facts = stat()
  guard file >= 0, fstat(file, &facts) == 0 else { return [] }
  defer { close(file) }
  return [UInt8](unsafeUninitializedCapacity: Int(facts.st_size)) { buffer, count in
    count = max(0, read(file, buffer.baseAddress, buffer.count))
  }
}

/// What the kernel holds of the object, until it is dropped.
struct Loaded {
  var maps: [String: Map] = [:]
  var programs: [Program] = []

  init(_ object: ObjectFile) throws {
    let btf = try object.loadableBTF.map { bytes throws(KernelError) in
      try LoadedBTF.load(bytes)
    }
    for map in object.maps { maps[map.name] = try Map.create(MapParameters(map, btf: btf)) }
    var kernel: TargetTypes?
    for program in object.programs {
      var image = try object.image(of: program.name)
      if !image.coreRelocations.isEmpty {
        let types =
          try kernel
          ?? TargetTypes(
            vmlinux: BTF(parsing: KernelBTF.vmlinux(), checksReferences: false))
        kernel = types
        image = try image.relocated(against: types)
      }
      var parameters = ProgramParameters(
        type: image.type, name: MapSpec.kernelName(for: image.name),
        instructions: image.instructions { maps[$0]?.descriptor.rawValue ?? -1 },
        license: image.license, expectedAttachType: image.expectedAttachType)
      parameters.flags = image.flags
      parameters.btf = btf
      parameters.functionInfo = image.functionInfo
      parameters.lineInfo = image.lineInfo
      programs.append(try Program.load(parameters))
    }
  }
}

func microseconds(_ time: timeval) -> Int { time.tv_sec * 1_000_000 + time.tv_usec }

func usage() -> rusage {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return usage
}

let before = usage()
for _ in 0..<times {
  do {
    let loaded = try Loaded(try ObjectFile(parsing: contents(of: path), name: path))
    withExtendedLifetime(loaded) {}
  } catch {
    print("loader-bench: \(error)")
    exit(1)
  }
}
let after = usage()
let spent = microseconds(after.ru_utime) - microseconds(before.ru_utime)
print(spent / times, after.ru_maxrss)
