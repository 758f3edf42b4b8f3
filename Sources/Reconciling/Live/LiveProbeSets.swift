internal import BPFKernel
internal import BPFObject
import Planning

/// Probes at many places: where they are in the running kernel and in files, and their links.
extension LiveKernel {
  /// The functions of the kernel that are meant, and the cookie of each.
  func places(
    of probes: Planning.KernelProbeSet, cookie: UInt64
  ) throws(KernelError) -> [(place: UInt64, cookie: UInt64)] {
    let found = try TraceableFunctions.addresses(matching: probes.functions)
    return try Self.places(probes.functions, probes.cookies, cookie, in: found) { function in
      KernelError(
        "kprobe", refused: "this kernel has no function that is called so and can be traced",
        on: function)
    }
  }

  /// The file and the places in it that are meant, and the cookie of each.
  func places(
    of probes: Planning.UserProbeSet, cookie: UInt64
  ) throws(KernelError) -> (path: String, places: [(place: UInt64, cookie: UInt64)]) {
    let path = try ExecutableFile.path(of: probes.path)
    guard probes.offsets.isEmpty else {
      let cookies =
        probes.cookies.isEmpty
        ? Array(repeating: cookie, count: probes.offsets.count) : probes.cookies
      return (path, zip(probes.offsets, cookies).map { ($0, $1) })
    }
    let found = try ExecutableFile.offsets(matching: probes.functions, in: path)
      .mapValues { [$0] }
    let places = try Self.places(probes.functions, probes.cookies, cookie, in: found) { function in
      KernelError(
        "uprobe", refused: "it has no function that is called \(function)", on: path,
        hint: "nm -D \(path) lists what can be named; elsewhere offsets say where")
    }
    return (path, places)
  }

  /// Each place once, ascending. `missing` makes the error of a name or pattern that nothing bears.
  private static func places(
    _ functions: [String], _ cookies: [UInt64], _ cookie: UInt64,
    in found: [String: [UInt64]], missing: (String) -> KernelError
  ) throws(KernelError) -> [(place: UInt64, cookie: UInt64)] {
    var places: [UInt64: UInt64] = [:]
    for (index, function) in functions.enumerated() {
      let names: [String]
      if Glob.isPattern(function) {
        let glob = Glob(function)
        names = found.keys.filter { glob.matches($0) }
      } else {
        names = found[function] == nil ? [] : [function]
      }
      guard !names.isEmpty else { throw missing(function) }
      for name in names {
        for place in found[name] ?? [] {
          places[place] = index < cookies.count ? cookies[index] : cookie
        }
      }
    }
    return places.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  func hook(
    _ probes: Planning.KernelProbeSet, cookie: UInt64
  ) throws(KernelError) -> BPFKernel.Hook {
    let places = try places(of: probes, cookie: cookie)
    return .kernelProbes(
      BPFKernel.KernelProbeSet(
        addresses: places.map(\.place), cookies: Self.cookies(places), isReturn: probes.isReturn,
        isSession: probes.isSession))
  }

  func hook(
    _ probes: Planning.UserProbeSet, cookie: UInt64
  ) throws(KernelError) -> BPFKernel.Hook {
    let (path, places) = try places(of: probes, cookie: cookie)
    return .userProbes(
      BPFKernel.UserProbeSet(
        path: path, offsets: places.map(\.place), cookies: Self.cookies(places),
        isReturn: probes.isReturn, isSession: probes.isSession, process: probes.process))
  }

  private static func cookies(_ places: [(place: UInt64, cookie: UInt64)]) -> [UInt64] {
    places.contains { $0.cookie != 0 } ? places.map(\.cookie) : []
  }
}

// MARK: Static probes

extension LiveKernel {
  /// The file and the places in it of a static probe.
  func places(
    of probe: StaticProbePlace
  ) throws(KernelError) -> (path: String, places: [StaticProbe]) {
    let path = try ExecutableFile.path(of: probe.path)
    let all = try ExecutableFile.staticProbes(of: path)
    let places = all.filter { $0.provider == probe.provider && $0.name == probe.name }
    guard !places.isEmpty else {
      let names = Set(all.map { "\($0.provider):\($0.name)" }).sorted()
      let known =
        names.isEmpty ? "and none at all" : "but \(names.prefix(12).joined(separator: ", "))"
      throw KernelError(
        "uprobe",
        refused: "it has no static probe \(probe.provider):\(probe.name), \(known)", on: path)
    }
    return (path, places)
  }

  /// The hook of a static probe. Where its arguments are is written into the map from which the
  /// program reads it; each place's cookie tells which entry is its own.
  func hook(
    _ probe: StaticProbePlace, of program: Program, cookie: UInt64
  ) throws(KernelError) -> BPFKernel.Hook {
    let (path, places) = try places(of: probe)
    var cookies: [UInt64] = []
    if let map = try StaticProbeTable.of(program) {
      for place in places {
        let arguments: [ProbeArgument]
        do throws(ObjectError) {
          arguments = try ProbeArgument.all(in: place.arguments, machine: place.machine)
        } catch {
          throw KernelError("uprobe", refused: error.message, on: path)
        }
        let spec = StaticProbeSpec(arguments: arguments, cookie: cookie)
        cookies.append(UInt64(try map.slot(for: spec.bytes)))
      }
    } else if cookie != 0 {
      cookies = Array(repeating: cookie, count: places.count)
    }
    let counters = places.map { $0.semaphore ?? 0 }
    return .userProbes(
      BPFKernel.UserProbeSet(
        path: path, offsets: places.map(\.offset),
        counters: counters.contains { $0 != 0 } ? counters : [], cookies: cookies,
        process: probe.process))
  }
}

/// The map `__bpf_usdt_specs` of programs that include `bpf/usdt.bpf.h`. What it holds is found by
/// what it is: a place that needs what is there already shares it, so that the same attachment made
/// again takes no more room. Nothing is ever overwritten, since another link may refer to it.
private struct StaticProbeTable {
  let map: Map

  /// nil: the program has no such map, and reads no arguments.
  static func of(_ program: Program) throws(KernelError) -> StaticProbeTable? {
    for id in try program.info().mapIDs {
      let map = try Map(id: id)
      if map.info.name == StaticProbeSpec.mapName, map.info.type == .array,
        map.info.keySize == 4
      {
        guard Int(map.info.valueSize) == StaticProbeSpec.size else {
          throw KernelError(
            "uprobe",
            refused: "its entries have \(map.info.valueSize) bytes, and those of "
              + "bpf/usdt.bpf.h \(StaticProbeSpec.size)", on: StaticProbeSpec.mapName)
        }
        return StaticProbeTable(map: map)
      }
    }
    return nil
  }

  /// The entry that says this; a free one is filled with it.
  func slot(for spec: [UInt8]) throws(KernelError) -> UInt32 {
    let empty = [UInt8](repeating: 0, count: spec.count)
    // The first entry is left empty for the probes that have neither arguments nor a cookie.
    if spec == empty { return 0 }
    for slot in 1..<max(1, map.info.maxEntries) {
      let key = (0..<4).map { UInt8(truncatingIfNeeded: slot >> ($0 * 8)) }
      let found = try map.lookup(key)
      if found == spec { return slot }
      if found == empty {
        try map.update(key, spec)
        return slot
      }
    }
    throw KernelError(
      "uprobe", refused: "no entry is free of \(map.info.maxEntries)", on: StaticProbeSpec.mapName,
      hint: "compile the program with a higher BPF_USDT_MAX_SPEC_CNT, or let its map be made anew")
  }
}
