public import BPFObject

/// What the kernel holds, as far as it was looked at. Plain data: it can be saved as a snapshot,
/// read on another host, and written by hand in a test.
public struct ObservedState: Sendable, Codable {
  public var host: HostFacts
  /// What the owner in question last applied; nil = no inventory.
  public var inventory: Inventory?
  /// Why the picture is incomplete (missing capabilities, offline); empty = complete.
  public var limitations: [String]
  /// By ascending id.
  public var maps: [ObservedMap]
  public var programs: [ObservedProgram]
  public var links: [ObservedLink]
  /// All pins below the owner's root and at the declared paths, by path.
  public var pins: [ObservedPin]
  /// The hooks that were asked for.
  public var hooks: [ObservedHook]
  /// Interfaces of the network namespaces that were asked for.
  public var interfaces: [ObservedInterface]
  /// The network namespaces all of whose interfaces are in `interfaces`.
  public var listedNamespaces: [NetworkNamespaceName]
  /// Who may know about what is not ours and stands in a declared place (`Ownership.strangers`).
  public var foreign: [ForeignObject]

  public init(host: HostFacts) {
    self.host = host
    limitations = []
    maps = []
    programs = []
    links = []
    pins = []
    hooks = []
    interfaces = []
    listedNamespaces = []
    foreign = []
  }
}

public struct HostFacts: Hashable, Sendable, Codable {
  /// /proc/sys/kernel/random/boot_id.
  public var bootID: String
  /// `uname -r`.
  public var kernelRelease: String
  public var possibleCPUs: Int
  /// Ascending; nil = not asked for.
  public var onlineCPUs: [UInt32]?
  /// How the kernel computes program tags; nil = not found out.
  public var tagAlgorithm: TagAlgorithm?
  /// st_dev of the bpffs that was looked at.
  public var bpffsDevice: UInt64
  /// What the kernel is known to lack of what was asked for, sorted.
  public var missing: [KernelFeature]

  public init(
    bootID: String, kernelRelease: String, possibleCPUs: Int, tagAlgorithm: TagAlgorithm?,
    bpffsDevice: UInt64, missing: [KernelFeature] = []
  ) {
    self.missing = missing
    self.bootID = bootID
    self.kernelRelease = kernelRelease
    self.possibleCPUs = possibleCPUs
    self.tagAlgorithm = tagAlgorithm
    self.bpffsDevice = bpffsDevice
  }

  /// Whether the release says so. Distributions carry features back: for what does no harm where
  /// the kernel can do more.
  func isOlder(than major: Int, _ minor: Int) -> Bool {
    let numbers = kernelRelease.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
    return numbers.count == 2 && (numbers[0], numbers[1]) < (major, minor)
  }
}

public struct ObservedMap: Hashable, Sendable, Codable {
  public var id: UInt32
  public var name: String
  public var type: MapType
  public var keySize: UInt32
  public var valueSize: UInt32
  public var maxEntries: UInt32
  public var flags: UInt32
  public var extra: UInt64
  /// Known for maps of the owner only.
  public var frozen: Bool?
  /// Read for the maps that declare entries, and for global data.
  public var contents: EntryTable?
  /// How a value is laid out, as the map's BTF says; looked at where a migration needs it.
  public var valueLayout: Layout?

  public init(
    id: UInt32, name: String, type: MapType, keySize: UInt32, valueSize: UInt32,
    maxEntries: UInt32, flags: UInt32 = 0, extra: UInt64 = 0
  ) {
    self.id = id
    self.name = name
    self.type = type
    self.keySize = keySize
    self.valueSize = valueSize
    self.maxEntries = maxEntries
    self.flags = flags
    self.extra = extra
  }
}

