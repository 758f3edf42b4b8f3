internal import Glibc

/// CLOCK_BOOTTIME: milliseconds since the host started, asleep or awake.
public enum BootClock {
  public static func milliseconds() -> Int64 {
    var now = timespec()
    _ = unsafe clock_gettime(CLOCK_BOOTTIME, &now)
    return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
  }

  /// Sleeps until that time; at once awake when the host wakes later.
  public static func sleep(until deadline: Int64) {
    var time = timespec(
      tv_sec: Int(deadline / 1000), tv_nsec: Int(deadline % 1000) * 1_000_000)
    while unsafe clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &time, nil) == EINTR {}
  }
}
