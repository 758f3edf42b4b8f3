import Glibc
import Sandbox

/// An IPv4 socket, closed when this value goes. Calls return their errno, 0 for success; addresses and
/// ports are in host order.
final class TestSocket {
  private let descriptor: Int32
  /// Why it could not be made.
  let error: Int32

  init(_ type: __socket_type, _ protocolNumber: Int = 0) {
    descriptor = socket(
      AF_INET, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), Int32(protocolNumber))
    error = descriptor < 0 ? errno : 0
  }

  /// Bound to a port of the loopback's.
  convenience init(_ type: __socket_type, boundTo port: UInt16) throws {
    self.init(type)
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    let code = bind(to: 0x7f00_0001, port)
    guard code == 0 else { throw SandboxError("bind to port \(port): errno \(code)") }
  }

  /// The next connection of a socket that listens; it is there.
  func accept() -> TestSocket {
    TestSocket(descriptor: Glibc.accept(descriptor, nil, nil))
  }

  private init(descriptor: Int32) {
    self.descriptor = descriptor
    error = descriptor < 0 ? errno : 0
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func connect(to host: UInt32, _ port: UInt16) -> Int32 {
    var place = Self.address(host, port)
    return Self.withAddress(&place) { Glibc.connect(descriptor, $0, $1) } == 0 ? 0 : errno
  }

  func bind(to host: UInt32, _ port: UInt16) -> Int32 {
    var place = Self.address(host, port)
    return Self.withAddress(&place) { Glibc.bind(descriptor, $0, $1) } == 0 ? 0 : errno
  }

  /// Listens, with room for connections that nobody accepts.
  func listen() -> Int32 { Glibc.listen(descriptor, 16) == 0 ? 0 : errno }

  /// Sends a datagram; whether it arrives is another thing.
  func send(to host: UInt32, _ port: UInt16) {
    var place = Self.address(host, port)
    _ = Self.withAddress(&place) { sendto(descriptor, "x", 1, 0, $0, $1) }
  }

  /// Sends on a connection.
  func write(_ text: String) -> Int32 {
    let bytes = Array(text.utf8)
    return Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) < 0 ? errno : 0
  }

  /// What has arrived on a connection, or does within so many milliseconds; nil = nothing.
  func read(within milliseconds: Int32) -> String? {
    var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&wait, 1, milliseconds) == 1 else { return nil }
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
    return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
  }

  /// The sender of a datagram that has arrived; on the loopback that is at once.
  func receive() -> (host: UInt32, port: UInt16)? {
    var byte: UInt8 = 0
    return Self.place { recvfrom(descriptor, &byte, 1, Int32(MSG_DONTWAIT), $0, $1) >= 0 }
  }

  /// What `call`, getsockname(2) or getpeername(2), tells.
  func name(
    _ call: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> (host: UInt32, port: UInt16)? {
    Self.place { call(descriptor, $0, $1) == 0 }
  }

  /// An option of the level IPPROTO_IP.
  func set(_ option: Int32, _ value: Int32) -> Int32 {
    var value = value
    let size = socklen_t(MemoryLayout<Int32>.size)
    return setsockopt(descriptor, Int32(IPPROTO_IP), option, &value, size) == 0 ? 0 : errno
  }

  func value(of option: Int32) -> Int32? {
    var value: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, Int32(IPPROTO_IP), option, &value, &size) == 0 ? value : nil
  }

  func set(congestionControl name: String) -> Int32 {
    let (level, option) = (Int32(IPPROTO_TCP), Int32(13))
    return setsockopt(descriptor, level, option, name, socklen_t(name.utf8.count)) == 0 ? 0 : errno
  }

  /// What becomes of a connection to a unix socket that is not there.
  static func connectsToNobody() -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(descriptor) }
    // An abstract name.
    var place = sockaddr_un()
    place.sun_family = sa_family_t(AF_UNIX)
    place.sun_path.1 = 0x78
    let status = withUnsafePointer(to: &place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sa_family_t>.size + 2))
      }
    }
    return status == 0 ? 0 : errno
  }

  // MARK: Addresses

  private static func address(_ host: UInt32, _ port: UInt16) -> sockaddr_in {
    var result = sockaddr_in()
    result.sin_family = sa_family_t(AF_INET)
    result.sin_port = port.bigEndian
    result.sin_addr.s_addr = host.bigEndian
    return result
  }

  private static func withAddress<Result>(
    _ place: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    withUnsafeMutablePointer(to: &place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// The address that a call fills in; nil if it fails.
  private static func place(
    _ call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Bool
  ) -> (host: UInt32, port: UInt16)? {
    var place = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    guard withAddress(&place, { address, _ in call(address, &size) }) else { return nil }
    return (UInt32(bigEndian: place.sin_addr.s_addr), UInt16(bigEndian: place.sin_port))
  }
}

/// A TCP socket that listens on a port of the loopback's.
struct Listener {
  let port: UInt16
  private let socket: TestSocket

  init(port: UInt16) throws {
    self.port = port
    socket = try TestSocket(SOCK_STREAM, boundTo: port)
    let code = socket.listen()
    guard code == 0 else { throw SandboxError("listening on port \(port): errno \(code)") }
  }

  func accept() -> TestSocket { socket.accept() }
}
