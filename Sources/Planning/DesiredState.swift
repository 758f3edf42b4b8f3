public import BPFObject

/// What a manifest and its object files ask for, resolved as far as is possible without a kernel.
///
/// Everything is sorted by its address. Interfaces and cgroups are named, not numbered: the numbers
/// are found when the state is observed.
public struct DesiredState: Sendable {
  /// The manifest's name: the owner of all that it makes.
  public var owner: String
  /// The owner's directory on the bpffs: `/sys/fs/bpf/bpfapply/edge-firewall`.
  public var root: String
  /// The manifest's path as given, and the SHA-256 of its bytes.
  public var manifestPath: String
  public var manifestDigest: String
  /// Loaded instances of object files, by their names in the manifest.
  public var objects: [String: DesiredObject]
  public var maps: [DesiredMap]
  public var programs: [DesiredProgram]
  public var attachments: [DesiredAttachment]
  /// Attachments to whatever interfaces match; `resolved(for:)` makes attachments of them.
  public var selections: [InterfaceSelection]
  /// Attachments to every CPU that is online; `resolved(for:)` makes attachments of them.
  public var everyCPU: [DesiredAttachment] = []
  public var pins: [DesiredPin]
  /// What is called otherwise than when it was applied.
  public var moves: [Move]
  /// What is given up and left in the kernel; an attachment without an instance means all of them.
  public var forgotten: Set<Address>
  /// What stands for maps that others own when a program is tested, by REF: as the program's object
  /// has them.
  public var standIns: [String: DesiredMap] = [:]

  public init(owner: String, root: String, manifestPath: String, manifestDigest: String) {
    self.owner = owner
    self.root = root
    self.manifestPath = manifestPath
    self.manifestDigest = manifestDigest
    objects = [:]
    maps = []
    programs = []
    attachments = []
    selections = []
    pins = []
    moves = []
    forgotten = []
  }
}

public struct DesiredObject: Sendable {
  public var name: String
  public var path: String
  /// The SHA-256 of the file, in hex.
  public var fileDigest: String
  /// The BTF to load for its maps and programs; empty = none.
  public var btf: [UInt8]

  public init(name: String, path: String, fileDigest: String, btf: [UInt8]) {
    self.name = name
    self.path = path
    self.fileDigest = fileDigest
    self.btf = btf
  }
}

public struct DesiredMap: Sendable {
  public enum OnReplace: String, Sendable, Codable { case refuse, recreate, migrate }

  public var ref: String
  public var map: MapSpec
  /// The object whose BTF describes key and value; nil for a map of the manifest's own.
  public var object: String?
  public var keyLayout: Layout?
  public var valueLayout: Layout?
  /// nil: nothing is said about what is in it. Global data: `.rodata` is `exact`, others `seed`.
  public var entries: DesiredEntries?
  /// The members of a struct_ops map that are programs: member → REF.
  public var operations: [String: String] = [:]
  public var freeze: Bool
  public var protect: Bool
  /// The manifest says whether it is protected; otherwise it stays as it was applied.
  public var declaresProtection: Bool
  public var sensitive: Bool
  public var onReplace: OnReplace
  /// Fields of the value (`packets`, `rx.bytes`; `value` for a number) to which a migration adds what
  /// was counted meanwhile.
  public var sums: [String]
  /// The pin of a map that somebody else owns; nil = ours.
  public var external: String?
  /// The pin of a map that somebody else made and that becomes ours. Of no account once it is.
  public var adopt: String?
  public var pin: PinSpec
  public var location: SourceLocation?
  /// The canonical spec: `type`, `key_size`, `value_size`, `max_entries`, `map_flags`, `map_extra`,
  /// `numa_node` (if given), `freeze`, `protect`, `entries.policy`, `entries.digest` (if entries),
  /// `pin.path`, `pin.mode`, `pin.owner`, `pin.group`.
  public var spec: Spec

  public init(ref: String, map: MapSpec, pin: PinSpec) {
    self.ref = ref
    self.map = map
    self.pin = pin
    freeze = false
    protect = false
    declaresProtection = false
    sensitive = false
    onReplace = .refuse
    sums = []
    spec = Spec()
  }
}

/// Entries as declared. Values of devmaps, cpumaps, prog arrays and maps of maps may refer to other
/// objects; the table has zeros there, and `references` says to what.
public struct DesiredEntries: Sendable {
  public enum Policy: String, Sendable, Codable {
    /// These and nothing else.
    case exact
    /// These, among others.
    case merge
    /// These at creation; never looked at again.
    case seed
  }

  public var policy: Policy
  /// false = `values: initial`: the kernel side may change the values of these keys.
  public var enforceValues: Bool
  /// One CPU's value in `valueSize` bytes; for per-CPU maps it stands for every possible CPU.
  public var table: EntryTable
  /// By key; a devmap's value may name an interface and a program.
  public var references: [[UInt8]: [EntryReference]]

