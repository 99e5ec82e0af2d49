/// A group of ranks that exchange bytes. It does no arithmetic.
///
/// A communicator belongs to one thread at a time, which is why it is not `Sendable`: hand it over with
/// `sending`. All ranks must enter the same operations in the same order. After an error the world is lost.
public protocol Communicator: AnyObject {
  /// This process's number, `0 ..< size`.
  var rank: Int { get }
  /// The number of ranks; 1 is a valid world.
  var size: Int { get }
  /// The name of the node this rank runs on.
  var processorName: String { get }

  /// Returns when every rank has entered.
  func barrier() throws(CommunicationError)

  /// The bytes of every rank, in rank order. The lengths may differ.
  func allGather(_ bytes: [UInt8]) throws(CommunicationError) -> [[UInt8]]

  /// Posts all messages without blocking, then waits until every one is done.
  ///
  /// Messages of one pair of ranks with one tag match in the order in which they are listed. A message of
  /// another size than its receiver expects is an error on the receiver.
  func exchange(sends: [OutgoingMessage], receives: [IncomingMessage]) throws(CommunicationError)

  /// Memory that this rank shares with the others of its node; nil if no two ranks of the communicator share
  /// any. All ranks must take part in the first call.
  func nodeMemory() throws(CommunicationError) -> (any NodeMemory)?
}

extension Communicator {
  /// None: ranks share nothing, unless their communicator says otherwise.
  public func nodeMemory() throws(CommunicationError) -> (any NodeMemory)? { nil }

  /// The numbers of every rank, in rank order; each rank may have another count of them.
  public func allGather<Number: BitwiseCopyable>(
    _ numbers: [Number]
  ) throws(CommunicationError) -> [[Number]] {
    let stride = MemoryLayout<Number>.stride
    var all: [[Number]] = []
    all.reserveCapacity(size)
    for (source, bytes) in try allGather(numbers.withUnsafeBytes { Array($0) }).enumerated() {
      let count = bytes.count / stride
      guard count * stride == bytes.count else {
        throw .messageSize(
          source: source, destination: rank, tag: 0, sent: bytes.count, expected: count * stride)
      }
      all.append(
        [Number](unsafeUninitializedCapacity: count) { buffer, initialized in
          UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes)
          initialized = count
        })
    }
    return all
  }

  /// The value of every rank, in rank order.
  public func allGather<Value: BitwiseCopyable>(_ value: Value) throws(CommunicationError) -> [Value] {
    let size = MemoryLayout<Value>.stride
    var values: [Value] = []
    for (source, sent) in try allGather([value]).enumerated() {
      guard sent.count == 1 else {
        throw .messageSize(
          source: source, destination: rank, tag: 0, sent: sent.count * size, expected: size)
      }
      values.append(sent[0])
    }
    return values
  }

  /// The smallest of the integers of all ranks.
  public func minimum(of value: Int) throws(CommunicationError) -> Int {
    try allGather(value).min() ?? value
  }

  /// The largest of the integers of all ranks.
  public func maximum(of value: Int) throws(CommunicationError) -> Int {
    try allGather(value).max() ?? value
  }

  /// The bytes of rank 0 on every rank; those of the others are ignored, so their length need not be known.
  public func broadcast(_ bytes: [UInt8]) throws(CommunicationError) -> [UInt8] {
    try allGather(rank == 0 ? bytes : [])[0]
  }

  /// What most ranks say, and who says otherwise.
  public func agreement(on bytes: [UInt8]) throws(CommunicationError) -> Agreement<[UInt8]> {
    Agreement(of: try allGather(bytes))
  }
}
