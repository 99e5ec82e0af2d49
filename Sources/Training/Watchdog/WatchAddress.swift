import Glibc
import Platform

/// Where rank 0 listens for the other ranks: a port, and every address of its host. Some may lead nowhere
/// (the bridge of a container engine) or, from another host, elsewhere; the token tells.
struct WatchAddress: Sendable, Equatable {
  let port: UInt16
  let token: Int
  let addresses: [IPAddress]

  /// The text that is broadcast.
  var text: String { (["\(port)", "\(token)"] + addresses.map(\.text)).joined(separator: " ") }

  init(port: UInt16, token: Int, addresses: [IPAddress]) {
    self.port = port
    self.token = token
    self.addresses = addresses
  }

  /// The address of a text; nil if it holds none, as when rank 0 cannot listen.
  init?(text: String) {
    let words = text.split(separator: " ")
    guard words.count > 2, let port = UInt16(words[0]), port > 0, let token = Int(words[1]) else {
      return nil
    }
    self.init(port: port, token: token, addresses: words[2...].compactMap { IPAddress(text: $0) })
  }

  /// Listens on a port that the kernel chooses.
  /// - Returns: the listening socket and where it is; nil where there is no network.
  static func listen() -> (descriptor: Int32, address: WatchAddress)? {
    guard let (descriptor, port) = IPAddress.listen() else { return nil }
    let token = Int.random(in: .min ... .max)
    return (
      descriptor,
      WatchAddress(port: port, token: token, addresses: [.loopback] + IPAddress.ofThisHost)
    )
  }

  /// Begins to connect to one address.
  /// - Returns: a socket that is connecting; nil if the address can be ruled out at once.
  func connect(to address: IPAddress) -> Int32? { address.connect(port: port) }
}
