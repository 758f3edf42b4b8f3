internal import BPFObject
internal import Glibc

/// Facts about the running kernel that do not change until the next boot.
public enum HostFacts {
  /// The UUID of this boot.
  public static func bootID() throws(KernelError) -> String {
    try readText("/proc/sys/kernel/random/boot_id")
  }

  /// The release as uname(1) prints it, e.g. `6.18.44-amd64`.
  public static func kernelRelease() throws(KernelError) -> String {
    try readText("/proc/sys/kernel/osrelease")
  }

  /// The leading numbers of the release.
  public static func kernelVersion() throws(KernelError) -> KernelVersion {
    let release = try kernelRelease()
    guard let version = KernelVersion(release) else {
      throw KernelError("uname", refused: "\"\(release)\" has no version", on: "the kernel")
    }
    return version
  }

  /// The number of values that an entry of a per-CPU map has.
  public static func possibleCPUs() throws(KernelError) -> Int {
    try possible.get()
  }

  private static let possible = Result { () throws(KernelError) -> Int in
    let path = "/sys/devices/system/cpu/possible"
    let text = try readText(path)
    guard let count = count(ofList: text) else {
      throw KernelError("read", refused: "\"\(text)\" is no list of CPUs", on: path)
    }
    return count
  }

  /// The CPUs that are online, ascending.
  public static func onlineCPUs() throws(KernelError) -> [UInt32] {
    let path = "/sys/devices/system/cpu/online"
    let text = try readText(path)
    guard let cpus = numbers(inList: text) else {
      throw KernelError("read", refused: "\"\(text)\" is no list of CPUs", on: path)
    }
    return cpus
  }

  /// The numbers of a list like `0-3,8`.
  static func numbers(inList text: String) -> [UInt32]? {
    var numbers: [UInt32] = []
    for range in text.split(separator: ",") {
      let ends = range.split(separator: "-", omittingEmptySubsequences: false).map { UInt32($0) }
      guard (1...2).contains(ends.count), let start = ends[0], let end = ends[ends.count - 1],
        end >= start, end < 1 << 16
      else { return nil }
      numbers += start...end
    }
    return numbers.isEmpty ? nil : numbers
  }

  /// How many numbers a list like `0-3,8` names up to its last one, gaps included, as the kernel
  /// numbers the slots of per-CPU values.
  static func count(ofList text: String) -> Int? {
    var last = -1
    for range in text.split(separator: ",") {
      let ends = range.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard (1...2).contains(ends.count), let start = ends[0], let end = ends[ends.count - 1],
        start >= 0, end >= start, end < 1 << 16
      else { return nil }
      last = max(last, end)
    }
    return last < 0 ? nil : last + 1
  }
}

/// A version of the kernel.
public struct KernelVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var major: Int
  public var minor: Int
  public var patch: Int

  public init(_ major: Int, _ minor: Int, _ patch: Int = 0) {
    self.major = major
    self.minor = minor
    self.patch = patch
  }

  /// From a release like `6.18.44-amd64`; nil if it does not begin with two numbers.
  public init?(_ release: String) {
    let numbers = release.prefix { $0.isNumber || $0 == "." }.split(separator: ".").map { Int($0) }
    guard numbers.count >= 2, let major = numbers[0], let minor = numbers[1] else { return nil }
    self.init(major, minor, numbers.count > 2 ? numbers[2] ?? 0 : 0)
  }

  public var description: String { "\(major).\(minor).\(patch)" }

  public static func < (left: KernelVersion, right: KernelVersion) -> Bool {
    (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
  }
}
