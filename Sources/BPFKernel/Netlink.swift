internal import CBPF
internal import Glibc

/// A netlink attribute: a type and its bytes.
struct NetlinkAttribute {
  var type: UInt16
  var payload: ArraySlice<UInt8>

  var number: UInt32? {
    guard payload.count >= 4 else { return nil }
    return unsafe payload.withUnsafeBytes { unsafe $0.loadUnaligned(as: UInt32.self) }
  }

  var byte: UInt8? { payload.first }

  var text: String { BPFKernel.text(in: payload) }

  /// The attributes that stand one behind the other in some bytes, each aligned to four. What does
  /// not fit is left out.
  static func all(in bytes: ArraySlice<UInt8>) -> [NetlinkAttribute] {
    var list: [NetlinkAttribute] = []
    var rest = bytes
    while rest.count >= 4 {
      let (length, type) = unsafe rest.withUnsafeBytes {
        unsafe (
          Int($0.loadUnaligned(as: UInt16.self)),
          $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)
        )
      }
      guard length >= 4, length <= rest.count else { break }
      list.append(
        NetlinkAttribute(
          type: type & UInt16(CBPF_NLA_TYPE_MASK), payload: rest.dropFirst(4).prefix(length - 4)))
      rest = rest.dropFirst((length + 3) & ~3)
    }
    return list
  }

  /// The attribute as it goes into a message.
  static func encode(_ type: Int, _ payload: [UInt8]) -> [UInt8] {
    let length = UInt16(truncatingIfNeeded: payload.count + 4)
    var bytes = rawBytes(of: length) + rawBytes(of: UInt16(truncatingIfNeeded: type)) + payload
    while bytes.count % 4 != 0 { bytes.append(0) }
    return bytes
  }
}

/// The bytes of a fixed-size value, in host order.
func rawBytes<Value: BitwiseCopyable>(of value: Value) -> [UInt8] {
  unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
}

/// A socket to the kernel's rtnetlink, in the network namespace in which it was made.
struct NetlinkSocket: ~Copyable {
  private let descriptor: FileDescriptor

  init() throws(KernelError) {
    descriptor = try FileDescriptor(
      cbpf_socket(Int32(CBPF_AF_NETLINK), Int32(SOCK_RAW.rawValue), Int32(CBPF_NETLINK_ROUTE)),
      "socket", on: "rtnetlink")
    // Without it the kernel's words for a refusal are lost, nothing else.
    var on: Int32 = 1
    _ = unsafe setsockopt(
      descriptor.rawValue, Int32(CBPF_SOL_NETLINK), Int32(CBPF_NETLINK_EXT_ACK), &on,
      socklen_t(MemoryLayout<Int32>.size))
  }

  /// Sends a request and hands each answer's type and payload to `receive`, to the last one. A
  /// dump that was interrupted by a change is EINTR.
  func request(
    _ type: Int, flags: Int, _ payload: [UInt8], call: String, on context: String,
    receive: (UInt16, ArraySlice<UInt8>) -> Void
  ) throws(KernelError) {
    let header = cbpf_netlink_header(
      length: UInt32(truncatingIfNeeded: MemoryLayout<cbpf_netlink_header>.size + payload.count),
      type: UInt16(truncatingIfNeeded: type),
      flags: UInt16(truncatingIfNeeded: flags | Int(CBPF_NLM_F_REQUEST)), sequence: 1, port: 0)
    let message = rawBytes(of: header) + payload
    let sent = unsafe message.withUnsafeBytes { bytes in
      unsafe send(descriptor.rawValue, bytes.baseAddress, bytes.count, 0)
    }
    if sent < 0 { throw KernelError("sendto", Errno(rawValue: errno), on: "rtnetlink") }
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    var interrupted = false
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        unsafe recv(descriptor.rawValue, bytes.baseAddress, bytes.count, 0)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw KernelError("recvfrom", Errno(rawValue: errno), on: "rtnetlink")
      }
      var rest = buffer[..<count]
      while let (header, payload) = next(&rest) {
        interrupted = interrupted || header.flags & UInt16(CBPF_NLM_F_DUMP_INTR) != 0
        switch Int(header.type) {
        case Int(CBPF_NLMSG_ERROR):
          try acknowledge(header, payload, call, context)
          return
        case Int(CBPF_NLMSG_DONE):
          if interrupted { throw KernelError(call, .interrupted, on: context) }
          return
        default: receive(header.type, payload)
        }
      }
    }
  }

  private func next(
    _ rest: inout ArraySlice<UInt8>
  ) -> (cbpf_netlink_header, ArraySlice<UInt8>)? {
    let size = MemoryLayout<cbpf_netlink_header>.size
    guard rest.count >= size else { return nil }
    let header = unsafe rest.withUnsafeBytes {
      unsafe $0.loadUnaligned(as: cbpf_netlink_header.self)
    }
    let length = Int(header.length)
    guard length >= size, length <= rest.count else { return nil }
    let payload = rest.dropFirst(size).prefix(length - size)
    rest = rest.dropFirst((length + 3) & ~3)
    return (header, payload)
  }

  /// An error message holds a negative errno, the request's header, and attributes.
  private func acknowledge(
    _ header: cbpf_netlink_header, _ payload: ArraySlice<UInt8>, _ call: String,
    _ context: String
  ) throws(KernelError) {
    guard payload.count >= 4 else { throw KernelError(call, .invalid, on: context) }
    let code = unsafe payload.withUnsafeBytes { unsafe $0.loadUnaligned(as: Int32.self) }
    if code == 0 { return }
    let error = KernelError(call, Errno(rawValue: code == .min ? 22 : -code), on: context)
    guard header.flags & UInt16(CBPF_NLM_F_ACK_TLVS) != 0 else { throw error }
    let original = payload.dropFirst(4)
    var skipped = MemoryLayout<cbpf_netlink_header>.size
    if header.flags & UInt16(CBPF_NLM_F_CAPPED) == 0, original.count >= skipped {
      skipped = Int(
        unsafe original.withUnsafeBytes { unsafe $0.loadUnaligned(as: UInt32.self) })
    }
    let words = NetlinkAttribute.all(in: original.dropFirst((skipped + 3) & ~3))
      .first { Int($0.type) == Int(CBPF_NLMSGERR_ATTR_MSG) }?.text
    throw error.hinting(words.map { "the kernel says: \($0)" })
  }
}
