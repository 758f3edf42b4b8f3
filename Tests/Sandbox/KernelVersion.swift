import Glibc
import Testing

extension Sandbox {
  /// Major and minor version of the running kernel, e.g. (6, 12).
  public static let kernelVersion: (major: Int, minor: Int) = {
    var name = utsname()
    guard uname(&name) == 0 else { return (0, 0) }
    let release = withUnsafeBytes(of: &name.release) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    let numbers = release.split { !$0.isNumber }.prefix(2).map { Int($0) ?? 0 }
    return numbers.count == 2 ? (numbers[0], numbers[1]) : (0, 0)
  }()
}

extension Trait where Self == ConditionTrait {
  /// For tests of what a kernel has from a version on. A newer kernel never skips them, whatever it
  /// lacks.
  public static func since(_ major: Int, _ minor: Int) -> Self {
    let (here, point) = Sandbox.kernelVersion
    return .enabled(
      if: (here, point) >= (major, minor), "needs Linux \(major).\(minor), this is \(here).\(point)"
    )
  }
}
