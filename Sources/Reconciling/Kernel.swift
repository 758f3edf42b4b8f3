public import BPFObject
public import Planning

/// A kernel at the level of objects: what the applier needs and nothing below it.
///
/// `LiveKernel` is the real one; the tests' fake runs the same contract suite. An `Object` keeps
/// its kernel object alive as a descriptor does, and lets it go when it is released.
public protocol Kernel: AnyObject {
  associatedtype Object: KernelObject

  /// The capabilities that count for bpf(2), by the kernel's names.
  func capabilities() throws(KernelFailure) -> Set<String>

  // MARK: Looking

  /// Ensures nothing, changes nothing. What cannot be seen is in `limitations`.
  func observe(_ scope: ObservationScope) throws(KernelFailure) -> ObservedState
  /// The index of an interface; nil if it, or its network namespace, is not there.
  func index(of interface: InterfaceName) throws(KernelFailure) -> UInt32?
  /// Opens a live object by its id, which is checked to be of that kind.
  func open(_ kind: ObjectKind, id: UInt32) throws(KernelFailure) -> Object

  // MARK: Staging (nothing that anybody else can see)

  func loadBTF(_ bytes: [UInt8]) throws(KernelFailure) -> Object
  func createMap(_ creation: MapCreation<Object>) throws(KernelFailure) -> Object
  func loadProgram(_ load: ProgramLoad<Object>) throws(KernelFailure) -> Object
  /// The program keeps the map alive and shows it in its info (PROG_BIND_MAP).
  func bind(_ map: Object, to program: Object) throws(KernelFailure)
  /// Runs the program as a test (PROG_TEST_RUN), on one CPU. What it does to the maps that it is bound
  /// to, it does.
  func run(_ program: Object, _ run: TestRun) throws(KernelFailure) -> TestRunResult

  // MARK: Contents of maps

  /// All entries, as they are observed: all possible CPUs' values for per-CPU maps, ids for
  /// programs and maps.
  func read(_ map: Object) throws(KernelFailure) -> EntryTable
  /// Writes all entries of the table, in batches where the map can. For a per-CPU map each value
  /// is written for every possible CPU when it is one CPU's long, else taken as all CPUs'.
  func write(_ entries: EntryTable, to map: Object) throws(KernelFailure)
  /// Writes entries whose values refer to other objects, in batches where the map can: each update
  /// of a map of maps waits for a grace period.
  func write(_ slots: [MapSlot<Object>], to map: Object) throws(KernelFailure)
  /// Removing a key that is not there is no error.
  func remove(key: [UInt8], from map: Object) throws(KernelFailure)
  func freeze(_ map: Object) throws(KernelFailure)
  /// Gives a struct_ops map its value, with the programs by member. A map that is not registered by a
  /// link is live at once.
  func fill(_ map: Object, _ structOps: StructOps, with programs: [String: Object])
    throws(KernelFailure)
  /// Makes the patches in a map that programs write to at the same time: differences are added in
  /// one go, and a field is replaced only where it still is what was copied. What cannot be done
  /// beside the programs (`inUserSpace`) is read and written back instead. E2BIG when an entry does
  /// not fit. `made` has an element for each patch, which becomes true when it has been dealt with,
  /// also when another one fails. In `base` (`MigrationBase`) each row is recorded in the same instant,
  /// if `recordsMerges` says so; otherwise right after it.
  func merge(
    _ patches: EntryPatches, into map: Object, recordingIn base: Object?, made: inout [Bool]
  ) throws(KernelFailure) -> MergeCounts
  /// Whether a kill finds each patch of such a map either made and recorded, or neither.
  func recordsMerges(into map: Object, _ form: MergeForm) -> Bool
  /// Returns when no program runs any more that ran at the time of the call; those that may sleep
  /// are not waited for.
  func waitForPrograms() throws(KernelFailure)

  // MARK: Links

