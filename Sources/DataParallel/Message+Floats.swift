import MessagePassing

extension OutgoingMessage {
  /// A message of `count` numbers.
  init(to destination: Int, tag: Int, _ start: UnsafePointer<Float>, count: Int) {
    let buffer = UnsafeBufferPointer(start: start, count: count)
    self.init(to: destination, tag: tag, bytes: UnsafeRawBufferPointer(buffer))
  }
}

extension IncomingMessage {
  /// A message of `count` numbers.
  init(from source: Int, tag: Int, _ start: UnsafeMutablePointer<Float>, count: Int) {
    let buffer = UnsafeMutableBufferPointer(start: start, count: count)
    self.init(from: source, tag: tag, buffer: UnsafeMutableRawBufferPointer(buffer))
  }
}
