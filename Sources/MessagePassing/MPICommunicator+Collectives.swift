import CMPI

extension MPICommunicator {
  /// The record with which a rank enters a collective: operation and byte count as 64-bit integers, then the
  /// contribution itself where it fits.
  private static let recordBytes = 128
  private static let headerBytes = 2 * 8
  private static let inlineBytes = recordBytes - headerBytes

  /// Returns when every rank has entered.
  public func barrier() throws(CommunicationError) {
    _ = try enter(CollectiveHeader(operation: .barrier), carrying: [])
  }

  /// The bytes of every rank, in rank order, in rounds of at most 1 GiB.
  public func allGather(_ bytes: [UInt8]) throws(CommunicationError) -> [[UInt8]] {
    let records = try enter(CollectiveHeader(operation: .allGather, byteCount: bytes.count), carrying: bytes)
    let counts = records.map(\.header.byteCount)
    if counts.allSatisfy({ $0 <= Self.inlineBytes }) {
      return records.map { Array($0.payload.prefix($0.header.byteCount)) }
    }
    let longest = counts.max() ?? 0
    if counts.reduce(0, +) <= partLimit { return try gather(bytes[...], counts: counts) }
    var all: [[UInt8]] = counts.map { _ in [] }
    for (source, count) in counts.enumerated() { all[source].reserveCapacity(count) }
    var start = 0
    while start < longest {
      // A round is shared by those who still have something: in a broadcast that is one.
      let length = max(1, partLimit / counts.count { $0 > start })
      let pieces = try gather(
        bytes.dropFirst(start).prefix(length), counts: counts.map { max(0, min($0 - start, length)) })
      for (source, piece) in pieces.enumerated() { all[source] += piece }
      start += length
    }
    return all
  }

  /// One round: every rank gives as many bytes as `counts` says of it, countable by MPI together.
  private func gather(_ bytes: ArraySlice<UInt8>, counts: [Int]) throws(CommunicationError) -> [[UInt8]] {
    var total = 0
    let ranges = counts.map { count in
      defer { total += count }
      return total..<total + count
    }
    precondition(total <= max(partLimit, size), "a round of \(total) bytes is above \(partLimit)")
    // MPI reads all three arrays until the operation is done, so they need addresses that stay.
    let result = UnsafeMutableRawBufferPointer.allocate(byteCount: total, alignment: 16)
    let layout = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 2 * size)
    let own = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    defer {
      result.deallocate()
      layout.deallocate()
      own.deallocate()
    }
    _ = layout.initialize(from: ranges.map { Int32($0.count) } + ranges.map { Int32($0.lowerBound) })
    own.copyBytes(from: bytes)
    var requests: [MPI_Request?] = [nil]
    try MPILibrary.check(
      MPI_Iallgatherv(
        own.baseAddress, Int32(bytes.count), CMPI_BYTE(), result.baseAddress, layout.baseAddress,
        layout.baseAddress! + size, CMPI_BYTE(), handle, &requests[0]),
      "allGather", rank: rank)
    try wait(for: &requests, statuses: nil, call: "allGather")
    return ranges.map { Array(result[$0]) }
  }

  /// Tells all ranks what this one enters, and throws on all of them alike when the operations differ.
  private func enter(
    _ header: CollectiveHeader, carrying bytes: [UInt8]
  ) throws(CommunicationError) -> [(header: CollectiveHeader, payload: ArraySlice<UInt8>)] {
    let length = Self.recordBytes
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: (size + 1) * length, alignment: 16)
    defer { room.deallocate() }
    let own = UnsafeMutableRawBufferPointer(rebasing: room[..<length])
    let all = UnsafeMutableRawBufferPointer(rebasing: room[length...])
    own.initializeMemory(as: UInt8.self, repeating: 0)
    own.storeBytes(of: header.operation.rawValue, toByteOffset: 0, as: Int64.self)
    own.storeBytes(of: Int64(header.byteCount), toByteOffset: 8, as: Int64.self)
    if bytes.count <= Self.inlineBytes {
      UnsafeMutableRawBufferPointer(rebasing: own[Self.headerBytes...]).copyBytes(from: bytes)
    }
    var requests: [MPI_Request?] = [nil]
    try MPILibrary.check(
      MPI_Iallgather(
        own.baseAddress, Int32(length), CMPI_BYTE(), all.baseAddress, Int32(length), CMPI_BYTE(), handle,
        &requests[0]),
      header.description, rank: rank)
    try wait(for: &requests, statuses: nil, call: header.description)

    var records: [(header: CollectiveHeader, payload: ArraySlice<UInt8>)] = []
    records.reserveCapacity(size)
    for source in 0..<size {
      let record = UnsafeRawBufferPointer(rebasing: all[source * length..<(source + 1) * length])
      guard
        let operation = CollectiveHeader.Operation(rawValue: record.load(fromByteOffset: 0, as: Int64.self))
      else {
        throw .otherProgram(call: header.description, rank: rank, other: source)
      }
      let entered = CollectiveHeader(
        operation: operation, byteCount: Int(record.load(fromByteOffset: 8, as: Int64.self)))
      records.append((entered, Array(record)[Self.headerBytes...]))
    }
    try CollectiveHeader.verify(records.map(\.header))
    return records
  }
}
