internal import CBPF
internal import Glibc

/// Opens a path relative to a directory (or the working directory), close-on-exec.
func openFile(
  _ path: String, at directory: Int32 = AT_FDCWD, _ flags: Int32, mode: UInt32 = 0
) throws(KernelError) -> FileDescriptor {
  try withoutZeroByte(path, "openat")
  return try FileDescriptor(
    unsafe path.withCString { unsafe cbpf_openat(directory, $0, flags, mode) }, "openat", on: path)
}

/// The same, with a failure told in the caller's words.
func openFile(
  _ path: String, at directory: Int32 = AT_FDCWD, _ flags: Int32,
  explaining explain: (KernelError) -> KernelError
) throws(KernelError) -> FileDescriptor {
  do throws(KernelError) {
    return try openFile(path, at: directory, flags)
  } catch {
    throw explain(error)
  }
}

/// Paths with a zero byte would be cut there.
func withoutZeroByte(_ text: String, _ call: String) throws(KernelError) {
  guard !text.utf8.contains(0) else {
    throw KernelError(call, refused: "there is a zero byte in it", on: "\"\(text)\"")
  }
}

/// The whole of a file of procfs or sysfs.
func readFile(_ path: String) throws(KernelError) -> [UInt8] {
  let file = try openFile(path, O_RDONLY)
  var contents: [UInt8] = []
  var info = stat()
  // The kernel's BTF tells its size, and growing to megabytes would take twice the memory.
  let size = unsafe fstat(file.rawValue, &info) == 0 ? Int(info.st_size) : 0
  contents.reserveCapacity(min(max(size, 0), 64 << 20))
  var buffer = [UInt8](repeating: 0, count: size > 16 << 10 ? 128 << 10 : 16 << 10)
  while true {
    let count = unsafe buffer.withUnsafeMutableBytes {
      unsafe read(file.rawValue, $0.baseAddress, $0.count)
    }
    if count == 0 { return contents }
    if count < 0 {
      let code = errno
      if code == EINTR { continue }
      throw KernelError("read", Errno(rawValue: code), on: path)
    }
    contents += buffer[..<count]
  }
}

/// The text of a file without white space at its ends.
func readText(_ path: String) throws(KernelError) -> String {
  let bytes = try readFile(path)
  let isSpace: (UInt8) -> Bool = { $0 == 10 || $0 == 32 || $0 == 9 || $0 == 0 }
  let start = bytes.firstIndex { !isSpace($0) } ?? bytes.endIndex
  let end = bytes.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
  return String(decoding: bytes[start..<max(start, end)], as: UTF8.self)
}

/// Where a descriptor of this process leads, as procfs says it.
func pathOf(_ descriptor: Int32) throws(KernelError) -> String {
  try linkText("/proc/self/fd/\(descriptor)")
}

/// What a symlink says.
func linkText(_ link: String) throws(KernelError) -> String {
  var buffer = [UInt8](repeating: 0, count: 4096)
  let count = unsafe buffer.withUnsafeMutableBytes { bytes in
    let target = unsafe bytes.assumingMemoryBound(to: CChar.self)
    return unsafe target.baseAddress.map { unsafe readlink(link, $0, bytes.count) } ?? 0
  }
  if count < 0 { throw KernelError("readlink", Errno(rawValue: errno), on: link) }
  return String(decoding: buffer[..<count], as: UTF8.self)
}

/// The status of an open file.
func fileStatus(_ descriptor: Int32, on context: String) throws(KernelError) -> stat {
  var facts = stat()
  if unsafe fstat(descriptor, &facts) < 0 {
    throw KernelError("fstat", Errno(rawValue: errno), on: context)
  }
  return facts
}

/// The type of the file system of an open file (`statfs` magic).
func filesystemType(_ descriptor: Int32, on context: String) throws(KernelError) -> UInt32 {
  var type: UInt32 = 0
  try check(unsafe cbpf_filesystem_type(descriptor, &type), "fstatfs", on: context)
  return type
}