public struct ObservedProgram: Hashable, Sendable, Codable {
  public var id: UInt32
  public var name: String
  public var type: ProgramType
  /// Eight bytes in hex, as bpftool prints it.
  public var tag: String
  public var mapIDs: [UInt32]
  /// Nanoseconds since boot.
  public var loadTime: UInt64
  public var userID: UInt32
  /// The owner that the program carries; nil = not loaded by this tool.
  public var metadata: ProgramMetadata?
  /// What it is, if it is made to run others.
  public var dispatcher: Dispatcher?

  public init(
    id: UInt32, name: String, type: ProgramType, tag: String, mapIDs: [UInt32] = [],
    loadTime: UInt64 = 0, userID: UInt32 = 0, metadata: ProgramMetadata? = nil
  ) {
    self.id = id
    self.name = name
    self.type = type
    self.tag = tag
    self.mapIDs = mapIDs
    self.loadTime = loadTime
    self.userID = userID
    self.metadata = metadata
  }
}

/// What the frozen metadata map of an object instance says (`bpf_metadata_owner`, `…_object`,
/// `…_digest`, `…_bpffs`).
public struct ProgramMetadata: Hashable, Sendable, Codable {
  public var owner: String
  public var object: String
  public var digest: String
  /// The device number of the bpffs that the owner's directory is on.
  public var bpffsDevice: UInt64

  public init(owner: String, object: String, digest: String, bpffsDevice: UInt64) {
    self.owner = owner
    self.object = object
    self.digest = digest
    self.bpffsDevice = bpffsDevice
  }
}

public struct ObservedLink: Hashable, Sendable, Codable {
  public var id: UInt32
  public var type: LinkType
  public var programID: UInt32
  public var target: LinkTarget

  public init(id: UInt32, type: LinkType, programID: UInt32, target: LinkTarget) {
    self.id = id
    self.type = type
    self.programID = programID
    self.target = target
  }
}

extension ObservedLink {
  /// The program that it runs; of a struct_ops link the map.
  public var subjectID: UInt32 {
    if type == .structOps, case .map(let id) = target { id } else { programID }
  }

  public var subjectKind: ObjectKind { type == .structOps ? .map : .program }
}

/// What link info says of where a link is. A zero index, cgroup id or inode means that the target
/// is gone.
public enum LinkTarget: Hashable, Sendable, Codable {
  /// XDP (attach type nil), TCX, netkit.
  case interface(index: UInt32, attachType: AttachType?)
  case cgroup(id: UInt64, attachType: AttachType)
  case networkNamespace(inode: UInt32, attachType: AttachType)
  case netfilter(NetfilterHook)
  case rawTracepoint(name: String)
  case tracepoint(name: String)
  /// `function` is empty where the kernel does not tell it.
  case kernelProbe(function: String, offset: UInt64, isReturn: Bool)
  case userProbe(path: String, offset: UInt64, isReturn: Bool)
  /// The functions of the kernel as a `PlaceDigest`; 0 where they are hidden.
  case kernelProbes(count: UInt32, digest: UInt64, isReturn: Bool)
  /// Places in a file as a `PlaceDigest`, 0 where the kernel does not tell; process 0 = all.
  case userProbes(path: String, count: UInt32, digest: UInt64, isReturn: Bool, process: UInt32)
  /// perf_event_attr's `type` and `config`.
  case perfCounter(type: UInt32, config: UInt64)
  case iterator(ObservedIterator)
  case tracing(attachType: AttachType, targetObjectID: UInt32, targetBTFID: UInt32)
  /// struct_ops.
  case map(id: UInt32)
  case socketMap(id: UInt32, attachType: AttachType)
  /// No link, but looked at like one (`ObservedHook.filterLink`).
  case filter(FilterHook, interface: UInt32)
  case other
}

public enum ObjectKind: String, Hashable, Sendable, Codable { case map, program, link }

public struct ObservedPin: Hashable, Sendable, Codable {
  public var path: String
  public var kind: ObjectKind
  public var id: UInt32
  public var mode: UInt32
  public var owner: UInt32
  public var group: UInt32

