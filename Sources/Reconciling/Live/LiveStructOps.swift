internal import BPFKernel
public import BPFObject

/// Maps that implement structures of the kernel's.
extension LiveKernel {
  /// Creates the map; it is not registered yet.
  func createStructOps(
    _ creation: MapCreation<LiveObject>, _ structOps: StructOps
  ) throws(KernelFailure) -> LiveObject {
    var parameters = MapParameters(creation.map, btf: creation.btf?.btf)
    let layout = try layout(of: structOps)
    parameters.keyTypeID = 0
    parameters.valueTypeID = 0
    parameters.kernelValueTypeID = layout.valueTypeID
    parameters.valueSize = UInt32(truncatingIfNeeded: layout.value.count)
    return try wrap { () throws(KernelError) in LiveObject(try Map.create(parameters)) }
  }

  public func fill(
    _ map: LiveObject, _ structOps: StructOps, with programs: [String: LiveObject]
  ) throws(KernelFailure) {
    let target = try self.map(map, "BPF_MAP_UPDATE_ELEM")
    let layout = try layout(of: structOps)
    var value = layout.value
    for (member, place) in layout.functions {
      guard let object = programs[member] else {
        throw KernelFailure(
          operation: "BPF_MAP_UPDATE_ELEM", subject: target.info.name,
          message: "no program is there for the member \(member)")
      }
      let program = try self.program(object, "BPF_MAP_UPDATE_ELEM")
      value.replaceSubrange(
        place..<place + 4,
        with: HostOrder.bytes(UInt32(bitPattern: program.descriptor.rawValue)))
    }
    try withExtendedLifetime(programs) { () throws(KernelFailure) in
      try wrap { () throws(KernelError) in try target.update([0, 0, 0, 0], value) }
    }
  }

  /// What PROG_LOAD takes for a program of that member.
  func target(
    of member: StructOpsMember
  ) throws(KernelFailure) -> (typeID: UInt32, index: UInt32) {
    let types = try targetTypes().vmlinux
    return try fitting(member.structure, "BPF_PROG_LOAD") { () throws(ObjectError) in
      try member.target(in: types)
    }
  }

  private func layout(of structOps: StructOps) throws(KernelFailure) -> StructOps.Layout {
    let types = try targetTypes().vmlinux
    return try fitting(structOps.structure, "BPF_MAP_CREATE") { () throws(ObjectError) in
      try structOps.layout(in: types)
    }
  }

  private func fitting<Result>(
    _ subject: String, _ operation: String, _ body: () throws(ObjectError) -> Result
  ) throws(KernelFailure) -> Result {
    do throws(ObjectError) {
      return try body()
    } catch {
      throw KernelFailure(
        operation: operation, subject: subject, message: error.message,
        hints: error.hint.map { [$0] } ?? [])
    }
  }
}