  /// `program` is the map of a struct_ops attachment.
  func createLink(_ program: Object, to attachment: DesiredAttachment) throws(KernelFailure)
    -> Object
  /// The same next to a neighbour; fails when that is not there, or where the kernel knows no order.
  func createLink(_ program: Object, to attachment: DesiredAttachment, at position: LinkPosition)
    throws(KernelFailure) -> Object
  /// The same on an object: a map (sk_skb, sk_msg, iterators), or the program whose function is
  /// replaced (freplace).
  func createLink(_ program: Object, to attachment: DesiredAttachment, on target: Object)
    throws(KernelFailure) -> Object
  /// Fails without effect when the link does not run `expected`.
  func updateLink(_ link: Object, to program: Object, expected: Object) throws(KernelFailure)
  /// Returns whether the link is detached now: a kind without LINK_DETACH goes with its last
  /// reference instead. A link that is detached already is no error.
  func detach(_ link: Object) throws(KernelFailure) -> Bool

  // MARK: Attachments without a link: those that others made, and filters (tc)

  /// Takes a program off a hook where it is attached without a link; `hook` is as it was observed.
  func detach(_ program: Object, from hook: ObservedHook) throws(KernelFailure)
  /// Puts it back as it was: XDP in that mode, on a cgroup with those flags.
  func attach(_ program: Object, to hook: ObservedHook) throws(KernelFailure)

  /// Puts `new` in the place of `old`, atomically; fails when another program stands there (tc).
  func replace(_ old: Object, by new: Object, on hook: ObservedHook) throws(KernelFailure)

  // MARK: Pins (paths are absolute; each step of the path is checked, see `PathTrust`)

  /// Makes the missing directories that lead to `path` (0700 from the parent of `root` on, 0755
  /// elsewhere). Returns those it made, outermost first.
  func makeDirectories(for path: String, root: String) throws(KernelFailure) -> [String]
  /// The directory is there (`makeDirectories`); a path that is taken is EEXIST.
  func pin(_ object: Object, at path: String) throws(KernelFailure)
  /// Moves a pin to `path`; what is there changes places with it and is at `source` afterwards.
  /// Returns whether there was something. The directories are there.
  func exchangePin(_ source: String, with path: String) throws(KernelFailure) -> Bool
  /// Removing what is not there is no error.
  func removePin(_ path: String) throws(KernelFailure)
  /// Removes the directory `path` and its parents as long as they are empty, below `root`, which
  /// stays. A directory that is not there is no error.
  func removeEmptyDirectories(from path: String, upTo root: String) throws(KernelFailure)
  func setPinAttributes(_ pin: PinSpec) throws(KernelFailure)

  // MARK: Owner

  /// Replaces the owner's inventory whole: new frozen map, pinned as `next/inventory`, renamed over
  /// `inventory`; the directories are made as needed.
  func writeInventory(_ inventory: Inventory, root: String) throws(KernelFailure)
  /// Unpins the inventory and removes the owner's directory and its parents below the bpffs as far
  /// as they are empty. An inventory that is not there is no error.
  func removeInventory(root: String) throws(KernelFailure)
  /// Excludes every other apply of the same owner until the lock is released.
  func lock(owner: String, root: String, timeoutSeconds: Int) throws(KernelFailure)
    -> any OwnerLock

  // MARK: Changes that wait for a confirmation

  /// Milliseconds since the host started (CLOCK_BOOTTIME).
  func bootMilliseconds() -> Int64
  /// Why no watchdog could outlive the caller here; nil = one can.
  func watchdogObstacle() -> String?
  /// Starts the process that takes the change back; it is ready, and holds the objects, when this
  /// returns.
  func startWatchdog(_ task: WatchdogTask, arguments: [String], holding objects: [Object])
    throws(KernelFailure)
  /// Ends it. One that is not there is no error.
  func stopWatchdog(owner: String) throws(KernelFailure)
  /// Pins the record of what was before as `former/reversal`.
  func writeReversal(_ reversal: Reversal, root: String) throws(KernelFailure)
  func readReversal(root: String) throws(KernelFailure) -> Reversal?
  /// Notes until the host restarts that the owner's last change was taken back, or forgets it.
  func noteReversal(owner: String, happened: Bool) throws(KernelFailure)
  func wasReversed(owner: String) -> Bool

