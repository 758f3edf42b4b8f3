internal import CBPF
internal import Glibc

/// A network interface of the calling thread's network namespace.
public struct NetworkInterface: Hashable, Sendable {
  /// The XDP programs on an interface, of links and of netlink alike.
  public struct XDP: Hashable, Sendable {
    /// Ids of programs; nil = none in that mode.
    public var generic: UInt32?
    public var native: UInt32?
    public var offload: UInt32?

    public init(generic: UInt32? = nil, native: UInt32? = nil, offload: UInt32? = nil) {
      self.generic = generic
      self.native = native
      self.offload = offload
    }

    /// The modes in use with their programs.
    public var programs: [(mode: XDPMode, programID: UInt32)] {
      [(XDPMode.generic, generic), (.native, native), (.offload, offload)].compactMap { mode, id in
        id.map { (mode, $0) }
      }
    }
  }

  public var index: UInt32
  public var name: String
  /// `veth`, `bridge` …; empty for physical ones.
  public var kind: String
  public var isUp: Bool
  /// The number of its group; 0 = default.
  public var group: UInt32
  /// The interface that this one is a port of.
  public var master: UInt32?
  /// What it is on top of, or the other end of its pair (IFLA_LINK); may be in another namespace.
  public var lower: UInt32?
  public var xdp: XDP

  /// All interfaces, by index (rtnetlink, `RTM_GETLINK`). A dump that a change interrupts is
  /// started over.
  public static func all() throws(KernelError) -> [NetworkInterface] {
    let socket = try NetlinkSocket()
    let header = rawBytes(of: cbpf_interface_header())
    for attempt in 1... {
      var list: [NetworkInterface] = []
      do throws(KernelError) {
        try socket.request(
          Int(CBPF_RTM_GETLINK), flags: Int(CBPF_NLM_F_DUMP), header, call: "RTM_GETLINK",
          on: "the interfaces"
        ) { type, payload in
          if Int(type) == Int(CBPF_RTM_NEWLINK), let interface = NetworkInterface(payload) {
            list.append(interface)
          }
        }
        return list.sorted { $0.index < $1.index }
      } catch {
        guard error.errno == .interrupted, attempt < 10 else { throw error }
      }
    }
    return []
  }

  /// The interface of that name; nil if there is none.
  public static func named(_ name: String) throws(KernelError) -> NetworkInterface? {
    try all().first { $0.name == name }
  }

  /// The index of the interface of that name (if_nametoindex(3)); nil if there is none.
  public static func index(of name: String) throws(KernelError) -> UInt32? {
    try withoutZeroByte(name, "if_nametoindex")
    let index = unsafe if_nametoindex(name)
    if index != 0 { return index }
    let code = Errno(rawValue: errno)
    if code == .noDevice || code == .nameTooLong || code.rawValue == ENXIO { return nil }
    throw KernelError("if_nametoindex", code, on: "interface \(name)")
  }

  /// The name of the driver (SIOCETHTOOL, ETHTOOL_GDRVINFO); empty if it has none, or if the
  /// interface has vanished.
  public static func driver(of name: String) throws(KernelError) -> String {
    try withoutZeroByte(name, "SIOCETHTOOL")
    let socket = try FileDescriptor(
      cbpf_socket(Int32(CBPF_AF_INET), Int32(SOCK_DGRAM.rawValue), 0), "socket", on: "ethtool")
    var driver = [UInt8](repeating: 0, count: Int(CBPF_DRIVER_NAME_SIZE))
    let result = unsafe driver.withUnsafeMutableBufferPointer { bytes in
      unsafe name.withCString { unsafe cbpf_driver(socket.rawValue, $0, bytes.baseAddress) }
    }
    return result < 0 ? "" : text(in: driver[...])
  }

