import Glibc

/// The limit on the open files of a process, of which rank 0 has about one for each other rank.
package enum OpenFiles {
  /// How many are asked for: enough for any number of ranks, and so few that a program which closes every
  /// number up to its limit when it starts, as daemons do, is done at once.
  package static let wanted = 65_536

  /// The files that this process may have open, and how many it may allow itself; zeros where nobody says.
  package static var limit: (soft: Int, hard: Int) {
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return (0, 0) }
    return (Int(clamping: limit.rlim_cur), Int(clamping: limit.rlim_max))
  }

  /// Raises the limit to ``wanted``, or as far as it may be; a higher one stays. Programs that this process
  /// starts inherit it.
  package static func raiseLimit() {
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return }
    let reachable = min(limit.rlim_max, rlim_t(wanted))
    guard limit.rlim_cur < reachable else { return }
    limit.rlim_cur = reachable
    setrlimit(resource, &limit)
  }

  private static var resource: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }
}
