import Platform

/// Why a batch cannot be shared out as asked.
public enum PlanError: Error, Sendable, Equatable {
  /// `batch` is not positive.
  case emptyBatch(batch: Int)
  /// `microBatches` is not a power of two.
  case notPowerOfTwo(microBatches: Int, batch: Int)
  /// `microBatches` does not divide `batch`.
  case indivisible(batch: Int, microBatches: Int)
  /// There are more ranks than micro-batches.
  case tooManyRanks(worldSize: Int, microBatches: Int, batch: Int)
  /// The data hold fewer samples than a step needs.
  case tooFewSamples(count: Int, batch: Int, worldSize: Int)
  /// Gradients are to be rounded or compressed between nodes, and the ranks of a node do not follow each
  /// other.
  case scatteredRanks(GradientWire)
  /// Gradients are to be rounded or compressed between nodes, and the ranks of one cannot add in memory that
  /// they share.
  case noSharedMemory(GradientWire)
}

extension PlanError: CustomStringConvertible {
  /// One line: what, where; which values would work.
  public var description: String {
    switch self {
    case .emptyBatch(let batch):
      return "batch=\(batch) holds no sample; set batch to a positive number"
    case .notPowerOfTwo(let microBatches, let batch):
      return "microBatches=\(microBatches) is not a power of two; "
        + "for batch=\(batch) set microBatches to \(Self.alternatives(Self.powersOfTwo(dividing: batch)))"
    case .indivisible(let batch, let microBatches):
      let below = batch / microBatches * microBatches
      let nearest = below == 0 ? "\(microBatches)" : "\(below) or \(below + microBatches)"
      return "batch=\(batch) is not divisible by microBatches=\(microBatches); "
        + "set batch to \(nearest), or microBatches to \(Self.alternatives(Self.powersOfTwo(dividing: batch)))"
    case .tooManyRanks(let worldSize, let microBatches, let batch):
      let choices = Self.powersOfTwo(dividing: batch).filter { $0 >= worldSize }
      let other =
        choices.isEmpty
        ? "choose a batch that a power of two of at least \(worldSize) divides"
        : "set microBatches to \(Self.alternatives(choices)), which changes the result"
      return "\(worldSize) ranks for microBatches=\(microBatches) leave some without work; "
        + "start at most \(microBatches) ranks, or \(other)"
    case .tooFewSamples(let count, let batch, let worldSize):
      let power = count > 0 ? 1 << (Int.bitWidth - 1 - count.leadingZeroBitCount) : 1
      var microBatches = min(max(power / 2, 1), 8)
      while microBatches < min(worldSize, power) { microBatches *= 2 }
      return "batch=\(batch) is more than the \(count) samples of the data; "
        + (worldSize > power ? "start at most \(power) ranks, and " : "")
        + "set batch to at most \(count), such as batch=\(power) microBatches=\(microBatches)"
    case .scatteredRanks(let wire):
      return "wire=\(wire.rawValue) needs the ranks of a node to follow each other; "
        + "start them by slots (mpirun --map-by slot), or give wire=float32"
    case .noSharedMemory(let wire):
      return
        "wire=\(wire.rawValue) needs memory that the ranks of a node share, and one has too little of it; "
        + "make room in its /dev/shm, or give wire=float32"
    }
  }

  private static func powersOfTwo(dividing batch: Int) -> [Int] {
    guard batch > 0 else { return [1] }
    return (0...batch.trailingZeroBitCount).map { 1 << $0 }
  }

  private static func alternatives(_ values: [Int]) -> String {
    Prose.alternatives(values.map(String.init))
  }
}
