internal import CBPF

/// What the kernel says of BTF in it: `struct bpf_btf_info`.
public struct BTFInfo: Hashable, Sendable {
  public var id: UInt32
  /// Bytes.
  public var size: UInt32
  /// `vmlinux` or a module's name; empty for what a program brought.
  public var name: String
  /// Whether it is the kernel's own or a module's.
  public var isKernel: Bool

  /// Asks the kernel. The bpf(2) command is `BPF_OBJ_GET_INFO_BY_FD`.
  public init(of descriptor: borrowing FileDescriptor) throws(KernelError) {
    try self.init(of: descriptor.rawValue)
  }

  init(of descriptor: Int32) throws(KernelError) {
    // The name of a module is at most 55 bytes long.
    var name = [UInt8](repeating: 0, count: 64)
    var raw = cbpf_btf_info()
    raw.name_len = UInt32(name.count)
    var result = name.withMutableAddress { address in
      raw.name = address
      return objectInfo(descriptor, &raw)
    }
    // Before Linux 5.11 there are no names, and a buffer for one is an unknown attribute.
    if result == -Int(Errno.tooBig.rawValue) {
      raw = cbpf_btf_info()
      result = objectInfo(descriptor, &raw)
    }
    try check(result, Command.objectInfo.name, on: "BTF descriptor \(descriptor)")
    self.id = raw.id
    self.size = raw.btf_size
    self.name = text(in: name)
    self.isKernel = raw.kernel_btf != 0
  }
}

/// BTF in the kernel, kept alive by a descriptor.
public final class LoadedBTF: Sendable {
  public let descriptor: FileDescriptor

  public init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

  /// Hands BTF to the kernel. The bpf(2) command is `BPF_BTF_LOAD`; on a refusal it is asked
  /// again for the log, which the error carries.
  public static func load(_ bytes: [UInt8], name: String = "") throws(KernelError) -> LoadedBTF {
    guard let size = UInt32(exactly: bytes.count) else {
      throw KernelError(Command.btfLoad.name, .tooBig, on: "BTF \(name)")
    }
    var attributes = cbpf_btf_load()
    attributes.btf_size = size
    var log = VerifierLog()
    let result = cbpf_good_descriptor(
      bytes.withAddress { address in
        Token.with { token in
          if let token {
            attributes.btf_flags = Token.flag
            attributes.btf_token_fd = token
          }
          attributes.btf = address
          let result = bpf(.btfLoad, &attributes)
          if result >= 0 || result == -Int(Errno.notPermitted.rawValue) { return result }
          return log.collect { log, size in
            attributes.btf_log_buf = log
            attributes.btf_log_size = size
            attributes.btf_log_level = 1
            return bpf(.btfLoad, &attributes)
          }
        }
      })
    guard result >= 0 else {
      throw KernelError(.btfLoad, result, on: "BTF \(name)", verifierLog: log.text)
    }
    return LoadedBTF(FileDescriptor(owned: Int32(truncatingIfNeeded: result)))
  }

  /// Opens the BTF with that id. The bpf(2) command is `BPF_BTF_GET_FD_BY_ID`; it needs
  /// CAP_SYS_ADMIN.
  public convenience init(id: UInt32) throws(KernelError) {
    var attributes = cbpf_object_id(id: id, next_id: 0, open_flags: 0, token_fd: 0)
    self.init(try bpfDescriptor(.btfByID, &attributes, on: "BTF \(id)"))
  }

  /// What the kernel says of it. The bpf(2) command is `BPF_OBJ_GET_INFO_BY_FD`.
  public func info() throws(KernelError) -> BTFInfo { try BTFInfo(of: descriptor) }

  /// The bytes as they were loaded.
  public func bytes() throws(KernelError) -> [UInt8] {
    let size = try info().size
    var bytes = [UInt8](repeating: 0, count: Int(size))
    var raw = cbpf_btf_info()
    raw.btf_size = size
    let result = bytes.withMutableAddress { address in
      raw.btf = address
      return objectInfo(descriptor.rawValue, &raw)
    }
    try check(result, Command.objectInfo.name, on: "BTF descriptor \(descriptor.rawValue)")
    return bytes
  }
}
