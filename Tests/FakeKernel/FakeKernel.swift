import BPFObject
import Planning
import Reconciling

/// A kernel in memory that follows the real one's rules: ids are never used twice, an object lives
/// exactly as long as something refers to it, and errors carry the real numbers.
///
/// One thread at a time.
public final class FakeKernel: Kernel {
  public typealias Object = FakeObject

  /// What happens to one of the calls from now on, counted from 1.
  public enum Injection: Hashable, Sendable {
    /// That call fails; a write of many entries after half of them.
    case fail(at: Int, errno: Int32)
    /// The process dies before that call: it and all that follow do nothing.
    case kill(at: Int)
  }

  public struct Call: Hashable, Sendable {
    public var name: String
    public var subject: String
    public var isMutating: Bool
  }

  public static let mount = "/sys/fs/bpf"

  public internal(set) var host = HostFacts(
    bootID: "00000000-0000-4000-8000-000000000001", kernelRelease: "6.18.0-fake", possibleCPUs: 2,
    tagAlgorithm: nil, bpffsDevice: 42)
  /// What an observation admits that it cannot see.
  public var limitations: [String] = []
  public var held: Set<String> = [
    "CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_BPF", "CAP_PERFMON", "CAP_CHOWN",
  ]
  public func capabilities() throws(KernelFailure) -> Set<String> { held }
  /// Programs whose function has one of these names are rejected by the "verifier".
  public var rejectedPrograms: Set<String> = []
  /// Programs that cannot be test-run.
  public var untestable: Set<String> = []
  /// What programs do in a test run, by name: the kernel, the ids of the program's maps, what it is run
  /// on, and what it leaves otherwise.
  public var runs: [String: (FakeKernel, [UInt32], TestRun, TestOutput) -> TestOutput] = [:]

  /// Every call since the beginning.
  public private(set) var calls: [Call] = []
  private var injections: [Injection] = []
  private var countdown = 0
  public private(set) var isKilled = false

  /// What programs do on their own: called before every call, and when the process is dead.
  public var traffic: ((FakeKernel) -> Void)?
  /// Programs may be loaded that merge maps.
  public var hasMergePrograms = true
  /// How values are laid out, as the BTF of maps with that kernel name and value size would tell.
  public var layouts: [String: [Int: Layout]] = [:]

  var records: [Key: Record] = [:]
  var nextID: [Kind: UInt32] = [:]
  var pins: [String: Pin] = [:]
  var directories: [String: UInt32] = [FakeKernel.mount: 0o1777]
  var interfaces: [InterfaceName: Interface] = [:]
  var nextInterfaceIndex: UInt32 = 2
  var cgroups: [String: UInt64] = [:]
  var nextCgroupID: UInt64 = 100
  /// Links by hook (XDP's mode is `auto` here, netfilter's defrag false), in order.
  var occupants: [Hook: [Key]] = [:]
  var revisions: [Hook: UInt64] = [:]
  /// What runs in filters of tc, which hold their programs.
  var filters: [FilterHook: Key] = [:]
  /// Inventories that were read, by their maps.
  var decoded: [Key: Inventory] = [:]
  /// Watchdogs that were started, what they have to do, and whose change was taken back.
  public var watchdogs: [String: WatchdogTask] = [:]
  var reversals: [String: Reversal] = [:]
  var reversed: Set<String> = []
  public var bootTime: Int64 = 1_000_000
  public var noWatchdog: String?
  /// Held locks by owner's root; the object goes with its holder.
  var locks: [String: WeakLock] = [:]
  /// How many descriptors the process has open.
  public internal(set) var handles = 0

  public init() {}

  /// The same host once more; nobody may have a descriptor open.
  public init(copying other: FakeKernel) {
    host = other.host
    limitations = other.limitations
    rejectedPrograms = other.rejectedPrograms
    layouts = other.layouts
    records = other.records
    nextID = other.nextID
    pins = other.pins
    directories = other.directories
    interfaces = other.interfaces
    nextInterfaceIndex = other.nextInterfaceIndex
    cgroups = other.cgroups
    nextCgroupID = other.nextCgroupID
    occupants = other.occupants
    revisions = other.revisions
    filters = other.filters
  }

  // MARK: Injection

  public func inject(_ injections: Injection...) {
    self.injections = injections
    countdown = 0
  }

  /// Stops injecting, and starts the process again after a kill.
  public func restart() {
    injections = []
    isKilled = false
  }

  public func forgetCalls() { calls = [] }

  /// Every method of the protocol begins here. `partial` runs when the call is to fail midway.
  func enter(
    _ name: String, _ subject: String = "", mutating: Bool = true,
    partial: () throws(KernelFailure) -> Void = {}
  ) throws(KernelFailure) {
    traffic?(self)
    if isKilled { throw FakeKernel.killed }
    countdown += 1
    for injection in injections {
      switch injection {
      case .kill(let at) where countdown >= at:
        isKilled = true
        throw FakeKernel.killed
      case .fail(let at, let errno) where countdown == at:
        calls.append(Call(name: name, subject: subject, isMutating: mutating))
        try partial()
        throw failure(name, subject, errno, "injected")
      default: break
      }
    }
    calls.append(Call(name: name, subject: subject, isMutating: mutating))
  }

  static let killed = KernelFailure(
    operation: "killed", subject: "", message: "the process is dead")

  func failure(_ operation: String, _ subject: String, _ errno: Int32, _ message: String)
    -> KernelFailure
  {
    KernelFailure(operation: operation, subject: subject, errorNumber: errno, message: message)
  }
}

/// The error numbers that the fake uses (Linux, all architectures but alpha, mips, sparc).
public enum Errno {
  public static let perm: Int32 = 1
  public static let noent: Int32 = 2
  public static let nomem: Int32 = 12
  public static let acces: Int32 = 13
  public static let busy: Int32 = 16
  public static let exist: Int32 = 17
  public static let nodev: Int32 = 19
  public static let inval: Int32 = 22
  public static let tooBig: Int32 = 7
  public static let nolink: Int32 = 67
  public static let opnotsupp: Int32 = 95
}

/// A descriptor: closed when it is released.
public final class FakeObject: KernelObject {
  public let id: UInt32
  public let tag: String?
  let key: Key
  private let kernel: FakeKernel

  init(_ key: Key, tag: String?, kernel: FakeKernel) {
    id = key.id
    self.tag = tag
    self.key = key
    self.kernel = kernel
    kernel.handles += 1
    kernel.acquire(key, user: true)
  }

  deinit {
    kernel.handles -= 1
    kernel.release(key, user: true)
  }
}

final class FakeLock: OwnerLock {}

struct WeakLock {
  weak var lock: FakeLock?
}
