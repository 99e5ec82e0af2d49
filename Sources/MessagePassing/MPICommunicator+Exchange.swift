import CMPI

extension MPICommunicator {
  /// Posts all receives, then all sends, without blocking, and waits for them.
  ///
  /// Messages above 1 GiB are cut into parts on both sides.
  public func exchange(
    sends: [OutgoingMessage], receives: [IncomingMessage]
  ) throws(CommunicationError) {
    var requests: [MPI_Request?] = []
    requests.reserveCapacity(sends.count + receives.count)
    var expected: [Int] = []
    expected.reserveCapacity(receives.count)
    for receive in receives {
      for part in Self.parts(of: receive.buffer.count, limit: partLimit) {
        var request: MPI_Request? = nil
        try MPILibrary.check(
          MPI_Irecv(
            receive.buffer.baseAddress.map { $0 + part.lowerBound }, Int32(part.count), CMPI_BYTE(),
            Int32(receive.source), Int32(receive.tag), handle, &request),
          "receive of message \(receive.tag) from rank \(receive.source)", rank: rank)
        requests.append(request)
        expected.append(part.count)
      }
    }
    for send in sends {
      for part in Self.parts(of: send.bytes.count, limit: partLimit) {
        var request: MPI_Request? = nil
        try MPILibrary.check(
          MPI_Isend(
            send.bytes.baseAddress.map { $0 + part.lowerBound }, Int32(part.count), CMPI_BYTE(),
            Int32(send.destination), Int32(send.tag), handle, &request),
          "send of message \(send.tag) to rank \(send.destination)", rank: rank)
        requests.append(request)
      }
    }
    let statuses = UnsafeMutablePointer<MPI_Status>.allocate(capacity: requests.count)
    defer { statuses.deallocate() }
    let longest = max(sends.map(\.bytes.count).max() ?? 0, receives.map(\.buffer.count).max() ?? 0)
    try wait(
      for: &requests, statuses: statuses, expected: expected, backoff: .forRequests(bytes: longest),
      call: "exchange of messages")
    for (index, bytes) in expected.enumerated() { try verify(statuses[index], expected: bytes) }
  }

  /// Cuts `count` bytes into ranges of at most `limit`; an empty message is one empty part.
  package static func parts(of count: Int, limit: Int) -> [Range<Int>] {
    if count <= limit { return [0..<count] }
    return stride(from: 0, to: count, by: limit).map { $0..<min($0 + limit, count) }
  }
}
