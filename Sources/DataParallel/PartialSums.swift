public import MessagePassing
import Synchronization
public import TensorCore

/// What one rank adds to a step's sum: one vector per piece of the ``CanonicalTree`` that it owns.
///
/// The reduction is a reduce-scatter followed by an all-gather, in rounds: each rank sends its pieces,
/// restricted to a slice, to the owner of the slice; the owner adds them in tree order and sends the sum to
/// all. With *P* ranks, *N* elements and *p* pieces on this rank it sends `4 N (p (P - 1) + P - 1) / P`
/// bytes: with one piece per rank (*P* a power of two) `8 N (P - 1) / P`, as a ring would. There are
/// `rounds + 1` exchanges of at most `(p + 1) (P - 1)` messages each way. The arithmetic, and so every bit of
/// the result, is that of one rank.
///
/// Ranks that share a node add in memory that they share (``NodeMemory``). Between *M* nodes a node with *q*
/// pieces sends `4 N (q + 1) (M - 1) / M` bytes, however many ranks it has, spread over its ranks. On one
/// node nothing is sent.
public struct PartialSums: Sendable {
  /// Who owns which micro-batch.
  public let plan: MicroBatchPlan
  /// The number of elements.
  public let count: Int
  /// One vector for each piece of the tree, in the order of the leaves.
  let pieces: [Piece]
  private let layouts: ReductionLayouts

  /// The vector of a piece, from an element of its storage on.
  struct Piece: Sendable {
    let storage: TensorStorage
    let offset: Int

    var pointer: UnsafeMutablePointer<Float> { storage.pointer + offset }
  }

  init(plan: MicroBatchPlan, count: Int, sums: [Piece], layouts: ReductionLayouts) {
    self.layouts = layouts
    self.plan = plan
    self.count = count
    pieces = sums
  }

  /// The sum over the micro-batches of all ranks: the same bits on every rank and every world size.
  ///
  /// All ranks must take part, with vectors of equal count.
  /// - Precondition: the communicator has the plan's size and rank.
  public func reduce(over communicator: any Communicator) throws(CommunicationError) -> Tensor {
    if plan.worldSize == 1 {
      return Tensor(viewOf: pieces[0].storage, offset: pieces[0].offset, shape: [count])
    }
    let result = TensorStorage(count: count)
    try reduce(over: communicator, into: result.pointer)
    return Tensor(viewOf: result, offset: 0, shape: [count])
  }

  /// The sum over the micro-batches of all ranks, written to `result`, which has room for `count` elements or
  /// is the place of these in ``roomForSum(count:over:)``.
  /// - Parameter format: how numbers travel between nodes; as they are where ranks of a node do not follow
  ///   each other. Where none share memory each counts as a node, also on one machine.
  /// - Precondition: the communicator has the plan's size and rank.
  public func reduce(
    over communicator: any Communicator, into result: UnsafeMutablePointer<Float>,
    as format: WireFormat = .float32
  ) throws(CommunicationError) {
    verifyPlan(communicator)
    if plan.worldSize == 1, result == pieces[0].pointer { return }
    let memory = try communicator.nodeMemory()
    if let memory, let layout = layouts.pieces(nodes: memory.nodes) {
      return try NodeReduction(
        rank: plan.rank, layout, count: count, sums: pieces, memory: memory, as: format
      ).run(over: communicator, into: result)
    }
    // Without shared memory every rank counts as a node.
    try reduceByMessages(
      over: communicator, into: result, roundLength: SlicePlan.defaultRoundLength,
      as: memory == nil ? format : .float32)
  }

  /// This rank's slice of the sum, the only part of `result` that is written then, where there is one node;
  /// else all of it. Slices are those of ``SlicePlan`` among the ranks.
  /// - Parameter format: how numbers travel between nodes.
  /// - Returns: whether it was the slice.
  package func reduceSlice(
    over communicator: any Communicator, into result: UnsafeMutablePointer<Float>,
    as format: WireFormat = .float32
  ) throws(CommunicationError) -> Bool {
    verifyPlan(communicator)
    if plan.worldSize > 1, let memory = try communicator.nodeMemory(), memory.nodes.count == 1,
      let layout = layouts.pieces(nodes: memory.nodes)
    {
      try NodeScatter(rank: plan.rank, layout, count: count, sums: pieces, memory: memory).run(into: result)
      return true
    }
    try reduce(over: communicator, into: result, as: format)
    return false
  }