  public init(
    policy: Policy, enforceValues: Bool = true, table: EntryTable,
    references: [[UInt8]: [EntryReference]] = [:]
  ) {
    self.policy = policy
    self.enforceValues = enforceValues
    self.table = table
    self.references = references
  }
}

public enum EntryReference: Hashable, Sendable {
  /// A REF of the manifest. `offset` is where in the value its descriptor stands (0 for prog
  /// arrays and maps of maps, 4 in a devmap's or 4 in a cpumap's value).
  case program(String, offset: Int)
  case map(String)
  /// The index of the named interface, at that offset.
  case interface(String, offset: Int)
}

public struct DesiredProgram: Sendable {
  public var ref: String
  public var object: String
  public var image: ProgramImage
  /// The object's map name → the REF of the map that is bound to it.
  public var bindings: [String: String]
  /// What a tracing program is made for, or the function that an extension (freplace) takes the place
  /// of; nil where the type needs none.
  public var attachTo: String?
  /// Whose function that is.
  public var extends: ExtensionTarget?
  /// The pin of a program that somebody else loaded and that becomes ours.
  public var adopt: String?
  public var pin: PinSpec
  public var location: SourceLocation?
  /// What it has to do before it goes live, in the order of the manifest.
  public var tests: [DesiredTest] = []
  /// SHA-256 over all that decides what is passed to the kernel, before kernel-specific relocation
  /// (design: instructions, relocations, globals, bindings, type, flags, target).
  public var digest: String
  /// `type`, `expected_attach_type`, `flags`, `attach_to`, `function` (of an extension), `digest`,
  /// `maps.<object map>` = REF, `pin.*`.
  public var spec: Spec

  public init(
    ref: String, object: String, image: ProgramImage, bindings: [String: String], pin: PinSpec,
    digest: String
  ) {
    self.ref = ref
    self.object = object
    self.image = image
    self.bindings = bindings
    self.pin = pin
    self.digest = digest
    spec = Spec()
  }
}

public struct DesiredAttachment: Sendable {
  public var name: String
  public var instance: String?
  /// The REF of the program.
  public var program: String
  public var hook: Hook
  public var cookie: UInt64?
  /// A moment of an empty hook is acceptable.
  public var allowGap: Bool
  /// A foreign program on the same hook is drift.
  public var exclusive: Bool
  /// Where among the programs of the hook it is to run; nil = it does not matter.
  public var order: AttachmentOrder?
  /// On a cgroup: before the programs of the cgroups below (BPF_F_PREORDER).
  public var preorder = false
  /// A selector matched the interface; nobody named it.
  public var isSelected: Bool
  /// What somebody else attached there and becomes ours.
  public var adopt: AttachmentAdoption?
  public var pin: PinSpec
  public var location: SourceLocation?
  /// `program` = REF, the hook's own fields (`hook`, `interface`, `netns`, `mode`, `direction`,
  /// `path`, `attach_type`, `name`, `pf`, `hook_number`, `priority`, `defrag`), `cookie`,
  /// `exclusive`, `order`, `preorder`, `pin.*`.
  public var spec: Spec

  public init(
    name: String, instance: String?, program: String, hook: Hook, pin: PinSpec
  ) {
    self.name = name
    self.instance = instance
    self.program = program
    self.hook = hook
    self.pin = pin
    allowGap = false
    exclusive = false
    isSelected = false
    spec = Spec()
  }

  public var address: Address { .attachment(name, instance: instance) }

  /// What the kernel must have for it.
  public var needs: [KernelFeature] {
    var needs = hook.needs
    if hook.kind.hasEarlyPrograms {
      if order != nil { needs.append(.cgroupOrder) }
      if preorder { needs.append(.cgroupPreorder) }
    }
    return needs
  }

  /// What is put on the hook: the program, or the map of a struct_ops attachment.
  public var subject: Address {
    if case .structOps(let map, _) = hook { .map(map) } else { .program(program) }
  }
}

/// A pin that the manifest asks for besides the default ones.
public struct DesiredPin: Sendable {
  public var name: String
  public var target: Address
  public var pin: PinSpec
  public var location: SourceLocation?
  /// `target` = the address, `pin.*`.
  public var spec: Spec

  public init(name: String, target: Address, pin: PinSpec) {
    self.name = name
    self.target = target
    self.pin = pin
    spec = Spec()
  }
}

/// Where an object is pinned, and who may open it.
public struct PinSpec: Hashable, Sendable, Codable {
  public var path: String
  /// Permission bits, 0o600 unless said otherwise.
  public var mode: UInt32
  public var owner: UInt32
  public var group: UInt32

  public init(path: String, mode: UInt32 = 0o600, owner: UInt32 = 0, group: UInt32 = 0) {
    self.path = path
    self.mode = mode
    self.owner = owner
    self.group = group
  }
}
