#if canImport(Glibc)
  import Glibc
#endif

/// A clock that never goes back. Reading it is safe in a signal handler.
enum MonotonicClock {
  /// Milliseconds since an arbitrary moment.
  static var milliseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
