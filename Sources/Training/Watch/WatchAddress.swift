#if canImport(Glibc)
  import Glibc
#endif

/// Where rank 0 listens for the other ranks: a port, and every IPv4 address of its host. Some may lead nowhere (the
/// bridge of a container engine) or, from another host, elsewhere; the token tells.
struct WatchAddress: Sendable, Equatable {
  let port: UInt16
  let token: Int
  /// In network byte order.
  let addresses: [UInt32]

  /// The text that is broadcast.
  var text: String { ([Int(port), token] + addresses.map(Int.init)).map(String.init).joined(separator: " ") }

  init(port: UInt16, token: Int, addresses: [UInt32]) {
    self.port = port
    self.token = token
    self.addresses = addresses
  }

  /// The address of a text; nil if it holds none, as when rank 0 cannot listen.
  init?(text: String) {
    let numbers = text.split(separator: " ").compactMap { Int($0) }
    guard numbers.count > 2, let port = UInt16(exactly: numbers[0]), port > 0 else { return nil }
    self.init(port: port, token: numbers[1], addresses: numbers[2...].compactMap { UInt32(exactly: $0) })
  }

  /// `127.0.0.1`, for ranks on the host of rank 0.
  static let loopback = UInt32(0x7F00_0001).bigEndian

  /// Listens on a port that the kernel chooses.
  /// - Returns: the listening socket and where it is; nil where there is no network.
  static func listen() -> (descriptor: Int32, address: WatchAddress)? {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_INET, type, 0)
    guard descriptor >= 0 else { return nil }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && Glibc.listen(descriptor, 1024) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard isBound else {
      close(descriptor)
      return nil
    }
    let token = Int(truncatingIfNeeded: SystemRandomNumberGenerator().drawn)
    let port = UInt16(bigEndian: name.sin_port)
    return (descriptor, WatchAddress(port: port, token: token, addresses: [loopback] + ownAddresses))
  }

  /// Begins to connect to one address.
  /// - Returns: a socket that is connecting; nil if the address can be ruled out at once.
  func connect(to address: UInt32) -> Int32? {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_INET, type, 0)
    guard descriptor >= 0 else { return nil }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = address
    let status = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if status == 0 || errno == EINPROGRESS { return descriptor }
    close(descriptor)
    return nil
  }

  /// The IPv4 addresses of this host's interfaces that are up, without the loopback.
  private static var ownAddresses: [UInt32] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    var addresses: [UInt32] = []
    var next = list
    while let entry = next {
      next = entry.pointee.ifa_next
      guard let name = entry.pointee.ifa_addr, name.pointee.sa_family == sa_family_t(AF_INET),
        entry.pointee.ifa_flags & UInt32(IFF_UP) != 0
      else { continue }
      let address = UnsafeRawPointer(name).loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr
      if UInt32(bigEndian: address) >> 24 != 127 { addresses.append(address) }
    }
    return addresses
  }
}

extension SystemRandomNumberGenerator {
  fileprivate var drawn: UInt64 {
    var generator = self
    return generator.next()
  }
}