  public init(
    path: String, kind: ObjectKind, id: UInt32, mode: UInt32 = 0o600, owner: UInt32 = 0,
    group: UInt32 = 0
  ) {
    self.path = path
    self.kind = kind
    self.id = id
    self.mode = mode
    self.owner = owner
    self.group = group
  }
}

/// One hook and what runs there, in order.
public struct ObservedHook: Hashable, Sendable, Codable {
  /// As asked for; the XDP mode here is `auto`.
  public var hook: Hook
  /// Why there is no such hook ("no interface eth9"); nil = it exists.
  public var missing: String?
  public var occupants: [Occupant]
  /// What identifies the target in link info: the interface index, the cgroup id, the namespace's
  /// inode, where in its file a uprobe is, the `PlaceDigest` of a hook that has many places; 0 where the
  /// hook has none.
  public var targetID: UInt64
  /// The mode of the XDP program that is there.
  public var xdpMode: XDPMode?
  /// TCX's revision of the hook, for expected-revision.
  public var revision: UInt64?
  /// The flags with which programs were put on a cgroup's hook by PROG_ATTACH
  /// (BPF_F_ALLOW_OVERRIDE, BPF_F_ALLOW_MULTI); nil elsewhere.
  public var attachFlags: UInt32?
  /// Who stands elsewhere and takes part all the same: the programs of a cgroup's ancestors, and beside
  /// tcx the filters of tc. nil = was not looked at.
  public var others: [Occupant]?
  /// The occupants are all that there are, although the hook cannot be queried.
  public var isListed: Bool?

  public struct Occupant: Hashable, Sendable, Codable {
    public var programID: UInt32
    /// nil: not attached by a link, or the query does not tell.
    public var linkID: UInt32?
    public init(programID: UInt32, linkID: UInt32?) {
      self.programID = programID
      self.linkID = linkID
    }
  }

  public init(hook: Hook, missing: String? = nil, occupants: [Occupant] = [], targetID: UInt64 = 0)
  {
    self.hook = hook
    self.missing = missing
    self.occupants = occupants
    self.targetID = targetID
  }
}

public struct ObservedInterface: Hashable, Sendable, Codable {
  public var name: InterfaceName
  public var index: UInt32
  /// `veth`, `bridge` …; empty for physical ones, and where only the index was asked for.
  public var kind: String
  /// Empty = it has none, or it was not asked for.
  public var driver: String
  public var group: UInt32
  public var isUp: Bool

  public init(
    name: InterfaceName, index: UInt32, kind: String = "", driver: String = "", group: UInt32 = 0,
    isUp: Bool = false
  ) {
    self.name = name
    self.index = index
    self.kind = kind
    self.driver = driver
    self.group = group
    self.isUp = isUp
  }
}

/// What has to be looked at to plan for one owner. The pin paths and hooks that the owner's inventory
/// records are looked at as well, so that what left the manifest can be removed.
public struct ObservationScope: Sendable {
  public var owner: String
  public var root: String
  /// Declared pin paths outside the root.
  public var paths: Set<String>
  public var hooks: Set<Hook>
  /// Maps whose contents matter (REFs). Which kernel map that is follows from the inventory and the
  /// pins (`Ownership`).
  public var contents: Set<String>
  /// Interfaces that entries of maps name, whose indexes are needed.
  public var interfaces: Set<InterfaceName>
  /// Network namespaces of which all interfaces are needed, since selectors match them.
  public var namespaces: Set<NetworkNamespaceName>
  /// By what maps are recognised whose pins and inventory are gone; nil = not known.
  public var desired: DesiredState?

  public init(
    owner: String, root: String, paths: Set<String> = [], hooks: Set<Hook> = [],
    contents: Set<String> = [], interfaces: Set<InterfaceName> = [],
    namespaces: Set<NetworkNamespaceName> = []
  ) {
    self.owner = owner
    self.root = root
    self.paths = paths
    self.hooks = hooks
    self.contents = contents
    self.interfaces = interfaces
    self.namespaces = namespaces
  }
}
