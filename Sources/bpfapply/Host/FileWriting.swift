import Glibc

/// Writes whole files, so that a reader sees the old one or the new one.
enum FileWriting {
  /// Mode 0600: what stands in it may not be for everybody.
  static func write(_ text: String, to path: String) throws(FileError) {
    let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    var template = Array("\(directory).bpfapply-XXXXXX".utf8CString)
    // It is made with 0600.
    let descriptor = unsafe mkstemp(&template)
    guard descriptor >= 0 else { throw failure(errno, path) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    let temporary = String(
      decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer { close(descriptor) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let number = errno
        _ = unsafe unlink(temporary)
        throw failure(number, path)
      }
      rest = rest.dropFirst(count)
    }
    guard fsync(descriptor) == 0, unsafe rename(temporary, path) == 0 else {
      let number = errno
      _ = unsafe unlink(temporary)
      throw failure(number, path)
    }
  }

  private static func failure(_ number: Int32, _ path: String) -> FileError {
    FileError(
      code: "not-written",
      message: "\(visible(path)) cannot be written: \(FileReading.words(number))"
    )
  }
}
