public import BPFObject
public import Planning

/// Gives the contents of the files that a manifest names; the caller does the reading.
public protocol FileReader {
  /// The bytes of the file at a path relative to the working directory, or absolute. What is thrown
  /// needs no location: it gets that of the place in the manifest.
  func read(_ path: String) throws(Diagnostic) -> [UInt8]
}

/// Looks up the accounts that own pins.
public protocol AccountNames {
  /// The number of a user by name or number; nil if there is none.
  func user(_ name: String) -> UInt32?
  func group(_ name: String) -> UInt32?
  /// Whose pins are that the manifest says nothing about: the effective user's and group's.
  var effective: (user: UInt32, group: UInt32) { get }
}

extension AccountNames {
  public var effective: (user: UInt32, group: UInt32) { (0, 0) }
}

/// A manifest together with the files that it names.
public struct Resolution: Sendable {
  /// Sorted by address; the planner fills in the canonical specs.
  public var state: DesiredState
  /// The parsed objects by their names in the manifest, for explaining what the kernel says.
  public var objects: [String: ObjectFile]
  /// The digests (SHA-256, hex) of the files of entries and packets, by path.
  public var entryFiles: [String: String]
  public var warnings: [Diagnostic]
}

extension Manifest {
  /// Reads the files that the manifest names and works out all that is asked for: which maps and
  /// programs are reached, what is in them, where everything is attached and pinned.
  ///
  /// Nothing of the host is looked at but through `files` and `accounts`. `bpffs` is where the
  /// bpffs is mounted. Throws all errors that can be found at once, up to a limit.
  public func resolve(
    files: some FileReader, accounts: some AccountNames, bpffs: String = "/sys/fs/bpf"
  ) throws(ManifestError) -> Resolution {
    var resolver = Resolver(manifest: self, bpffs: bpffs, account: accounts.effective)
    resolver.readObjects(files)
    resolver.readEntryFiles(files)
    resolver.readCaptures(files)
    resolver.checkBindings()
    resolver.reach()
    resolver.checkBoundMaps()
    resolver.checkInnerMaps()
    resolver.checkExtensions()
    resolver.resolveTests()
    resolver.resolveAttachments()
    resolver.resolvePins(accounts)
    resolver.checkPinPaths()
    resolver.resolveMoves()
    if let failure = resolver.log.failure() { throw failure }
    return resolver.result
  }
}

/// Works through a manifest and collects the desired state.
struct Resolver {
  /// An object file with the manifest's globals in its data sections.
  struct LoadedObject {
    var declaration: Manifest.Object
    var file: ObjectFile
    var digest: String
    /// By name; data sections have their globals filled in.
    var maps: [String: MapSpec]
    /// The object's map → the REF that the manifest binds it to.
    var bindings: [String: Located<String>]
    /// Data sections with a value from a sensitive variable.
    var sensitiveData: Set<String> = []
  }

  let manifest: Manifest
  let root: String
  let account: (user: UInt32, group: UInt32)
  var log: DiagnosticLog
  var objects: [String: LoadedObject] = [:]
  /// Files of entries and of packets, by path.
  var entryFiles: [String: [UInt8]] = [:]
  var maps: [String: DesiredMap] = [:]
  var programs: [String: DesiredProgram] = [:]
  var attachments: [DesiredAttachment] = []
  var selections: [InterfaceSelection] = []
  var everyCPU: [DesiredAttachment] = []
  var pins: [DesiredPin] = []
  var moves: [Move] = []
  var forgotten: Set<Address> = []
  /// What could not be made, which has been reported.
  var failed: Set<Address> = []
  /// What stands for others' maps in tests.
  var standIns: [String: DesiredMap] = [:]
  /// Which maps of maps hold which maps, and where that is said.
  var innerUses: [(outer: String, inner: String, at: SourceLocation)] = []
  /// What is to be made next, with the place that asks for it.
  var pending: [(address: Address, at: Position)] = []

  private(set) var declaredMaps: [String: Manifest.MapDeclaration] = [:]
  private(set) var declaredPrograms: [String: Manifest.ProgramDeclaration] = [:]

  init(manifest: Manifest, bpffs: String, account: (user: UInt32, group: UInt32)) {
    self.manifest = manifest
    self.account = account
    root = "\(bpffs)/bpfapply/\(manifest.name.value)"
    log = DiagnosticLog(file: manifest.file)
    for map in manifest.maps { declaredMaps[map.ref.value] = map }
    for program in manifest.programs { declaredPrograms[program.ref.value] = program }
  }

  var result: Resolution {
    var state = DesiredState(
      owner: manifest.name.value, root: root, manifestPath: manifest.file,
      manifestDigest: manifest.digest)
    for (name, object) in objects {
      state.objects[name] = DesiredObject(
        name: name, path: manifest.path(object.declaration.file.value), fileDigest: object.digest,
        btf: object.file.loadableBTF ?? [])
    }
    state.maps = maps.values.sorted { $0.ref < $1.ref }
    state.programs = programs.values.sorted { $0.ref < $1.ref }
    state.attachments = attachments.sorted { $0.address < $1.address }
    state.selections = selections.sorted { $0.template.name < $1.template.name }
    state.everyCPU = everyCPU.sorted { $0.name < $1.name }
    state.pins = pins.sorted { $0.name < $1.name }
    state.moves = moves
    state.standIns = standIns
    state.forgotten = forgotten
    return Resolution(
      state: state, objects: objects.mapValues(\.file), entryFiles: entryFiles.mapValues(sha256),
      warnings: manifest.warnings + log.warnings)
  }

  /// The parts of OBJECT/NAME; nil for a map of the manifest's own.
  static func parts(_ ref: String) -> (object: String, name: String)? {
    guard let slash = ref.firstIndex(of: "/") else { return nil }
    return (String(ref[..<slash]), String(ref[ref.index(after: slash)...]))
  }

  /// The manifest's place as a location.
  func location(_ position: Position) -> SourceLocation { manifest.location(position) }

  /// Makes all that is listed, attached or pinned, and what that reaches.
  mutating func reach() {
    for map in manifest.maps { pending.append((.map(map.ref.value), map.ref.at)) }
    for program in manifest.programs {
      pending.append((.program(program.ref.value), program.ref.at))
    }
    for attachment in manifest.attachments {
      if let map = attachment.hookMap { pending.append((.map(mapRef(map.value)), map.at)) }
      if !attachment.program.value.isEmpty {
        pending.append((.program(attachment.program.value), attachment.program.at))
      }
    }
    for pin in manifest.pins { pending.append((pin.target.value, pin.target.at)) }
    // In the order in which things were asked for, so that errors come in that order.
    var next = 0
    while next < pending.count, !log.isFull {
      let (address, position) = pending[next]
      next += 1
      guard !failed.contains(address) else { continue }
      let made =
        switch address {
        case .map(let ref): maps[ref] != nil || makeMap(ref, at: position)
        case .program(let ref): programs[ref] != nil || makeProgram(ref, at: position)
        case .attachment, .pin: true
        }
      if !made { failed.insert(address) }
    }
  }
}

func sha256(_ bytes: [UInt8]) -> String { SpecDigest.hex(of: bytes) }
