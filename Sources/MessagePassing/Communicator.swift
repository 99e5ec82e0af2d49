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

  /// Overwrites `buffer` on every rank with that of `root`. The sizes must be equal.
  func broadcast(_ buffer: UnsafeMutableRawBufferPointer, root: Int) throws(CommunicationError)

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

  /// The integer of every rank, in rank order.
  public func allGather(_ value: Int) throws(CommunicationError) -> [Int] {
    let word = withUnsafeBytes(of: Int64(value).littleEndian) { Array($0) }
    var values: [Int] = []
    for (source, bytes) in try allGather(word).enumerated() {
      guard bytes.count == 8 else {
        throw .messageSize(source: source, destination: rank, tag: 0, sent: bytes.count, expected: 8)
      }
      let word = bytes.withUnsafeBytes { $0.loadUnaligned(as: Int64.self) }
      values.append(Int(Int64(littleEndian: word)))
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

  /// The bytes of `root` on every rank; those of the others are ignored, so their length need not be known.
  public func broadcast(_ bytes: [UInt8], root: Int) throws(CommunicationError) -> [UInt8] {
    precondition(0..<size ~= root, "root \(root) is not one of \(size) ranks")
    return try allGather(rank == root ? bytes : [])[root]
  }

  /// What most ranks say, and who says otherwise.
  public func agreement(on bytes: [UInt8]) throws(CommunicationError) -> Agreement {
    Agreement(of: try allGather(bytes))
  }
}
