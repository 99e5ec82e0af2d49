/// Bytes that leave for another rank in an ``Communicator/exchange(sends:receives:)``.
public struct OutgoingMessage {
  /// The receiving rank.
  public let destination: Int
  /// Tells messages of different meaning apart; 0 ..< 32,768.
  public let tag: Int
  /// Read until the exchange has returned.
  public let bytes: UnsafeRawBufferPointer

  /// A message to `destination`. Messages of the same pair of ranks and the same tag arrive in posting order.
  public init(to destination: Int, tag: Int, bytes: UnsafeRawBufferPointer) {
    precondition(0..<32_768 ~= tag, "tag \(tag) is not within 0 ..< 32,768")
    self.destination = destination
    self.tag = tag
    self.bytes = bytes
  }
}

/// Room for bytes that come from another rank in an ``Communicator/exchange(sends:receives:)``.
public struct IncomingMessage {
  /// The sending rank.
  public let source: Int
  /// The tag under which it was sent.
  public let tag: Int
  /// Filled when the exchange has returned; the message has exactly this size.
  public let buffer: UnsafeMutableRawBufferPointer

  /// A message from `source`.
  public init(from source: Int, tag: Int, buffer: UnsafeMutableRawBufferPointer) {
    precondition(0..<32_768 ~= tag, "tag \(tag) is not within 0 ..< 32,768")
    self.source = source
    self.tag = tag
    self.buffer = buffer
  }
}
