package import DataParallel
package import MessagePassing
import Models
import Platform
package import TensorCore

/// The sum of a turn's vector over all micro-batches of all ranks, which travels bucket by bucket.
///
/// The training thread hands buckets over as the backward pass completes them, the last layers' first, and
/// waits for them in the order in which the next forward pass reads them, the first layers' first. So the
/// communication thread serves, of the buckets that all ranks have handed over, the first one in the order of
/// the parameters; between nodes it does so a part at a time while more may come, so that what is needed
/// first overtakes what is large.
///
/// Each collective begins with an exchange of headers, in which every rank says where it is and which buckets
/// it has handed over: what comes next is a function of what all ranks know, and so the same on all of them.
package final class TurnSum: Sendable {
  /// What the training thread has handed over.
  private struct Given {
    var own: [PartialSums?]
    var buckets: BucketSet = []
    /// The first element of the own sums that is not finite, as far as these are large.
    var firstNonFinite: Int?
    /// Whether the own sums handed over are so small that a sum over all ranks of such sums is finite.
    var isBounded = true
  }

  /// What is back, of which the training thread is told only when it may go on: each time wakes it.
  private struct Back {
    /// Those that may be read: none before all ranks have handed everything over.
    var buckets: BucketSet = []
    /// All ranks' flags, once any may be.
    var flags = Flags()
    var vector: Tensor?
    var end: Result<Fault?, any Error>?
    /// Whether the training thread waits, and seconds of moving parameters so far.
    var isAwaited = false
    var moving = 0.0
  }

  /// Moves the part of the parameters in a bucket that is this rank's, by the sum; told whether only on the
  /// calling thread.
  package typealias Move =
    @Sendable (_ bucket: Range<Int>, _ sum: UnsafePointer<Float>, _ isAlone: Bool) -> Void

  /// What is handed over one by one.
  package let buckets: BucketPlan
  private let place: Place
  /// How the sum travels.
  package let transport: Transport
  private let move: Move?
  private let bound: Float
  private let given: Monitor<Given>
  private let back: Monitor<Back>

  /// The sum of vectors that nothing has been handed over of yet.
  /// - Parameter move: where ranks of a node share their parameters: what is done on each before a bucket is
  ///   told to be back on any.
  package init(
    _ place: Place, in buckets: BucketPlan, of plan: MicroBatchPlan, by transport: Transport = Transport(),
    move: Move? = nil
  ) {
    self.place = place
    self.transport = transport
    self.move = move
    self.buckets = buckets
    bound = .greatestFiniteMagnitude / Float(2 * plan.microBatches)
    given = Monitor(Given(own: buckets.ranges.map { _ in nil }))
    back = Monitor(Back())
  }

  /// Hands a bucket over; to be called once for each. Of no account where communicating has failed meanwhile.
  package func hand(_ sums: PartialSums, of bucket: Int) {
    place.timeline.span(.hand, of: place.phase, bucket, step: place.step) {
      let isBounded = sums.isWithin(bound)
      // Looked for before the sum takes the own sums' place.
      let first = isBounded ? nil : sums.firstNonFinite.map { buckets.ranges[bucket].lowerBound + $0 }
      given.withLock { given in
        guard !given.own.isEmpty else { return }
        given.firstNonFinite = [given.firstNonFinite, first].compactMap { $0 }.min()
        given.own[bucket] = sums
        given.buckets.insert(BucketSet(bucket))
        if !isBounded { given.isBounded = false }
      }
    }
  }

  // MARK: - The training thread

  /// Whether everything is back.
  package var isReady: Bool { back.read { $0.end != nil } }

  /// Sleeps until a bucket is back and no rank can make the whole sum one that is not finite; otherwise until
  /// all buckets are.
  /// - Returns: the sum, of which that bucket is to be read (of gradients that are scattered the own slice),
  ///   what is wrong with it, and the seconds of the wait in which parameters were moved.
  /// - Throws: what communicating threw.
  package func wait(
    for bucket: Int
  ) throws -> (vector: Tensor, flags: Flags, fault: Fault?, moving: Double) {
    var before: Double?
    return try back.wait { back in
      let begun = before ?? back.moving
      before = begun
      let fault = try back.end?.get()
      back.isAwaited = back.end == nil && !back.buckets.contains(BucketSet(bucket))
      if back.isAwaited { return nil }
      return (back.vector!, back.flags, fault ?? nil, back.moving - begun)
    }
  }

  // MARK: - The communication thread

  /// Adds everything up, as it is handed over.
  /// - Parameter failure: why the communicator is of no use, if so.
  /// - Returns: why it is not now.
  package func run(over communicator: any Communicator, after failure: (any Error)?) -> (any Error)? {
    let result = Result {
      if let failure { throw failure }
      return try span(.sum, bytes: bytes(of: 0..<buckets.count)) { try sum(over: communicator) }
    }
    given.withLock { $0.own = [] }
    switch result {
    case .success(let whole):
      back.withLock { ($0.vector, $0.flags, $0.end) = (whole.vector, whole.flags, .success(whole.fault)) }
      return nil
    case .failure(let error):
      back.withLock { $0.end = .failure(error) }
      return error
    }
  }

  private func sum(
    over communicator: any Communicator
  ) throws -> (vector: Tensor, flags: Flags, fault: Fault?) {
    let all = BucketSet(first: buckets.ranges.count)
    var done: BucketSet = []
    var told: BucketSet = []
    var agreed = AgreedTurn(flags: Flags(), handed: [])
    var room: TensorStorage?
    var collective = 0
    var starts = buckets.ranges.map(\.lowerBound)
    var hasSlices = false
    while done != all {
      agreed = try agree(at: collective, beyond: done, over: communicator)
      collective += 1
      // Ranks hand over in one order, so that all have at least one bucket in common.
      guard let bucket = agreed.handed.subtracting(done).first else { continue }
      let range = buckets.ranges[bucket]
      var part = starts[bucket]..<range.upperBound
      if try agreed.handed != all && transport.compression == nil && Self.hasSeveralNodes(communicator) {
        part = part.lowerBound..<min(part.lowerBound + transport.partLength, part.upperBound)
      }
      let gradient = transport.gradient(in: part)
      if transport.format != .float32, !gradient.isEmpty { part = gradient }
      try span(.bucket, bucket, bytes: bytes(of: part)) {
        if try add(part, of: bucket, in: &room, over: communicator) { hasSlices = true }
      }
      starts[bucket] = part.upperBound
      guard part.upperBound == range.upperBound else { continue }
      done.insert(BucketSet(bucket))
      if done != all, agreed.handed == all, transport.compression == nil,
        !agreed.flags.union.contains(.nonFinite)
      {
        try tell(of: done.subtracting(told), in: vector(room), agreed.flags, over: communicator)
        told = done
      }
    }
    let vector = vector(room)
    let isSuspect = agreed.flags.union.contains(.nonFinite) || transport.compression != nil
    let fault = try isSuspect ? fault(in: vector, ofSlices: hasSlices, over: communicator) : nil
    if move != nil, fault == nil {
      try tell(of: done.subtracting(told), in: vector, agreed.flags, over: communicator)
    }
    return (vector, agreed.flags, fault)
  }

  private func vector(_ room: TensorStorage?) -> Tensor {
    Tensor(viewOf: room!, offset: 0, shape: [buckets.count])
  }

  /// Tells the training thread that buckets are back, in order; where the ranks of a node share parameters,
  /// each when all of them have moved their parts.
  private func tell(
    of buckets: BucketSet, in vector: Tensor, _ flags: Flags, over communicator: any Communicator
  ) throws {
    guard let move else {
      return back.withLock { ($0.buckets, $0.flags, $0.vector) = ($0.buckets.union(buckets), flags, vector) }
    }
    for (bucket, range) in self.buckets.ranges.enumerated() where buckets.contains(BucketSet(bucket)) {
      let start = ContinuousClock.now
      span(.update, bucket) {
        let isAlone = !back.read { $0.isAwaited }
        vector.withUnsafePointer { move(range, $0, isAlone) }
      }
      let seconds = (ContinuousClock.now - start).seconds
      try communicator.nodeMemory()?.synchronize()
      back.withLock { back in
        (back.flags, back.vector) = (flags, vector)
        back.buckets.insert(BucketSet(bucket))
        back.moving += seconds
      }
    }
  }

  private struct AgreedTurn {
    let flags: Flags
    let handed: BucketSet
  }

  /// Tells the other ranks where this one is, when there is something to be added up.
  private func agree(
    at collective: Int, beyond done: BucketSet, over communicator: any Communicator
  ) throws -> AgreedTurn {
    let (handed, isBounded) = given.wait {
      $0.buckets.isSubset(of: done) ? nil : ($0.buckets, $0.isBounded)
    }
    let header = LockstepHeader(
      step: place.step, phase: place.phase.index, elementCount: buckets.count,
      bucketCount: buckets.ranges.count, collective: collective, handed: handed.rawValue,
      flags: isBounded ? place.flags : place.flags.union(.nonFinite))
    let agreed = try span(.header) {
      do {
        return try LockstepChecker.verify(header, over: communicator)
      } catch let error as DivergenceError {
        throw error.naming(phase: place.phase.index, place.phase.name)
      }
    }
    let failed = agreed.ranks(with: .failed)
    if !failed.isEmpty { throw CoordinationError.elsewhere(agreed.byRank[failed[0]].status) }
    return AgreedTurn(
      flags: Flags(union: agreed.union, intersection: agreed.intersection),
      handed: BucketSet(rawValue: agreed.handed))
  }

  /// - Parameter room: where all of the sum will be, made with the first of it.
  /// - Returns: whether only this rank's slice is there.
  private func add(
    _ part: Range<Int>, of bucket: Int, in room: inout TensorStorage?, over communicator: any Communicator
  ) throws -> Bool {
    let sums = given.read { $0.own[bucket]! }
    let result = try room ?? sums.roomForSum(count: buckets.count, over: communicator)
    room = result
    let start = buckets.ranges[bucket].lowerBound
    if let compression = transport.compression {
      try compression.add(sums, from: start, over: communicator, into: result.pointer + start)
      return false
    }
    func own(_ elements: Range<Int>) -> (PartialSums, UnsafeMutablePointer<Float>) {
      (
        sums.part(elements.lowerBound - start..<elements.upperBound - start),
        result.pointer + elements.lowerBound
      )
    }
    let rest = transport.rest(of: part)
    guard transport.isScattered, rest.count < part.count else {
      let (own, target) = own(part)
      try own.reduce(over: communicator, into: target, as: rest.isEmpty ? transport.format : .float32)
      return false
    }
    let (gradient, target) = own(transport.gradient(in: part))
    let isSlice = try gradient.reduceSlice(over: communicator, into: target, as: transport.format)
    if !rest.isEmpty {
      let (own, target) = own(rest)
      try own.reduce(over: communicator, into: target)
    }
    return isSlice
  }

  /// What elements take between nodes.
  private func bytes(of elements: Range<Int>) -> Int {
    if let compression = transport.compression { return 4 * compression.numbers(of: elements) }
    let exact = transport.format == .float32 ? elements.count : transport.rest(of: elements).count
    return 2 * (elements.count + exact)
  }

  private static func hasSeveralNodes(_ communicator: any Communicator) throws -> Bool {
    try communicator.nodeMemory().map { $0.nodes.count > 1 } ?? (communicator.size > 1)
  }

  /// Asks all ranks: an all-gather, if the sum is not finite; one more where each has slices of it.
  private func fault(
    in vector: Tensor, ofSlices hasSlices: Bool, over communicator: any Communicator
  ) throws -> Fault? {
    if !hasSlices, vector.isFinite { return nil }
    let share = NodeShare(index: communicator.rank, count: communicator.size)
    let own = hasSlices ? parts(of: share) : [0..<vector.count]
    var element = vector.withUnsafeBufferPointer { values in
      own.lazy.compactMap { range in range.first { !values[$0].isFinite } }.first
    }
    if hasSlices { element = try communicator.allGather(element ?? -1).filter { $0 >= 0 }.min() }
    guard let element else { return nil }
    let first = given.read { $0.firstNonFinite }
    let places = try communicator.allGather(first ?? -1)
    return Fault(element: element, ranks: places.indices.filter { places[$0] >= 0 })
  }

  /// What a rank of a single node has of the sum where gradients are scattered: what it moves, and all that
  /// is no gradient.
  private func parts(of share: NodeShare) -> [Range<Int>] {
    buckets.ranges.flatMap { bucket in
      [share.part(of: transport.gradient(in: bucket)), transport.rest(of: bucket)]
    }
  }

  private func span<T>(
    _ part: Timeline.Part, _ bucket: Int? = nil, bytes: Int = 0, _ work: () throws -> T
  ) rethrows -> T {
    try place.timeline.span(
      part, of: place.phase, bucket, on: .communication, step: place.step, bytes: bytes, work)
  }
}