  /// From the payload of RTM_NEWLINK; nil if it is too short.
  init?(_ payload: ArraySlice<UInt8>) {
    let size = MemoryLayout<cbpf_interface_header>.size
    guard payload.count >= size else { return nil }
    let header = unsafe payload.withUnsafeBytes {
      unsafe $0.loadUnaligned(as: cbpf_interface_header.self)
    }
    index = UInt32(bitPattern: header.index)
    name = ""
    kind = ""
    isUp = header.flags & 1 != 0
    group = 0
    xdp = XDP()
    for attribute in NetlinkAttribute.all(in: payload.dropFirst(size)) {
      switch Int(attribute.type) {
      case Int(CBPF_IFLA_IFNAME): name = attribute.text
      case Int(CBPF_IFLA_GROUP): group = attribute.number ?? 0
      case Int(CBPF_IFLA_MASTER): master = attribute.number
      case Int(CBPF_IFLA_LINK): lower = attribute.number
      case Int(CBPF_IFLA_LINKINFO):
        for nested in NetlinkAttribute.all(in: attribute.payload)
        where Int(nested.type) == Int(CBPF_IFLA_INFO_KIND) {
          kind = nested.text
        }
      case Int(CBPF_IFLA_XDP): xdp = XDP(attribute.payload)
      default: break
      }
    }
  }
}

extension NetworkInterface.XDP {
  init(_ payload: ArraySlice<UInt8>) {
    self.init()
    var attached: UInt8?
    var single: UInt32?
    for attribute in NetlinkAttribute.all(in: payload) {
      switch Int(attribute.type) {
      case Int(CBPF_IFLA_XDP_ATTACHED): attached = attribute.byte
      case Int(CBPF_IFLA_XDP_PROG_ID): single = attribute.number
      case Int(CBPF_IFLA_XDP_DRV_PROG_ID): native = attribute.number
      case Int(CBPF_IFLA_XDP_SKB_PROG_ID): generic = attribute.number
      case Int(CBPF_IFLA_XDP_HW_PROG_ID): offload = attribute.number
      default: break
      }
    }
    // Kernels before 4.19 tell one program and its mode: 1 = native, 2 = generic, 3 = offload.
    switch attached {
    case 1: native = native ?? single
    case 2: generic = generic ?? single
    case 3: offload = offload ?? single
    default: break
    }
  }
}

extension Program {
  /// Puts the program on an interface through netlink (`RTM_SETLINK`), where it stays when this
  /// process ends. With `expected` it takes that program's place, and fails with EEXIST if
  /// another one is there; without, the interface must have none in that mode.
  public func attachXDP(
    interface: UInt32, mode: XDPMode, replacing expected: Program? = nil
  ) throws(KernelError) {
    try Self.setXDP(
      interface, fd: descriptor.rawValue, mode: mode, expected: expected?.descriptor.rawValue)
  }

  /// Takes the program off an interface through netlink, if it is the one there.
  public func detachXDP(interface: UInt32, mode: XDPMode) throws(KernelError) {
    try Self.setXDP(interface, fd: -1, mode: mode, expected: descriptor.rawValue)
  }

  private static func setXDP(
    _ interface: UInt32, fd: Int32, mode: XDPMode, expected: Int32?
  ) throws(KernelError) {
    // XDP_FLAGS_REPLACE goes with an expected program, else XDP_FLAGS_UPDATE_IF_NOEXIST.
    let flags = mode.rawValue | (expected == nil ? 1 : 1 << 4)
    var nested =
      NetlinkAttribute.encode(Int(CBPF_IFLA_XDP_FD), rawBytes(of: fd))
      + NetlinkAttribute.encode(Int(CBPF_IFLA_XDP_FLAGS), rawBytes(of: flags))
    if let expected {
      nested += NetlinkAttribute.encode(Int(CBPF_IFLA_XDP_EXPECTED_FD), rawBytes(of: expected))
    }
    var header = cbpf_interface_header()
    header.index = Int32(bitPattern: interface)
    let socket = try NetlinkSocket()
    try socket.request(
      Int(CBPF_RTM_SETLINK), flags: Int(CBPF_NLM_F_ACK),
      rawBytes(of: header)
        + NetlinkAttribute.encode(Int(CBPF_IFLA_XDP) | Int(CBPF_NLA_F_NESTED), nested),
      call: "RTM_SETLINK", on: "xdp (\(mode)) on interface \(interface)"
    ) { _, _ in }
  }
}
