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
  var info = stat()
  // The kernel's BTF tells its size: its megabytes are read to where they stay. Other files say zero,
  // or a page.
  let size = unsafe fstat(file.rawValue, &info) == 0 ? Int(info.st_size) : 0
  var failure: KernelError?
  var isAtEnd = false
  var contents = unsafe [UInt8](
    unsafeUninitializedCapacity: min(max(size + 1, 16 << 10), 64 << 20)
  ) { buffer, count in
    while count < buffer.count, !isAtEnd, failure == nil {
      let rest = unsafe UnsafeMutableRawBufferPointer(buffer)[count...]
      do throws(KernelError) {
        let got = unsafe try read(file, into: UnsafeMutableRawBufferPointer(rebasing: rest), path)
        isAtEnd = got == 0
        count += got
      } catch {
        failure = error
      }
    }
  }
  if let failure { throw failure }
  guard !isAtEnd else { return contents }
  try readRest(of: file, into: &contents, path)
  return contents
}

/// All that is still to be read of a file.
func readToEnd(
  of file: borrowing FileDescriptor, on context: String
) throws(KernelError) -> [UInt8] {
  var contents: [UInt8] = []
  try readRest(of: file, into: &contents, context)
  return contents
}

private func readRest(
  of file: borrowing FileDescriptor, into contents: inout [UInt8], _ context: String
) throws(KernelError) {
  var buffer = [UInt8](repeating: 0, count: 16 << 10)
  while true {
    var got: Result<Int, KernelError> = .success(0)
    unsafe buffer.withUnsafeMutableBytes { bytes in
      do throws(KernelError) {
        got = .success(unsafe try read(file, into: bytes, context))
      } catch {
        got = .failure(error)
      }
    }
    let count = try got.get()
    if count == 0 { return }
    contents += buffer[..<count]
  }
}

/// read(2), again when a signal came in between; 0 at the end of the file.
private func read(
  _ file: borrowing FileDescriptor, into buffer: UnsafeMutableRawBufferPointer, _ path: String
) throws(KernelError) -> Int {
  while true {
    let count = unsafe Glibc.read(file.rawValue, buffer.baseAddress, buffer.count)
    if count >= 0 { return count }
    let code = errno
    if code != EINTR { throw KernelError("read", Errno(rawValue: code), on: path) }
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

/// The entries of a directory of procfs whose names are numbers, ascending.
func numbers(in directory: String) throws(KernelError) -> [Int32] {
  guard let stream = unsafe opendir(directory) else {
    throw KernelError("opendir", Errno(rawValue: errno), on: directory)
  }
  defer { unsafe closedir(stream) }
  var found: [Int32] = []
  while let entry = unsafe readdir(stream) {
    let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { text(in: unsafe Array($0)) }
    if let number = Int32(name) { found.append(number) }
  }
  return found.sorted()
}