  /// Where the sum of a vector of `count` elements, of which these are some, may be written at their place:
  /// over this rank's own first vector, where nothing of that is read again once some of its sum is there;
  /// else to new storage.
  package func roomForSum(count: Int, over communicator: any Communicator) throws(CommunicationError)
    -> TensorStorage
  {
    if plan.worldSize == 1 { return pieces[0].storage }
    guard let memory = try communicator.nodeMemory(), memory.nodes.count == 1,
      layouts.pieces(nodes: memory.nodes) != nil
    else { return TensorStorage(count: count) }
    return pieces[0].storage
  }

  /// The same without shared memory.
  package func reduceByMessages(
    over communicator: any Communicator, into result: UnsafeMutablePointer<Float>, roundLength: Int,
    as format: WireFormat = .float32
  ) throws(CommunicationError) {
    verifyPlan(communicator)
    let slices = SlicePlan(count: count, worldSize: plan.worldSize, roundLength: roundLength)
    try Reduction(plan: plan, layouts.folding, slices: slices, sums: pieces, as: format).run(
      over: communicator, into: result)
  }

  /// The first element that is not finite in this rank's own sums; nil if all are.
  public var firstNonFinite: Int? {
    pieces.compactMap { sum in
      UnsafeBufferPointer(start: sum.pointer, count: count).firstIndex { !$0.isFinite }
    }.min()
  }

  /// Whether no element of this rank's own sums is a NaN or of greater magnitude than `bound`.
  public func isWithin(_ bound: Float) -> Bool {
    let isBeyond = Atomic(false)
    ComputeThreads.split(count, grain: 4 * ComputeThreads.grain) { part in
      for sum in pieces where !Self.isWithin(bound, sum.pointer + part.lowerBound, count: part.count) {
        isBeyond.store(true, ordering: .relaxed)
      }
    }
    return !isBeyond.load(ordering: .relaxed)
  }

  private static func isWithin(_ bound: Float, _ values: UnsafePointer<Float>, count: Int) -> Bool {
    // Without the sign the bits of floating-point numbers are in their order, those of NaNs last.
    let magnitude: UInt32 = 0x7fff_ffff
    let source = UnsafeRawPointer(values)
    var largest = SIMD16<UInt32>.zero
    let whole = count & ~15
    var index = 0
    while index < whole {
      let bits = source.loadUnaligned(fromByteOffset: index &* 4, as: SIMD16<UInt32>.self) & magnitude
      largest.replace(with: bits, where: bits .> largest)
      index &+= 16
    }
    var most = largest.max()
    while index < count {
      most = max(most, source.load(fromByteOffset: index &* 4, as: UInt32.self) & magnitude)
      index &+= 1
    }
    return most <= bound.bitPattern
  }

  /// The same for some of the elements.
  public func part(_ range: Range<Int>) -> PartialSums {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count) elements")
    return PartialSums(
      plan: plan, count: range.count,
      sums: pieces.map { Piece(storage: $0.storage, offset: $0.offset + range.lowerBound) }, layouts: layouts)
  }

  /// The same for some of the elements, one range after another.
  func gathered(_ ranges: [Range<Int>]) -> PartialSums {
    let total = ranges.reduce(0) { $0 + $1.count }
    let gathered = pieces.map { piece in
      let storage = TensorStorage(count: total)
      var next = storage.pointer
      for range in ranges {
        next.update(from: piece.pointer + range.lowerBound, count: range.count)
        next += range.count
      }
      return Piece(storage: storage, offset: 0)
    }
    return PartialSums(plan: plan, count: total, sums: gathered, layouts: layouts)
  }

  private func verifyPlan(_ communicator: any Communicator) {
    precondition(
      communicator.size == plan.worldSize && communicator.rank == plan.rank,
      "the plan is for rank \(plan.rank) of \(plan.worldSize), the communicator for "
        + "\(communicator.rank) of \(communicator.size)")
  }
}