  /// Waits, for at most `seconds`, until none of the ids exists any more (release is asynchronous);
  /// returns those that still do.
  func waitUntilGone(_ ids: [(ObjectKind, UInt32)], seconds: Int) throws(KernelFailure) -> [(
    ObjectKind, UInt32
  )]
}

/// A reference to a kernel object that keeps it alive.
public protocol KernelObject: AnyObject {
  /// The kernel's id; 0 for a link that has none yet.
  var id: UInt32 { get }
  /// The tag that the kernel reported when the program was loaded or opened; nil for other kinds.
  var tag: String? { get }
}

/// What became of the patches.
public struct MergeCounts: Hashable, Sendable {
  /// Entries that were there and are patched, that were made, and that were removed.
  public var changed = 0
  public var added = 0
  public var deleted = 0
  /// Fields, and entries to be removed, that were written meanwhile and stay as they are.
  public var kept = 0
  /// Entries were read and written back: what a program wrote in between is lost.
  public var inUserSpace = false

  public init() {}

  public static func += (left: inout MergeCounts, right: MergeCounts) {
    left.changed += right.changed
    left.added += right.added
    left.deleted += right.deleted
    left.kept += right.kept
    left.inUserSpace = left.inUserSpace || right.inUserSpace
  }
}

/// Released when the last reference goes, or when the process dies.
public protocol OwnerLock: AnyObject {}

public struct MapCreation<Object: KernelObject> {
  public var map: MapSpec
  /// The loaded BTF that the spec's type ids are in.
  public var btf: Object?
  /// The template of a map of maps.
  public var inner: Object?

  public init(map: MapSpec, btf: Object? = nil, inner: Object? = nil) {
    self.map = map
    self.btf = btf
    self.inner = inner
  }
}

/// An entry whose value holds a map or a program.
public struct MapSlot<Object: KernelObject> {
  public var key: [UInt8]
  /// The bytes around the reference.
  public var value: [UInt8]
  /// Where in the value the target's descriptor goes.
  public var offset: Int
  public var target: Object

  public init(key: [UInt8], value: [UInt8], offset: Int = 0, target: Object) {
    self.key = key
    self.value = value
    self.offset = offset
    self.target = target
  }
}

public struct ProgramLoad<Object: KernelObject> {
  public var image: ProgramImage
  /// By the object's map names; every reference of the image has its map here.
  public var maps: [String: Object]
  public var btf: Object?
  /// The object's BTF bytes: source lines of a verifier message are looked up in them.
  public var btfBytes: [UInt8]
  /// What a tracing program is made for.
  public var attachTo: String?
  /// The program whose function `attachTo` is, for freplace; nil = it is the kernel's.
  public var attachProgram: Object?

  public init(
    image: ProgramImage, maps: [String: Object], btf: Object? = nil, btfBytes: [UInt8] = [],
    attachTo: String? = nil
  ) {
    self.image = image
    self.maps = maps
    self.btf = btf
    self.btfBytes = btfBytes
    self.attachTo = attachTo
  }
}

/// A kernel operation that did not work: what was tried, on what, and what to do about it.
public struct KernelFailure: Error, Hashable, Sendable {
  /// The call in the kernel's words: `BPF_PROG_LOAD`, `rename`, `RTM_GETLINK`.
  public var operation: String
  /// What it was done to: an address, a path, an interface.
  public var subject: String
  /// nil when no system call failed (a refusal of ours).
  public var errorNumber: Int32?
  public var message: String
  public var hints: [String]
  /// What the verifier said, for a rejected program.
  public var verifierLog: String?
  /// The source line that the verifier stopped at.
  public var sourceLine: SourceLine?

  public init(
    operation: String, subject: String, errorNumber: Int32? = nil, message: String,
    hints: [String] = []
  ) {
    self.operation = operation
    self.subject = subject
    self.errorNumber = errorNumber
    self.message = message
    self.hints = hints
  }
}
