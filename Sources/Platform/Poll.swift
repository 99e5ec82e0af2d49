package import Glibc

extension pollfd {
  /// A descriptor that is waited for, until one of `events` is there.
  package init(descriptor: Int32, events: Int32) {
    self.init(fd: descriptor, events: Int16(events), revents: 0)
  }
}
