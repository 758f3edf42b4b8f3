public import BPFObject
public import Planning

/// A manifest that passed all checks that need no object file and no kernel.
///
/// Everything is in the order of the file. What a later error may point at keeps its position.
public struct Manifest: Sendable {
  /// The path as it was given, for messages.
  public var file: String
  /// What relative paths in the manifest are relative to; empty = the working directory.
  public var directory: String
  /// The SHA-256 of the file's bytes, in hex.
  public var digest: String
  public var name: Located<String>
  public var variables: [Variable]
  public var objects: [Object]
  public var maps: [MapDeclaration]
  public var programs: [ProgramDeclaration]
  public var attachments: [Attachment]
  public var pins: [Pin]
  /// Addresses that are called otherwise now: the old one, the new one.
  public var moves: [(from: Located<Address>, to: Located<Address>)] = []
  /// Addresses that are given up.
  public var forgotten: [Located<Address>] = []
  public var warnings: [Diagnostic]

  /// A position as a location in the manifest's file.
  public func location(_ position: Position) -> SourceLocation {
    SourceLocation(file: file, at: position)
  }

  /// A path of the manifest as the caller can open it.
  public func path(_ written: String) -> String {
    written.hasPrefix("/") || directory.isEmpty
      ? written : directory + (directory.hasSuffix("/") ? "" : "/") + written
  }

  public struct Variable: Sendable {
    public enum Source: String, Sendable { case `default`, environment, commandLine }

    public var name: String
    public var value: String
    public var sensitive: Bool
    public var source: Source
    public var description: String?
    public var at: Position
  }

  public struct Object: Sendable {
    public var name: Located<String>
    public var file: Located<String>
    /// Lower case.
    public var sha256: Located<String>?
    /// By the variable's name.
    public var globals: [Global]
    public var bindings: [Binding]
  }

  public struct Global: Sendable {
    public var name: Located<String>
    public var data: TypedData
  }

  public struct Binding: Sendable {
    public var objectMap: Located<String>
    public var map: Located<String>
  }

  /// What is said about a map; for one of an object, only what differs from the object.
  public struct MapDeclaration: Sendable {
    /// The REF, at its key.
    public var ref: Located<String>
    public var type: Located<MapType>?
    public var key: TypedData?
    public var value: TypedData?
    public var maxEntries: Located<UInt32>?
    /// `BPF_F_*` bits.
    public var flags: Located<UInt32>?
    public var numaNode: Located<UInt32>?
    public var extra: Located<UInt64>?
    public var inner: InnerMap?
    public var entries: Entries?
    public var freeze: Located<Bool>?
    /// nil: as it was applied.
    public var protect: Bool?
    public var sensitive: Bool
    public var onReplace: Located<DesiredMap.OnReplace>?
    /// Names of fields that are summed up.
    public var sums: [Located<String>]
    public var external: Located<String>?
    public var adopt: Located<String>?
    /// The keys that stand there, whether or not what they hold could be read.
    var given: Set<String>

    /// The object that the map is in; nil for a map of the manifest's own.
    public var object: String? { ref.value.split(separator: "/").first.flatMap(objectPart) }
    /// The map's name in its object, or the manifest's own name for it.
    public var mapName: String {
      ref.value.firstIndex(of: "/").map { String(ref.value[ref.value.index(after: $0)...]) }
        ?? ref.value
    }

    private func objectPart(_ part: Substring) -> String? {
      part.count < ref.value.count ? String(part) : nil
    }
  }

  /// What is said about the maps in a map of maps; for a map of an object, what differs from it.
  public struct InnerMap: Sendable {
    public var type: Located<MapType>?
    public var key: TypedData?
    public var value: TypedData?
    public var maxEntries: Located<UInt32>?
    /// `BPF_F_*` bits.
    public var flags: Located<UInt32>?
    public var at: Position
    var given: Set<String>
  }

  public struct Entries: Sendable {
    public var policy: DesiredEntries.Policy
    /// `values: enforce`
    public var enforceValues: Bool
    public var items: Items?
    public var file: Located<String>?
    public var at: Position
  }

  public struct ProgramDeclaration: Sendable {
    /// OBJECT/NAME
    public var ref: Located<String>
    public var function: Located<String>?
    public var type: Located<ProgramType>?
    public var attachType: Located<AttachType>?
    public var flags: Located<UInt32>?
    public var attachTo: Located<String>?
    public var adopt: Located<String>?
    var tests: [Test] = []
    /// Where `tests` stands.
    var testsAt: Position?
  }

  public struct Attachment: Sendable {
    public var name: Located<String>
    /// Empty for struct_ops.
    public var program: Located<String>
    public var cookie: Located<UInt64>?
    public var allowGap: Bool
    public var adopt: Located<AttachmentAdoption>?
    /// Nil = what the program's section says.
    public var hook: Located<HookBlock>?
    /// What a hook block says of the programs beside it.
    public var exclusive = false
    public var order: Located<AttachmentOrder>?
    public var preorder: Located<Bool>?
    /// Where the anchors of `order` are named, those of `before` first.
    public var anchors: [Located<OrderAnchor>] = []
  }

  /// A hook block as written.
  public enum HookBlock: Sendable {
    case xdp(interfaces: Interfaces, namespace: NetworkNamespaceName, mode: XDPMode)
    /// `direction`: `tcx_ingress` or `tcx_egress`; nil = from the section.
    case tcx(
      interfaces: Interfaces, namespace: NetworkNamespaceName, direction: AttachType?)
    /// `direction`: `netkit_primary` or `netkit_peer`; nil = from the section.
    case netkit(
      interfaces: Interfaces, namespace: NetworkNamespaceName, direction: AttachType?)
    case cgroup(paths: [Located<String>], attachType: Located<AttachType>?)
    case networkNamespace(NetworkNamespaceName, attachType: AttachType)
    case netfilter(NetfilterHook, namespace: NetworkNamespaceName)
    case tracepoint(category: String, name: String)
    case rawTracepoint(name: String)
    case structOps(map: Located<String>)
    case filter(FilterBlock)
    /// `program`: sk_skb or sk_msg.
    case socketMap(map: Located<String>, program: ProgramType)
    /// `saysWhen`: the block says whether it is a return probe; else the section decides.
    case kernelProbe(KernelProbe, saysWhen: Bool)
    case userProbe(UserProbe, saysWhen: Bool)
    case tracing(TracingBlock)
    case iterator(IteratorBlock)
  }

  /// `iter` as written.
  public enum IteratorBlock: Sendable {
    case map(Located<String>)
    case cgroup(path: String, order: CgroupOrder)
    /// `order`: where one is said, which a process has none of.
    case process(UInt32, order: Position?)
  }

  /// Interfaces that are named, or what they are like.
  public enum Interfaces: Sendable {
    case named([Located<String>])
    case selected(Located<InterfaceSelector>)
  }

  public struct Pin: Sendable {
    public var name: Located<String>
    public var target: Located<Address>
    public var path: Located<String>
    public var mode: UInt32
    /// A user's and a group's name or number.
    public var owner: Located<String>
    public var group: Located<String>
  }
}
