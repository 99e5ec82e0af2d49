import Glibc

/// A clock that never goes back. Reading it is safe in a signal handler.
public enum MonotonicClock {
  /// Milliseconds since an arbitrary moment.
  package static var milliseconds: Int64 {
    let time = timespec(of: CLOCK_MONOTONIC)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  /// Seconds since an arbitrary moment.
  public static var seconds: Double { timespec(of: CLOCK_MONOTONIC).seconds }

  /// Seconds since this process was started, to 10 ms; nil where the system does not say.
  package static var secondsSinceProcessStart: Double? {
    guard let text = Files.head("/proc/self/stat") else { return nil }
    // What is before the last bracket is the program's name.
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    guard fields.count > 20, let ticks = Double(fields[20]) else { return nil }
    return timespec(of: CLOCK_BOOTTIME).seconds - ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}

extension timespec {
  /// What a clock of the system says.
  init(of clock: clockid_t) {
    self.init()
    clock_gettime(clock, &self)
  }

  var seconds: Double { Double(tv_sec) + Double(tv_nsec) * 1e-9 }
}
