import Glibc

/// An IPv4 address of 4 bytes or an IPv6 address of 16, in network byte order.
package struct IPAddress: Sendable, Hashable {
  package let bytes: [UInt8]

  /// - Precondition: there are 4 or 16 bytes.
  package init(_ bytes: [UInt8]) {
    precondition(bytes.count == 4 || bytes.count == 16, "an address has 4 or 16 bytes")
    self.bytes = bytes
  }

  /// `127.0.0.1`, for processes on one host.
  package static let loopback = IPAddress([127, 0, 0, 1])

  /// Hexadecimal digits, as ``init(text:)`` reads them.
  package var text: String { Hexadecimal.text(bytes) }

  /// The address of a text; nil if it holds none.
  package init?(text: some StringProtocol) {
    guard let bytes = Hexadecimal.bytes(text), bytes.count == 4 || bytes.count == 16 else { return nil }
    self.init(bytes)
  }

  /// The address of a socket; nil for other families.
  private init?(_ name: UnsafePointer<sockaddr>) {
    let raw = UnsafeRawPointer(name)
    switch name.pointee.sa_family {
    case sa_family_t(AF_INET):
      bytes = withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in.self).sin_addr) { Array($0) }
    case sa_family_t(AF_INET6):
      bytes = withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { Array($0) }
    default: return nil
    }
  }

  /// Whether it leads to this host, whichever that is.
  package var isLoopback: Bool {
    bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
  }

  /// Whether it is an IPv6 address of one link, which leads nowhere without the name of an interface.
  private var isLinkLocal: Bool { bytes.count == 16 && bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80 }

  /// The addresses of this host's interfaces that are up, without the loopback.
  package static var ofThisHost: [IPAddress] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    var addresses: [IPAddress] = []
    var next = list
    while let entry = next {
      next = entry.pointee.ifa_next
      guard let name = entry.pointee.ifa_addr, entry.pointee.ifa_flags & UInt32(IFF_UP) != 0,
        let address = IPAddress(name), !address.isLoopback, !address.isLinkLocal
      else { continue }
      addresses.append(address)
    }
    return addresses
  }

  /// The addresses of a host's name; none if it has none.
  package static func of(_ host: String) -> [IPAddress] {
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, nil, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var addresses: [IPAddress] = []
    var next = list
    while let entry = next {
      next = entry.pointee.ai_next
      if let address = entry.pointee.ai_addr.flatMap({ IPAddress($0) }) { addresses.append(address) }
    }
    return addresses
  }

  /// Begins to connect to a port of it.
  /// - Returns: a socket that is connecting; nil if the address can be ruled out at once.
  package func connect(port: UInt16) -> Int32? {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let family = bytes.count == 4 ? AF_INET : AF_INET6
    let descriptor = socket(family, type, 0)
    guard descriptor >= 0 else { return nil }
    var status: Int32 = -1
    if family == AF_INET {
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = port.bigEndian
      withUnsafeMutableBytes(of: &name.sin_addr) { $0.copyBytes(from: bytes) }
      status = Self.connect(descriptor, &name)
    } else {
      var name = sockaddr_in6()
      name.sin6_family = sa_family_t(AF_INET6)
      name.sin6_port = port.bigEndian
      withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: bytes) }
      status = Self.connect(descriptor, &name)
    }
    if status == 0 || errno == EINPROGRESS { return descriptor }
    close(descriptor)
    return nil
  }

  private static func connect<Name>(_ descriptor: Int32, _ name: UnsafeMutablePointer<Name>) -> Int32 {
    name.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<Name>.size))
    }
  }

  /// Listens on a port that the kernel chooses, for connections of both families where the kernel knows both.
  /// - Returns: the listening socket and the port; nil where there is no network.
  package static func listen() -> (descriptor: Int32, port: UInt16)? {
    var both = sockaddr_in6()
    both.sin6_family = sa_family_t(AF_INET6)
    if let found = listen(AF_INET6, &both, \.sin6_port) { return found }
    var old = sockaddr_in()
    old.sin_family = sa_family_t(AF_INET)
    return listen(AF_INET, &old, \.sin_port)
  }

  private static func listen<Name>(
    _ family: Int32, _ name: inout Name, _ port: KeyPath<Name, in_port_t>
  ) -> (descriptor: Int32, port: UInt16)? {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(family, type, 0)
    guard descriptor >= 0 else { return nil }
    if family == AF_INET6 {
      // IPv4 as well; some systems say otherwise by default.
      var off: Int32 = 0
      setsockopt(
        descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, socklen_t(MemoryLayout<Int32>.size))
    }
    var length = socklen_t(MemoryLayout<Name>.size)
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
    return (descriptor, UInt16(bigEndian: name[keyPath: port]))
  }
}
