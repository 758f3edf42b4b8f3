internal import CBPF
internal import Glibc
internal import Synchronization

/// A BPF token (6.9): what the owner of a host delegated to a user namespace by the options of a bpffs
/// that is mounted in it (`delegate_cmds`, `delegate_maps`, `delegate_progs`, `delegate_attachs`).
///
/// In a user namespace capabilities count for bpf(2) only together with a token.
public final class Token: Sendable {
  let descriptor: FileDescriptor

  init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

  /// Asks for a token of a bpffs. The bpf(2) command is `BPF_TOKEN_CREATE`; ENOENT where nothing is
  /// delegated, EOPNOTSUPP in the initial user namespace, EPERM without CAP_BPF in the bpffs' own.
  public static func create(on filesystem: BPFFilesystem) throws(KernelError) -> Token {
    var attributes = cbpf_token_create()
    attributes.bpffs_fd = UInt32(bitPattern: filesystem.root.descriptor.rawValue)
    return Token(try bpfDescriptor(.tokenCreate, &attributes, on: filesystem.path))
  }

  private static let inUse = Mutex<Token?>(nil)

  /// From now on maps, programs and BTF are made with this token.
  public static func use(_ token: Token) { inUse.withLock { $0 = token } }

  /// `BPF_F_TOKEN_FD`, the same bit for all three commands.
  static let flag: UInt32 = 1 << 16

  /// Calls with the descriptor of the token in use, or nil, which stays open meanwhile.
  static func with<Result>(_ body: (Int32?) -> Result) -> Result {
    let token = inUse.withLock { $0 }
    return withExtendedLifetime(token) { body(token?.descriptor.rawValue) }
  }
}

/// The user namespace of this process.
public enum UserNamespace {
  /// PROC_USER_INIT_INO: the inode number of the initial user namespace.
  private static let initial: ino_t = 0xEFFF_FFFD

  public static var isInitial: Bool {
    var facts = stat()
    guard unsafe stat("/proc/self/ns/user", &facts) == 0 else { return true }
    return facts.st_ino == initial
  }
}
