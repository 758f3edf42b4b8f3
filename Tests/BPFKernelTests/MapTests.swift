import BPFKernel
import BPFObject
import Sandbox
import Testing

@Suite struct MapTests {
  @Test(.kernel) func `elements are written, read, walked and removed`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let map = try makeMap(.hash, name: "flows")
        try map.update(bytes(UInt32(1)), bytes(UInt64(10)))
        try map.update(bytes(UInt32(2)), bytes(UInt64(20)), mode: .create)
        #expect(try map.lookup(bytes(UInt32(1))) == bytes(UInt64(10)), "the first value")
        #expect(try map.lookup(bytes(UInt32(3))) == nil, "a key that is not there")
        #expect(try Set(map.keys()) == [bytes(UInt32(1)), bytes(UInt32(2))], "all keys")
        let again = failure { () throws(KernelError) in
          try map.update(bytes(UInt32(2)), bytes(UInt64(21)), mode: .create)
        }
        #expect(again?.errno == .exists, "create of a key that is there")
        let missing = failure { () throws(KernelError) in
          try map.update(bytes(UInt32(9)), bytes(UInt64(9)), mode: .replace)
        }
        #expect(missing?.errno == .noEntry, "replace of a key that is not there")
        #expect(try map.delete(bytes(UInt32(1))), "a key that is there is removed")
        #expect(try !map.delete(bytes(UInt32(1))), "and then it is not there")
        if Sandbox.kernelVersion >= (5, 14) {
          #expect(try map.take(bytes(UInt32(2))) == bytes(UInt64(20)), "lookup and delete")
        } else {
          #expect(try map.delete(bytes(UInt32(2))), "the last one")
        }
        #expect(try map.keys().isEmpty, "nothing is left")
      }
    }
  }

  @Test(.kernel) func `info tells what was asked for`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let btf = try LoadedBTF.load(smallBTF)
        var parameters = MapParameters(
          type: .hash, name: "with.btf_0", keySize: 4, valueSize: 4, maxEntries: 7, flags: 1)
        parameters.btf = btf
        parameters.keyTypeID = 1
        parameters.valueTypeID = 1
        let map = try Map.create(parameters)
        #expect(map.info.type == .hash, "type")
        #expect(map.info.name == "with.btf_0", "name")
        #expect(map.info.keySize == 4 && map.info.valueSize == 4, "sizes")
        #expect(map.info.maxEntries == 7, "max_entries")
        #expect(map.info.flags == 1, "flags")
        #expect(map.info.keyTypeID == 1 && map.info.valueTypeID == 1, "type ids")
        let btfID = try btf.info().id
        #expect(map.info.btfID == btfID, "BTF id")
        #expect(try Map(id: map.info.id).info == map.info, "the same by its id")
      }
    }
  }

  @Test(.kernel) func `a frozen map is read-only, and fdinfo says so`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let map = try makeMap(.array, key: 4)
        try map.update(bytes(UInt32(0)), bytes(UInt64(5)))
        #expect(try !MapDescriptorInfo(of: map).isFrozen, "not frozen yet")
        try map.freeze()
        let info = try MapDescriptorInfo(of: map)
        #expect(info.isFrozen, "frozen")
        #expect((info.lockedMemory ?? 0) > 0, "memlock")
        let refused = failure { () throws(KernelError) in
          try map.update(bytes(UInt32(0)), bytes(UInt64(6)))
        }
        #expect(refused?.errno == .notPermitted, "no update after the freeze")
        #expect(refused?.hint?.contains("frozen") == true, "and the hint says why")
        #expect(try map.lookup(bytes(UInt32(0))) == bytes(UInt64(5)), "reading goes on")
      }
    }
  }

  @Test(.kernel) func `queues, per-CPU values and maps of maps`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let queue = try makeMap(.queue, key: 0)
        try queue.update([], bytes(UInt64(1)))
        try queue.update([], bytes(UInt64(2)))
        #expect(try queue.lookup([]) == bytes(UInt64(1)), "the head")
        #expect(try queue.take() == bytes(UInt64(1)), "is taken")
        #expect(try queue.take() == bytes(UInt64(2)), "then the next")
        #expect(try queue.take() == nil, "then none")

        let percpu = try makeMap(.percpuArray, value: 4)
        let cpus = try HostFacts.possibleCPUs()
        #expect(try percpu.valueSize == 8 * cpus, "a value of four bytes takes eight per CPU")
        let value = (0..<cpus).flatMap { bytes(UInt64($0 + 1)) }
        try percpu.update(bytes(UInt32(0)), value)
        #expect(try percpu.lookup(bytes(UInt32(0))) == value, "each CPU's own")

        let inner = try makeMap(.array)
        var parameters = MapParameters(
          type: .arrayOfMaps, name: "outer", keySize: 4, valueSize: 4, maxEntries: 2)
        parameters.inner = inner
        let outer = try Map.create(parameters)
        try outer.update(bytes(UInt32(1)), bytes(inner.descriptorNumber))
        #expect(try outer.lookup(bytes(UInt32(1))) == bytes(inner.info.id), "reads as an id")
      }
    }
  }

  @Test(.kernel) func `batches write, read in parts, and remove`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let count = 1000
        let map = try makeMap(.hash, entries: 2000)
        let keys = (0..<count).flatMap { bytes(UInt32($0)) }
        let values = (0..<count).flatMap { bytes(UInt64($0 * 3)) }
        try map.updateBatch(keys: keys, values: values)
        var read: [UInt32: UInt64] = [:]
        var position: BatchPosition?
        var rounds = 0
        repeat {
          let batch = try map.lookupBatch(after: position, count: 256)
          for index in 0..<batch.count {
            let key = batch.keys[index * 4..<index * 4 + 4].withUnsafeBytes {
              $0.loadUnaligned(as: UInt32.self)
            }
            let value = batch.values[index * 8..<index * 8 + 8].withUnsafeBytes {
              $0.loadUnaligned(as: UInt64.self)
            }
            read[key] = value
          }
          position = batch.next
          rounds += 1
        } while position != nil
        #expect(rounds > 3, "in parts")
        #expect(
          read
            == Dictionary(uniqueKeysWithValues: (0..<count).map { (UInt32($0), UInt64($0 * 3)) }),
          "everything that was written")
        try map.deleteBatch(keys: Array(keys.prefix(4 * 10)))
        #expect(try map.keys().count == count - 10, "ten are removed")
        let gone = failure { () throws(KernelError) in
          try map.deleteBatch(keys: bytes(UInt32(20)) + bytes(UInt32(0)) + bytes(UInt32(21)))
        }
        #expect(gone?.errno == .noEntry, "a key that is gone")
        #expect(gone?.context.contains("after 1 of 3") == true, "says how far it got")
        let rest = try map.lookupBatch(count: 2000, deleting: true)
        #expect(rest.count == count - 11 && rest.next == nil, "the rest is taken out")
        #expect(try map.keys().isEmpty, "and then it is empty")
      }
    }
  }

  @Test(.kernel) func `errors name the call, the map and the cause`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let map = try makeMap(.hash, name: "tiny", entries: 1)
        try map.update(bytes(UInt32(1)), bytes(UInt64(1)))
        let full = failure { () throws(KernelError) in
          try map.update(bytes(UInt32(2)), bytes(UInt64(2)))
        }
        #expect(
          full?.summary
            == "BPF_MAP_UPDATE_ELEM of map tiny (id \(map.info.id)): "
            + "Argument list too long (E2BIG)",
          "the summary of a full map")
        #expect(full?.hint?.contains("map is full") == true, "and the hint")
        let size = failure { () throws(KernelError) in try map.update([1], bytes(UInt64(2))) }
        #expect(
          size?.description.contains("the key has 1 bytes, the map's keys have 4") == true,
          "a key of the wrong size never reaches the kernel")
        let name = failure { () throws(KernelError) in _ = try makeMap(.hash, name: "a-b") }
        #expect(name?.description.contains("\"a-b\" is no name for the kernel") == true, "names")
        let type = failure { () throws(KernelError) in
          _ = try makeMap(MapType(rawValue: 9999), name: "odd")
        }
        #expect(type?.description.contains("BPF_MAP_CREATE of map odd (type 9999)") == true, "type")
        let absent = failure { () throws(KernelError) in _ = try Map(id: .max) }
        #expect(absent?.errno == .noEntry, "an id that is not there")
      }
    }
  }

  @Test(.kernel) func `BTF goes in and comes out, and a refusal brings the log`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let btf = try LoadedBTF.load(smallBTF, name: "small")
        let info = try btf.info()
        #expect(Int(info.size) == smallBTF.count, "size")
        #expect(!info.isKernel, "not the kernel's")
        #expect(try btf.bytes() == smallBTF, "the same bytes")
        #expect(try LoadedBTF(id: info.id).info() == info, "by id")
        // A reference to a type that is not there.
        var bad = smallBTF
        bad[24 + 4 + 3] = 8  // kind typedef
        let refused = failure { () throws(KernelError) in
          _ = try LoadedBTF.load(bad, name: "bad")
        }
        #expect(refused?.call == "BPF_BTF_LOAD", "the call")
        #expect(refused?.verifierLog?.isEmpty == false, "the log: \(String(describing: refused))")
      }
    }
  }
}
