/// A mount of the calling process's mount namespace.
public struct MountPoint: Hashable, Sendable {
  public var path: String
  /// The file system, e.g. `bpf`, `cgroup2`, `tracefs`.
  public var type: String
  /// The directory of that file system that is mounted; `/` unless it is a bind mount.
  public var root: String

  /// All mounts, in the order in which they were made, from `/proc/thread-self/mountinfo`. Of several at
  /// the same path the last one counts.
  public static func all() throws(KernelError) -> [MountPoint] {
    parse(try readFile("/proc/thread-self/mountinfo"))
  }

  /// The mounts of a file system that are not hidden by another mount at the same path.
  public static func all(ofType type: String) throws(KernelError) -> [MountPoint] {
    let mounts = try all()
    var last: [String: Int] = [:]
    for (index, mount) in mounts.enumerated() { last[mount.path] = index }
    return mounts.enumerated().filter { last[$1.path] == $0 && $1.type == type }.map { $1 }
  }

  /// Fields: id parent major:minor root path options… - type source options.
  static func parse(_ text: [UInt8]) -> [MountPoint] {
    text.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      guard fields.count > 6,
        let dash = fields[6...].firstIndex(where: { $0.elementsEqual([UInt8(ascii: "-")]) }),
        fields.indices.contains(dash + 1)
      else { return nil }
      return MountPoint(
        path: unescape(fields[4]), type: unescape(fields[dash + 1]), root: unescape(fields[3]))
    }
  }

  /// Blanks and backslashes stand there as three octal digits.
  private static func unescape(_ field: ArraySlice<UInt8>) -> String {
    var bytes: [UInt8] = []
    var index = field.startIndex
    while index < field.endIndex {
      let digits = field[index...].dropFirst().prefix(3)
      if field[index] == UInt8(ascii: "\\"), digits.count == 3,
        let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(byte)
        index += 4
      } else {
        bytes.append(field[index])
        index += 1
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
