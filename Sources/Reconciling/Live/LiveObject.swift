internal import BPFKernel
internal import BPFObject

/// A kernel object that is held by a descriptor.
public final class LiveObject: KernelObject {
  enum Payload {
    case map(Map)
    case program(Program)
    case link(Link)
    case btf(LoadedBTF)
  }

  let payload: Payload
  public let id: UInt32
  public let tag: String?

  init(_ map: Map) {
    payload = .map(map)
    id = map.info.id
    tag = nil
  }

  init(_ program: Program) throws(KernelError) {
    let info = try program.info()
    payload = .program(program)
    id = info.id
    tag = info.tag.description
  }

  init(_ link: Link) throws(KernelError) {
    payload = .link(link)
    id = try link.info().id
    tag = nil
  }

  init(_ btf: LoadedBTF) throws(KernelError) {
    payload = .btf(btf)
    id = try btf.info().id
    tag = nil
  }

  convenience init(_ pinned: PinnedObject) throws(KernelError) {
    switch pinned {
    case .map(let map): self.init(map)
    case .program(let program): try self.init(program)
    case .link(let link): try self.init(link)
    }
  }

  var btf: LoadedBTF? { if case .btf(let btf) = payload { btf } else { nil } }

  var kind: String {
    switch payload {
    case .map: "map"
    case .program: "program"
    case .link: "link"
    case .btf: "BTF"
    }
  }
}

extension LiveKernel {
  func map(_ object: LiveObject, _ operation: String) throws(KernelFailure) -> Map {
    guard case .map(let map) = object.payload else { throw wrongKind(object, operation, "map") }
    return map
  }

  func program(_ object: LiveObject, _ operation: String) throws(KernelFailure) -> Program {
    guard case .program(let program) = object.payload else {
      throw wrongKind(object, operation, "program")
    }
    return program
  }

  func link(_ object: LiveObject, _ operation: String) throws(KernelFailure) -> Link {
    guard case .link(let link) = object.payload else { throw wrongKind(object, operation, "link") }
    return link
  }

  private func wrongKind(
    _ object: LiveObject, _ operation: String, _ wanted: String
  ) -> KernelFailure {
    KernelFailure(
      operation: operation, subject: "\(object.kind) \(object.id)",
      message: "a \(wanted) is needed, and this is a \(object.kind)")
  }
}
