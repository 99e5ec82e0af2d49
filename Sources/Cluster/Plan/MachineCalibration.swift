import Glibc
import Platform
import Training

extension ReductionCost.Machine {
  /// Measures this machine in a tenth of a second: copies of 16 MB, and a TCP connection of one thread with
  /// itself. Where it gets no connection it takes 0.4 ns a byte and 10 microseconds a message.
  package static func measured() -> Self {
    let (wire, message) = loopback() ?? (4e-10, 1e-5)
    return Self(copy: copying(), wire: wire, message: message)
  }

  private static func median(_ runs: Int, _ work: () -> Void) -> Double {
    (0..<runs).map { _ in
      let start = ContinuousClock.now
      work()
      return (ContinuousClock.now - start).seconds
    }.median
  }

  private static func copying() -> Double {
    let count = 16 << 20
    let source = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
    let target = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
    defer {
      source.deallocate()
      target.deallocate()
    }
    source.initializeMemory(as: UInt8.self, repeating: 1)
    target.initializeMemory(as: UInt8.self, repeating: 0)
    return median(5) { target.copyMemory(from: UnsafeRawBufferPointer(source)) } / Double(count)
  }

  /// Seconds to send and to receive a byte, and a message of one byte.
  private static func loopback() -> (byte: Double, message: Double)? {
    guard let (listener, port) = IPAddress.listen() else { return nil }
    defer { close(listener) }
    guard let sender = IPAddress.loopback.connect(port: port) else { return nil }
    defer { close(sender) }
    var polled = pollfd(descriptor: listener, events: POLLIN)
    guard poll(&polled, 1, 1000) == 1 else { return nil }
    let receiver = accept(listener, nil, nil)
    guard receiver >= 0 else { return nil }
    defer { close(receiver) }
    for descriptor in [sender, receiver] {
      _ = fcntl(descriptor, F_SETFL, 0)
      var one: Int32 = 1
      setsockopt(descriptor, Int32(IPPROTO_TCP), 1, &one, socklen_t(MemoryLayout<Int32>.size))
    }
    let block = 1 << 16
    var bytes = [UInt8](repeating: 1, count: block)
    func pass(_ count: Int) -> Bool {
      guard send(sender, bytes, count, Int32(MSG_NOSIGNAL)) == count else { return false }
      return recv(receiver, &bytes, count, Int32(MSG_WAITALL)) == count
    }
    guard pass(block) else { return nil }
    let byte = median(5) { for _ in 0..<64 { _ = pass(block) } } / Double(64 * block)
    let message = median(5) { for _ in 0..<256 { _ = pass(1) } } / 256
    return (byte, message)
  }
}
