import BPFKernel
import BPFObject
import Glibc
import Sandbox
import Testing

@Suite struct LinkTests {
  @Test(.kernel) func `an XDP link is made, told of, updated, found and detached`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        try Sandbox.makeVethPair("v0", "v1")
        let index = try #require(try NetworkInterface.index(of: "v0"), "the interface")
        let pass = try load(.xdp, .xdp, name: "pass", returning: 2)
        let drop = try load(.xdp, .xdp, name: "drop", returning: 1)
        let link = try Link.create(pass, on: .xdp(interface: index, mode: .native))
        let info = try link.info()
        #expect(info.type == .xdp && info.target == .xdp(interface: index), "the info")
        #expect(try info.programID == pass.info().id, "its program")
        #expect(
          try NetworkInterface.named("v0")?.xdp.native == pass.info().id, "rtnetlink says native")

        let wrong = failure { () throws(KernelError) in
          try link.update(to: drop, expected: drop)
        }
        #expect(wrong?.errno == .notPermitted, "another program than expected")
        #expect(wrong?.hint?.contains("not the expected one") == true, "the hint")
        #expect(try link.info().programID == pass.info().id, "nothing has changed")
        try link.update(to: drop, expected: pass)
        #expect(try link.info().programID == drop.info().id, "the right one is swapped")
        #expect(try Link(id: info.id).info() == link.info(), "the same by its id")

        let second = failure { () throws(KernelError) in
          _ = try Link.create(pass, on: .xdp(interface: index, mode: .native))
        }
        #expect(second?.errno == .busy, "the hook is taken: \(String(describing: second))")
        try link.detach()
        #expect(try link.info().target == .xdp(interface: 0), "a detached link has no device")
        #expect(
          try NetworkInterface.named("v0")?.xdp == NetworkInterface.XDP(), "and XDP is off")
        let kind = failure { () throws(KernelError) in
          _ = try Link.create(load(.socketFilter), on: .xdp(interface: index, mode: .auto))
        }
        #expect(kind?.errno == .invalid, "a program of another type")
        #expect(kind?.context.contains("xdp (auto) on interface \(index)") == true, "the hook")
      }
    }
  }

  @Test(.kernel, .since(6, 6)) func `tcx keeps order, positions, revisions`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        try Sandbox.makeVethPair("v0", "v1")
        let index = try #require(try NetworkInterface.index(of: "v0"), "the interface")
        let a = try load(.schedCls, .tcxIngress, name: "a", returning: -1)
        let b = try load(.schedCls, .tcxIngress, name: "b", returning: -1)
        let c = try load(.schedCls, .tcxIngress, name: "c", returning: -1)
        func hook(_ place: HookPosition.Place, _ revision: UInt64 = 0) -> Hook {
          .tcx(
            interface: index, type: .tcxIngress,
            position: HookPosition(place, expectedRevision: revision))
        }
        let linkA = try Link.create(a, on: hook(.anywhere))
        let linkB = try Link.create(b, on: hook(.first))
        let query = try HookPrograms(on: .interface(index), type: .tcxIngress)
        #expect(
          try query.entries.map(\.programID) == [b.info().id, a.info().id], "b stands first")
        #expect(
          try query.entries.map(\.linkID) == [linkB.info().id, linkA.info().id], "by their links")
        let stale = failure { () throws(KernelError) in
          _ = try Link.create(c, on: hook(.last, query.revision - 1))
        }
        #expect(stale?.errno == .stale, "another revision than expected")
        let linkC = try Link.create(c, on: hook(.before(.link(linkA)), query.revision))
        let three = try HookPrograms(on: .interface(index), type: .tcxIngress)
        #expect(
          try three.entries.map(\.programID) == [b.info().id, c.info().id, a.info().id],
          "c is between them")
        #expect(try linkC.info().target == .tcx(interface: index, .tcxIngress), "the info")
        #expect(three.revision > query.revision, "the revision has grown")
        let twice = failure { () throws(KernelError) in
          _ = try Link.create(a, on: hook(.anywhere))
        }
        #expect(twice?.errno == .exists, "a program stands there only once")

        // The legacy command on the same hook.
        let d = try load(.schedCls, .tcxEgress, name: "d", returning: -1)
        let ids = try [a.info().id]
        try d.attach(
          to: .interface(index), type: .tcxIngress,
          position: HookPosition(.after(.programID(ids[0]))))
        let four = try HookPrograms(on: .interface(index), type: .tcxIngress)
        #expect(try four.entries.last?.programID == d.info().id, "after a")
        #expect(four.entries.last?.linkID == 0, "without a link")
        try d.detach(from: .interface(index), type: .tcxIngress)
        #expect(
          try HookPrograms(on: .interface(index), type: .tcxIngress).entries.count == 3, "gone")
      }
    }
  }

  @Test(.kernel) func `cgroup links and legacy attachments`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let temporary = try TemporaryCgroup()
        let cgroup = try Cgroup(temporary.path)
        #expect(try Cgroup(id: cgroup.id).path == temporary.path, "found by its id")
        let program = try load(.cgroupSkb, .cgroupInetIngress, name: "first")
        let other = try load(.cgroupSkb, .cgroupInetIngress, name: "second")
        let link = try Link.create(
          program, on: .cgroup(cgroup, type: .cgroupInetIngress, position: HookPosition()))
        #expect(
          try link.info().target == .cgroup(id: cgroup.id, .cgroupInetIngress), "the info")
        try link.update(to: other, expected: program)
        #expect(try link.info().programID == other.info().id, "updated")
        try program.attach(
          to: .cgroup(cgroup), type: .cgroupInetIngress, flags: AttachFlag.allowMulti)
        let query = try HookPrograms(on: .cgroup(cgroup), type: .cgroupInetIngress)
        #expect(
          try Set(query.entries.map(\.programID)) == [program.info().id, other.info().id],
          "both stand there")
        #expect(
          try HookPrograms(on: .cgroup(cgroup), type: .cgroupInetIngress, effective: true)
            .entries.count >= 2, "effective ones")
        let third = try load(.cgroupSkb, .cgroupInetIngress, name: "third")
        try third.attach(
          to: .cgroup(cgroup), type: .cgroupInetIngress, flags: AttachFlag.allowMulti,
          replacing: program)
        try third.detach(from: .cgroup(cgroup), type: .cgroupInetIngress)
        let missing = failure { () throws(KernelError) in
          try third.detach(from: .cgroup(cgroup), type: .cgroupInetIngress)
        }
        #expect(missing?.errno == .noEntry, "it is not there any more")
        try link.detach()
        #expect(
          try HookPrograms(on: .cgroup(cgroup), type: .cgroupInetIngress).entries.isEmpty,
          "nothing is left")
      }
    }
  }

  @Test(.kernel) func `links in network namespaces`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let own = try NetworkNamespace.current()
        let lookup = try load(.skLookup, .skLookup, name: "lookup")
        let link = try Link.create(lookup, on: .namespace(own, type: .skLookup))
        #expect(
          try link.info().target == .namespace(inode: UInt32(own.inode), .skLookup), "sk_lookup")
        #expect(
          try HookPrograms(on: .namespace(own), type: .skLookup).entries.map(\.programID)
            == [lookup.info().id], "the query")
        let next = try load(.skLookup, .skLookup, name: "next")
        try link.update(to: next, expected: lookup)
        #expect(try link.info().programID == next.info().id, "updated")

        let dissector = try load(.flowDissector, .flowDissector, name: "dissector", returning: 0)
        let dissection = try Link.create(dissector, on: .namespace(own, type: .flowDissector))
        #expect(
          try dissection.info().target == .namespace(inode: UInt32(own.inode), .flowDissector),
          "flow_dissector")
        let busy = failure { () throws(KernelError) in
          try dissector.attach(to: .namespace(own), type: .flowDissector)
        }
        #expect(busy != nil, "not beside a link")
        try dissection.detach()
        try dissector.attach(to: .namespace(own), type: .flowDissector)
        #expect(
          try HookPrograms(on: .namespace(own), type: .flowDissector).entries.map(\.programID)
            == [dissector.info().id], "attached without a link")
        try dissector.detach(from: .namespace(own), type: .flowDissector)
      }
    }
  }

  @Test(.kernel, .since(6, 4)) func `netfilter links hold their priority and have no update`() async
  {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let program = try load(.netfilter, .netfilter, name: "accept")
        let hook = Hook.netfilter(family: 2, hook: 1, priority: -100, defragment: false)
        let link = try Link.create(program, on: hook)
        #expect(
          try link.info().target == .netfilter(family: 2, hook: 1, priority: -100, flags: 0),
          "the info")
        let taken = failure { () throws(KernelError) in _ = try Link.create(program, on: hook) }
        #expect(taken?.errno == .busy, "the priority is taken")
        #expect(taken?.hint?.contains("same pf, hook and priority") == true, "the hint")
        let update = failure { () throws(KernelError) in try link.update(to: program) }
        #expect(update?.errno == .notSupported, "no update: \(String(describing: update))")
      }
    }
  }

  @Test(.kernel) func `raw tracepoints and tracepoints`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        let raw = try load(.rawTracepoint, name: "raw", returning: 0)
        let link = try Link.openRawTracepoint("sched_switch", program: raw)
        #expect(
          try link.info().target == .rawTracepoint(name: "sched_switch", cookie: 0), "raw")
        let absent = failure { () throws(KernelError) in
          _ = try Link.openRawTracepoint("no_such_thing", program: raw)
        }
        #expect(absent?.errno == .noEntry, "a tracepoint that is not there")
        #expect(absent?.context == "raw tracepoint no_such_thing", "is named")

        let program = try load(.tracepoint, name: "tp", returning: 0)
        let unmounted = failure { () throws(KernelError) in
          _ = try PerfEvent.tracepoint(category: "sched", name: "sched_switch")
        }
        if let unmounted {
          #expect(unmounted.description.contains("no tracefs is mounted"), "said clearly")
        }
        try Sandbox.mountTracefs()
        let event = try PerfEvent.tracepoint(category: "sched", name: "sched_switch")
        if Sandbox.kernelVersion >= (5, 15) {
          let perf = try Link.create(program, on: .perfEvent(event, cookie: 77))
          if Sandbox.kernelVersion >= (6, 9) {
            #expect(
              try perf.info().target
                == .perfEvent(.tracepoint(name: "sched_switch", cookie: 77)), "perf link")
          }
          let detach = failure { () throws(KernelError) in try perf.detach() }
          #expect(detach?.errno == .notSupported, "no detach")
        }

        let fallback = try PerfEvent.tracepoint(category: "sched", name: "sched_wakeup")
        try fallback.set(program)
        let unknown = failure { () throws(KernelError) in
          _ = try PerfEvent.tracepoint(category: "sched", name: "no_such_thing")
        }
        #expect(unknown?.description.contains("no such tracepoint") == true, "unknown")
      }
    }
  }

  @Test(.kernel) func `an iterator link is read`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        // The type id of bpf_iter_bpf_map in vmlinux BTF, through bpftool.
        let dump = try Sandbox.run(
          ["bpftool", "btf", "dump", "file", "/sys/kernel/btf/vmlinux"]
        ).succeeded().output
        let line = dump.split(separator: "\n").first { $0.contains("FUNC 'bpf_iter_bpf_map'") }
        let digits = line?.drop { $0 == "[" }.prefix { $0.isNumber }
        let typeID = try #require(digits.flatMap { UInt32($0) }, "the iterator's type")
        var parameters = ProgramParameters(
          type: .tracing, name: "maps", instructions: returning(0), license: "GPL",
          expectedAttachType: .traceIter)
        parameters.attachTypeID = typeID
        let program = try Program.load(parameters)
        let link = try Link.create(program, on: .iterator(.all))
        guard case .iterator(let iterator) = try link.info().target else {
          Issue.record("the info is of an iterator")
          return
        }
        #expect(iterator.name == "bpf_map", "what it walks over")
        if Sandbox.kernelVersion >= (6, 0) {
          #expect(try program.info().attachTypeID == typeID, "what the program is for")
        }
        let stream = try link.makeIterator()
        var byte: UInt8 = 0
        #expect(read(stream.rawValue, &byte, 1) == 0, "it runs and writes nothing")
      }
    }
  }

  @Test(.kernel) func `XDP through netlink`() async {
    await #expect(processExitsWith: .success) {
      sandboxed {
        try Sandbox.makeVethPair("v0", "v1")
        let index = try #require(try NetworkInterface.index(of: "v0"), "the interface")
        let one = try load(.xdp, .xdp, name: "one", returning: 2)
        let two = try load(.xdp, .xdp, name: "two", returning: 2)
        try one.attachXDP(interface: index, mode: .generic)
        #expect(try NetworkInterface.named("v0")?.xdp.generic == one.info().id, "generic")
        let taken = failure { () throws(KernelError) in
          try two.attachXDP(interface: index, mode: .generic)
        }
        #expect(taken?.errno == .busy, "taken: \(String(describing: taken))")
        try two.attachXDP(interface: index, mode: .generic, replacing: one)
        #expect(try NetworkInterface.named("v0")?.xdp.generic == two.info().id, "replaced")
        let wrong = failure { () throws(KernelError) in
          try one.detachXDP(interface: index, mode: .generic)
        }
        #expect(wrong != nil, "only its own is taken off")
        try two.detachXDP(interface: index, mode: .generic)
        #expect(try NetworkInterface.named("v0")?.xdp.generic == nil, "off")
      }
    }
  }
}
