import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

@Suite struct EnumerationTests {
  @Test(.kernel) func `everything that is there is seen, by ascending id`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let maps = try (0..<50).map { _ throws(KernelError) in try makeMap(.array, name: "walked") }
        let program = try load(.rawTracepoint, name: "walked", returning: 0)
        let link = try Link.openRawTracepoint("sched_switch", program: program)
        let btf = try LoadedBTF.load(smallBTF)
        let seen = try MapInfo.all.get()
        #expect(seen.map(\.id) == seen.map(\.id).sorted(), "by id")
        #expect(Set(maps.map(\.info)).isSubset(of: seen), "all maps")
        #expect(try ProgramInfo.all.get().contains(program.info()), "the program")
        #expect(try LinkInfo.all.get().contains(link.info()), "the link")
        #expect(try BTFInfo.all.get().contains(btf.info()), "the BTF")
        if Sandbox.kernelVersion >= (5, 11) {
          let kernels = try BTFInfo.all.get().filter(\.isKernel).map(\.name)
          #expect(kernels.contains("vmlinux"), "vmlinux")
        }
        #expect(try ObjectKind.map.exists(id: maps[0].info.id), "by id")
        #expect(try !ObjectKind.map.exists(id: .max), "and not another")
      }
    }
  }

  @Test(.kernel) func `objects that vanish under the walk are passed over`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let stop = OpenFlag()
        var thread = pthread_t()
        let churn: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { flag in
          let flag = Unmanaged<OpenFlag>.fromOpaque(flag!).takeUnretainedValue()
          while flag.isSet { _ = try? makeMap(.array, name: "churned") }
          return nil
        }
        let kept = try (0..<20).map { _ throws(KernelError) in try makeMap(.array, name: "kept") }
        pthread_create(&thread, nil, churn, Unmanaged.passUnretained(stop).toOpaque())
        for _ in 0..<300 {
          let ids = try Set(MapInfo.all.get().map(\.id))
          #expect(Set(kept.map(\.info.id)).isSubset(of: ids), "those that stay are always seen")
        }
        stop.clear()
        pthread_join(thread, nil)
      }
    }
  }

  @Test(.kernel) func `a failure is the last element`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let map = try makeMap(.array)
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(7), &limit)  // RLIMIT_NOFILE
        let saved = limit
        limit.rlim_cur = rlim_t(map.descriptorNumber)
        setrlimit(__rlimit_resource_t(7), &limit)
        let results = Array(MapInfo.all)
        var again = saved
        setrlimit(__rlimit_resource_t(7), &again)
        #expect(results.count == 1, "it ends")
        guard case .failure(let error)? = results.last else {
          Issue.record("it fails")
          return
        }
        #expect(error.errno == .tooManyFiles, "with the reason")
        #expect(error.description.contains("ulimit -n"), "and the hint")
      }
    }
  }
}

/// A flag that two threads share.
final class OpenFlag: @unchecked Sendable {
  private let cell = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
  init() { sem_init(cell, 0, 0) }
  deinit {
    sem_destroy(cell)
    cell.deallocate()
  }
  var isSet: Bool {
    var value: Int32 = 0
    sem_getvalue(cell, &value)
    return value == 0
  }
  func clear() { sem_post(cell) }
}
