import Platform
import Training

/// The sums of all ranks on their way, as ``TurnSum`` serves them: one turn's after another's, of a turn the
/// first bucket that all ranks have handed over, and that a part at a time while the turn may hand over more.
struct SumTraffic {
  /// A bucket, or a part of one, from when to when in seconds.
  struct Transfer: Equatable {
    let start: Double
    let end: Double
    /// The share of a core that it takes.
    let work: Double
  }

  /// A turn's vector.
  private struct Vector {
    /// When all ranks have handed each bucket over; nil if they have not.
    var handed: [Double?]
    /// Bytes of each that have not begun to travel.
    var bytes: [Double]
    /// When each is back.
    var ends: [Double?]

    init(_ sum: StepGraph.Sum) {
      handed = sum.bytes.map { _ in nil }
      bytes = sum.bytes
      ends = handed
    }

    /// When all ranks have handed all of it over; nil if they have not.
    var complete: Double? {
      handed.reduce(0) { latest, time in latest.flatMap { latest in time.map { max(latest, $0) } } }
    }
  }

  private let sums: [StepGraph.Sum]
  private let partBytes: Double
  private let cost: (Double) -> StepPrediction.SumCost
  private var vectors: [Vector]
  /// The sums that have not all been served, in the order of their turns.
  private var queue: [Int] = []
  private var free = 0.0
  /// Those that a rank may still be beside, in order.
  private var transfers: [Transfer] = []

  /// - Parameters:
  ///   - partBytes: what travels at a time while the turn may hand over more.
  ///   - cost: of so many bytes.
  init(_ sums: [StepGraph.Sum], partBytes: Double, cost: @escaping (Double) -> StepPrediction.SumCost) {
    (self.sums, self.partBytes, self.cost) = (sums, partBytes, cost)
    vectors = sums.map { Vector($0) }
  }

  /// All ranks have handed a bucket over by `time`; never earlier than what was handed over before.
  mutating func hand(_ bucket: StepGraph.Bucket, at time: Double) {
    let sum = bucket.sum
    if vectors[sum].complete != nil {
      while queue.contains(sum), let next { serve(at: next) }
      vectors[sum] = Vector(sums[sum])
    }
    if !vectors[sum].handed.contains(where: { $0 != nil }) { queue.append(sum) }
    vectors[sum].handed[bucket.index] = time
  }

  /// When the sum of a bucket may be read: once it is back, and all ranks have spoken of the whole turn.
  /// - Precondition: all of the turn has been handed over.
  mutating func end(of bucket: StepGraph.Bucket) -> Double {
    while true {
      if let end = vectors[bucket.sum].ends[bucket.index], let complete = vectors[bucket.sum].complete {
        return max(end, complete)
      }
      guard let next else { preconditionFailure("a bucket is waited for that is never handed over") }
      serve(at: next)
    }
  }

  /// When `length` seconds of computation end that begin at `start` on a core which serving sums takes time
  /// from.
  ///
  /// To be asked before anything is handed over that becomes ready later than `start`: what is served
  /// meanwhile is then known.
  mutating func end(of length: Double, from start: Double) -> Double {
    var time = start
    var left = length
    while left > 0 {
      while let next, next <= time { serve(at: next) }
      let current = transfers.first { $0.end > time }
      let isServing = current.map { $0.start <= time } ?? false
      let rate = isServing ? max(0, 1 - current!.work) : 1
      let until = isServing ? current!.end : min(current?.start ?? .infinity, next ?? .infinity)
      if rate > 0, time + left / rate <= until { return time + left / rate }
      left -= (until - time) * rate
      time = until
    }
    return time
  }

  /// Forgets what ended before all ranks' present.
  mutating func forget(before time: Double) { transfers.removeAll { $0.end <= time } }

  /// When something begins to travel next; nil if nothing has been handed over.
  private var next: Double? {
    guard let vector = queue.first.map({ vectors[$0] }) else { return nil }
    return zip(vector.handed, vector.ends).compactMap { $1 == nil ? $0 : nil }.min().map { max($0, free) }
  }

  private mutating func serve(at time: Double) {
    let sum = queue[0]
    let vector = vectors[sum]
    let isReady = vector.handed.map { ($0 ?? .infinity) <= time }
    let bucket = isReady.indices.first { isReady[$0] && vector.ends[$0] == nil }!
    let bytes = isReady.contains(false) ? min(partBytes, vector.bytes[bucket]) : vector.bytes[bucket]
    let cost = cost(bytes)
    free = time + cost.seconds
    if cost.seconds > 0 {
      transfers.append(Transfer(start: time, end: free, work: cost.work / cost.seconds))
    }
    vectors[sum].bytes[bucket] -= bytes
    guard vectors[sum].bytes[bucket] <= 0 else { return }
    vectors[sum].ends[bucket] = free
    if !vectors[sum].ends.contains(where: { $0 == nil }) { queue.removeFirst() }
  }
}
