internal import BPFKernel
public import BPFObject
internal import Planning

/// The running kernel, by bpf(2), rtnetlink and the bpffs.
///
/// One for each run of the tool; not shared between threads, since network namespaces belong to
/// threads.
public final class LiveKernel: Kernel {
  public typealias Object = LiveObject

  /// Where the bpffs is mounted that owners' directories are on.
  let mount: String
  /// The mounted bpffs by path, looked up once.
  var filesystems: [BPFFilesystem] = []
  /// The kernel's own BTF, read when the first program needs it.
  var kernelTypes: KernelTypes?
  /// Namespaces of netfilter links, as they were seen last.
  var linkSurvey: LinkSurvey?
  /// What was seen without a pin (`hold`).
  var held: [LiveObject] = []
  /// What was looked up in it for programs' externs.
  var externs: KernelExterns?

  /// What is made is made with a BPF token.
  private var hasToken = false
  /// Where objects are pinned that were seen: without CAP_SYS_ADMIN there is no other way to them.
  var pinsByObject: [Pin.Object: String] = [:]

  /// Is told how far it is with the entries of a map, once for each batch.
  public var onProgress: ((EntryProgress) -> Void)?

  /// `bpffs` is the mount point; it is looked at when it is first needed.
  public init(bpffs: String = "/sys/fs/bpf") { mount = bpffs }

  /// How this kernel makes its programs' tags; nil if it may not be asked. The program that finds it
  /// out is gone afterwards.
  public static func tagAlgorithm() -> TagAlgorithm? { (try? TagAlgorithm.probe()).flatMap { $0 } }

  /// Gives up all capabilities that no command needs; call it before any thread is started.
  public static func dropPrivileges() throws(KernelFailure) {
    try wrap(about: "capabilities") { () throws(KernelError) in
      let held = try Capabilities.current()
      if !held.permitted.isSubset(of: Capabilities.needed) { try Capabilities.drop() }
    }
  }

  public func capabilities() throws(KernelFailure) -> Set<String> {
    let held = try wrap(about: "capabilities") { () throws(KernelError) in
      try Capabilities.current().effective
    }
    if UserNamespace.isInitial { return held }
    _ = try filesystem(of: mount + "/")
    // Of a user namespace's capabilities those for its own networks count without a token.
    return hasToken ? held : held.subtracting(["CAP_BPF", "CAP_PERFMON", "CAP_SYS_ADMIN"])
  }

  /// In a user namespace, what a bpffs delegates to it is made use of.
  func useToken(of filesystem: BPFFilesystem) {
    guard !hasToken, !UserNamespace.isInitial,
      let token = try? Token.create(on: filesystem)
    else { return }
    Token.use(token)
    hasToken = true
  }

  /// The facts of this host.
  func hostFacts() throws(KernelFailure) -> Planning.HostFacts {
    let device = try filesystem(of: mount + "/").device
    return try wrap(about: "this host") { () throws(KernelError) in
      Planning.HostFacts(
        bootID: try BPFKernel.HostFacts.bootID(),
        kernelRelease: try BPFKernel.HostFacts.kernelRelease(),
        possibleCPUs: try BPFKernel.HostFacts.possibleCPUs(),
        tagAlgorithm: nil, bpffsDevice: device)
    }
  }
}
