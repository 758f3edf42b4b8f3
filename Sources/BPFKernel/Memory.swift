internal import CBPF

/// The names of maps and programs in the kernel's structs: 16 bytes, the last of them zero.
typealias NameField = (
  UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8,
  UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8
)

/// The name that stands in a field; without an allocation, since it is at most 15 bytes long.
func name(in field: NameField) -> String {
  unsafe withUnsafeBytes(of: field) { bytes in
    let length = unsafe bytes.firstIndex(of: 0) ?? bytes.count
    return unsafe String(
      decoding: UnsafeRawBufferPointer(rebasing: bytes[0..<length]), as: UTF8.self)
  }
}

/// The field for a name. Throws if it is longer than 15 bytes or holds others than
/// `[A-Za-z0-9_.]`, which the kernel answers with a bare EINVAL.
func field(for name: String, _ call: String, on context: String) throws(KernelError) -> NameField {
  var field: NameField = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  let allowed = name.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
      true
    default: false
    }
  }
  guard name.utf8.count <= 15, allowed else {
    throw KernelError(
      call, refused: "\"\(name)\" is no name for the kernel", on: context,
      hint: "names are at most 15 bytes of letters, digits, underscore and dot")
  }
  unsafe withUnsafeMutableBytes(of: &field) { bytes in
    unsafe bytes.copyBytes(from: name.utf8)
  }
  return field
}

extension UnsafeBufferPointer {
  /// The address as bpf(2) takes it; 0 for an empty buffer.
  var address: UInt64 { isEmpty ? 0 : UInt64(UInt(bitPattern: baseAddress)) }
}

extension UnsafeMutableBufferPointer {
  var address: UInt64 { isEmpty ? 0 : UInt64(UInt(bitPattern: baseAddress)) }
}

extension Array {
  /// Calls `body` with the address of the elements as bpf(2) takes it; 0 if there are none.
  @inline(__always)
  func withAddress<Result, Failure: Error>(
    _ body: (UInt64) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe withUnsafeBufferPointer { buffer throws(Failure) in
      unsafe try body(buffer.address)
    }
  }

  /// The same for elements that the kernel writes.
  @inline(__always)
  mutating func withMutableAddress<Result, Failure: Error>(
    _ body: (UInt64) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe withUnsafeMutableBufferPointer { buffer throws(Failure) in
      unsafe try body(buffer.address)
    }
  }
}

/// Calls `body` with the address of a value that the kernel reads and writes.
@inline(__always)
func withAddress<Value, Result: ~Copyable, Failure: Error>(
  of value: inout Value, _ body: (UInt64) throws(Failure) -> Result
) throws(Failure) -> Result {
  try unsafe withUnsafeMutablePointer(to: &value) { pointer throws(Failure) in
    try body(UInt64(UInt(bitPattern: pointer)))
  }
}

/// Calls `body` with the address of the string's bytes and a zero after them.
func withAddress<Result>(
  ofText text: String, _ body: (UInt64) throws(KernelError) -> Result
) throws(KernelError) -> Result {
  try withoutZeroByte(text, "bpf")
  let bytes = Array(text.utf8) + [0]
  return try bytes.withAddress { address throws(KernelError) in try body(address) }
}

/// The text in a buffer that the kernel filled, up to the first zero.
func text(in bytes: some Sequence<UInt8>) -> String {
  String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
}
