import Glibc

/// What a program has to settle about its standard streams before it opens anything else.
enum StandardStreams {
  /// Gives closed streams a place to go, so that no file of a run gets their numbers; and has a reader that
  /// goes away, or a file that may not grow, fail a write instead of ending the process.
  static func prepare() {
    for descriptor in 0...2 as ClosedRange<Int32> where fcntl(descriptor, F_GETFD) < 0 {
      // The lowest free number is the one that is missing.
      _ = open("/dev/null", O_RDWR)
    }
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }

  /// Whether all that was printed has been written. A reader that has gone away wanted no more.
  static func flush() -> Bool {
    errno = 0
    return fflush(nil) == 0 || errno == EPIPE
  }
}
