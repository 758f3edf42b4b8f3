internal import Glibc

/// Lets the calling thread rest between two looks at what somebody else does (nanosleep(2)).
public func rest(for time: Duration) {
  let (seconds, attoseconds) = max(time, .zero).components
  var request = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
  unsafe nanosleep(&request, nil)
}
