import MessagePassing

extension OutgoingMessage {
  /// A message of `count` numbers in a format.
  init(
    to destination: Int, tag: Int, _ start: UnsafePointer<Float>, count: Int, as format: WireFormat
  ) {
    self.init(
      to: destination, tag: tag,
      bytes: UnsafeRawBufferPointer(start: start, count: format.bytesPerNumber * count))
  }
}

extension IncomingMessage {
  /// A message of `count` numbers in a format.
  init(
    from source: Int, tag: Int, _ start: UnsafeMutablePointer<Float>, count: Int, as format: WireFormat
  ) {
    self.init(
      from: source, tag: tag,
      buffer: UnsafeMutableRawBufferPointer(start: start, count: format.bytesPerNumber * count))
  }
}
