import Glibc

/// The memory of this machine and of this process, in bytes.
package enum Memory {
  /// What the kernel could still give away; nil where it does not say.
  package static var free: Int? { entry("MemAvailable:") }

  /// What processes of this machine can have: all there is, or the limit of the control group or of the
  /// address space (`ulimit -v`); nil where the system says none.
  package static var available: Int? {
    [entry("MemTotal:"), ControlGroup.own.memory, addressSpaceLimit].compactMap { $0 }.min()
  }

  /// The most that this process has had at a time.
  package static var peak: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  /// `ulimit -v`; nil for none.
  package static var addressSpaceLimit: Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0 else { return nil }
    return limit.rlim_cur < 1 << 60 ? Int(limit.rlim_cur) : nil
  }

  /// An entry of `/proc/meminfo`.
  private static func entry(_ name: String) -> Int? {
    guard let text = Files.head("/proc/meminfo") else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      let number = line.dropFirst(name.count).drop { $0 == " " }.prefix { $0.isNumber }
      return Int(number).map { $0 * 1024 }
    }
    return nil
  }
}
