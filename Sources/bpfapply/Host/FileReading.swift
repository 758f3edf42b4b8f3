import Glibc
import Manifest

/// Why a file could not be read, in words for a message; nothing about where it was named.
struct FileError: Error, Hashable, Sendable {
  /// `not-found`, `is-a-directory`, `no-permission`, `too-large`, `not-readable`.
  var code: String
  /// One sentence without a period.
  var message: String
  var hint: String?

  var diagnostic: Diagnostic {
    Diagnostic(code: code, message: message, hints: hint.map { [$0] } ?? [])
  }
}

/// Reads whole files of bounded size.
enum FileReading {
  /// What a manifest, an object or a file of entries may hold.
  static let limit = 1 << 30

  /// The bytes of the file. Pipes and devices can be read too, up to the limit.
  ///
  /// Root acts on what stands in them: unless they are `trusting`, it reads no regular file that others
  /// can write to.
  static func read(
    _ path: String, limit: Int = FileReading.limit, trusting: Bool = true
  ) throws(FileError) -> [UInt8] {
    let shown = visible(path)
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw FileError(code: "not-found", message: "'\(shown)' is no file name")
    }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw failure(errno, shown) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw failure(errno, shown) }
    if status.st_mode & S_IFMT == S_IFDIR { throw failure(EISDIR, shown) }
    if !trusting, geteuid() == 0 { try checkWriters(status, shown) }
    let tooLarge = FileError(
      code: "too-large", message: "\(shown) is larger than \(limit >> 20) MiB")
    if status.st_mode & S_IFMT == S_IFREG, status.st_size > limit { throw tooLarge }

    // One byte more than the size, so that the end of the file is seen without growing.
    let expected = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : 0
    var bytes = [UInt8](repeating: 0, count: min(max(expected + 1, 1 << 12), limit + 1))
    var filled = 0
    while true {
      if filled == bytes.count {
        guard filled <= limit else { throw tooLarge }
        bytes.append(contentsOf: repeatElement(0, count: min(filled, limit + 1 - filled)))
      }
      let count = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe Glibc.read(
          descriptor, buffer.baseAddress.map { unsafe $0 + filled }, buffer.count - filled)
      }
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw failure(errno, shown)
      }
      filled += count
    }
    guard filled <= limit else { throw tooLarge }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  private static func checkWriters(_ status: stat, _ path: String) throws(FileError) {
    guard status.st_mode & S_IFMT == S_IFREG else { return }
    let byAll = status.st_mode & 0o002 != 0
    guard byAll || status.st_mode & 0o020 != 0 && status.st_gid != 0 else { return }
    let mode = String(status.st_mode & 0o7777, radix: 8)
    throw FileError(
      code: "insecure-file",
      message: "\(path) can be written by \(byAll ? "everybody" : "group \(status.st_gid)") "
        + "(mode 0\(mode)), and root would do what it says",
      hint: "chmod go-w \(path), or pass --insecure-files")
  }

  private static func failure(_ number: Int32, _ path: String) -> FileError {
    switch number {
    case ENOENT:
      FileError(
        code: "not-found", message: "there is no file \(path)",
        hint: path.hasPrefix("/") ? nil : "the path is relative to \(currentDirectory)")
    case ENOTDIR:
      FileError(
        code: "not-found", message: "\(path): a part of the path is a file, not a directory")
    case EISDIR:
      FileError(
        code: "is-a-directory", message: "\(path) is a directory, not a file",
        hint: "name a file in it")
    case EACCES, EPERM:
      FileError(
        code: "no-permission", message: "\(path) must not be read by this user",
        hint: "run as its owner or as root, or change its mode")
    case ELOOP:
      FileError(code: "not-readable", message: "\(path) is a symbolic link that leads to itself")
    case EMFILE, ENFILE:
      FileError(
        code: "not-readable", message: "\(path): too many files are open",
        hint: "raise the limit (ulimit -n)")
    default:
      FileError(code: "not-readable", message: "\(path): \(words(number))")
    }
  }

  static func words(_ number: Int32) -> String {
    unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
  }

  private static var currentDirectory: String {
    guard let path = unsafe getcwd(nil, 0) else { return "the current directory" }
    defer { unsafe free(path) }
    return visible(unsafe String(cString: path))
  }
}
