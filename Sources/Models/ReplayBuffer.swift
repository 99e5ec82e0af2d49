public import TensorCore

/// Past fakes that the discriminator goes on seeing among the new ones, so that the generator cannot return
/// to what it was once caught at (Shrivastava et al. 2017, "Learning from simulated and unsupervised images
/// through adversarial training", section 2.3).
///
/// The slots are sharded by micro-batch: micro-batch *m* owns `size / microBatches` of them, puts its own
/// fakes there and draws from nowhere else. Draws come from keyed noise by the position in the global batch.
/// The rank that computes a micro-batch so has every slot that it reads or writes, whatever the world size: a
/// turn communicates nothing, and its bits are those of any other number of ranks. (Slots owned by global
/// index alone would have to travel at every turn.) A rank holds its own micro-batches' slots; the others'
/// are there only while a generation is saved or loaded, when they are gathered or dealt out.
public final class ReplayBuffer {
  /// Slots over all micro-batches.
  public let size: Int
  /// Micro-batches of a step.
  public let microBatches: Int
  /// The share of the fakes that a discriminator's turn sees which are past ones.
  public let share: Float
  /// The shape of a fake.
  public let sampleShape: Shape
  private var shards: [Shard]

  /// The slots of one micro-batch that hold something.
  private struct Shard {
    var samples: [Float] = []
    var classes: [Int] = []
    /// What the last turn put there, in order.
    var changes: [Change] = []

    /// Keeps a sample, in a free slot of `slots` if there is one, else in the one that `used` tells.
    mutating func put(_ sample: ArraySlice<Float>, _ label: Int, slots: Int, used: () -> Int) {
      guard classes.count >= slots else {
        changes.append(Change(slot: nil, sample: [], label: 0))
        samples += sample
        classes.append(label)
        return
      }
      let slot = used()
      let numbers = slot * sample.count..<(slot + 1) * sample.count
      changes.append(Change(slot: slot, sample: Array(samples[numbers]), label: classes[slot]))
      samples.replaceSubrange(numbers, with: sample)
      classes[slot] = label
    }

    /// Takes back what the last turn put there, samples of `length` numbers.
    mutating func takeBack(_ length: Int) {
      for change in changes.reversed() {
        if let slot = change.slot {
          samples.replaceSubrange(slot * length..<(slot + 1) * length, with: change.sample)
          classes[slot] = change.label
        } else {
          samples.removeLast(length)
          classes.removeLast()
        }
      }
      changes = []
    }
  }

  /// A slot that was overwritten, with what it held; nil and nothing for one that was free.
  private struct Change {
    let slot: Int?
    let sample: [Float]
    let label: Int
  }

  /// An empty buffer.
  /// - Precondition: `size` is a positive multiple of `microBatches`, and `share` lies between 0 and 1.
  public init(size: Int, microBatches: Int, share: Float, sampleShape: Shape) {
    precondition(size > 0 && size.isMultiple(of: microBatches), "micro-batches own equally many slots")
    precondition(share > 0 && share < 1, "a share of the fakes")
    self.size = size
    self.microBatches = microBatches
    self.share = share
    self.sampleShape = sampleShape
    shards = Array(repeating: Shard(), count: microBatches)
  }

  /// The slots of a micro-batch.
  public var slots: Int { size / microBatches }

  /// What the discriminator's turn does, for people.
  var text: String { "\(share) of each micro-batch's fakes, rounded, from \(size) past ones" }

  /// How many of `count` fakes of a micro-batch are replaced by past ones.
  func replaced(of count: Int) -> Int { Int((share * Float(count)).rounded()) }

  /// What a discriminator's turn sees of a micro-batch's fakes: the last ones are replaced by past ones, once
  /// there are any. As many of the first ones are kept for later, in free slots as long as there are any,
  /// then in random ones.
  /// - Parameters:
  ///   - fakes: `[N, …]`.
  ///   - classes: what they were asked for by; empty if they were not.
  /// - Returns: samples of the same shape, and their classes.
  func mixing(_ fakes: Tensor, classes: [Int], _ microBatch: MicroBatch) -> (Tensor, [Int]) {
    let count = fakes.shape[0]
    let moved = replaced(of: count)
    let length = fakes.count / count
    let noise = microBatch.noise(for: .replay, length: 2).scalars
    func place(_ index: Int, among slots: Int) -> Int { min(Int(noise[index] * Float(slots)), slots - 1) }
    var (shown, shownClasses) = (fakes, classes)
    let held = shards[microBatch.index].samples.count / length
    if held > 0 {
      let shard = shards[microBatch.index]
      shown.withUnsafeMutablePointer { target in
        shard.samples.withUnsafeBufferPointer { source in
          for position in count - moved..<count {
            let slot = place(2 * position, among: held)
            (target + position * length).update(from: source.baseAddress! + slot * length, count: length)
            if !classes.isEmpty { shownClasses[position] = shard.classes[slot] }
          }
        }
      }
    }
    shards[microBatch.index].changes = []
    let values = fakes.rows(0..<moved).scalars
    for position in 0..<moved {
      shards[microBatch.index].put(
        values[position * length..<(position + 1) * length], classes.isEmpty ? 0 : classes[position],
        slots: slots
      ) { place(2 * position + 1, among: slots) }
    }
    return (shown, shownClasses)
  }
}

// MARK: - State

extension ReplayBuffer {
  /// Slots that hold something in each micro-batch: equally many in all after whole turns.
  public var filled: Int { shards.reduce(0) { max($0, $1.classes.count) } }

  /// Takes back what the last discriminator's turn put in: one whose sum was not finite, and whose fakes may
  /// not be either.
  public func takeBack() {
    for index in shards.indices { shards[index].takeBack(sampleShape.count) }
  }

  /// Forgets all fakes.
  public func clear() { keep(0..<0) }

  /// Forgets the slots of all but a rank's own micro-batches.
  public func keep(_ local: Range<Int>) {
    for index in shards.indices where !local.contains(index) { shards[index] = Shard() }
  }

  /// The numbers of some micro-batches' slots: for each the fakes, then their classes.
  public func numbers(of microBatches: Range<Int>) -> [Float] {
    microBatches.flatMap { shards[$0].samples + shards[$0].classes.map { Float($0) } }
  }

  /// Takes what ``numbers(of:)`` gave of the same micro-batches.
  /// - Precondition: the numbers are whole slots, equally many for each micro-batch.
  public func take(_ numbers: [Float], of microBatches: Range<Int>) {
    guard !microBatches.isEmpty else { return }
    let part = numbers.count / microBatches.count
    let held = part / (sampleShape.count + 1)
    precondition(
      part * microBatches.count == numbers.count && held * (sampleShape.count + 1) == part && held <= slots,
      "whole slots")
    for (place, index) in microBatches.enumerated() {
      let own = numbers[place * part..<(place + 1) * part]
      shards[index] = Shard(
        samples: Array(own.prefix(held * sampleShape.count)), classes: own.suffix(held).map { Int($0) })
    }
  }

  /// All slots in the order of the micro-batches, `[size, …]`, zeros where nothing is held, and their
  /// classes, `[size]`.
  /// - Precondition: the slots of all micro-batches are here.
  public var contents: (samples: Tensor, classes: Tensor) {
    let (held, length) = (filled, sampleShape.count)
    precondition(shards.allSatisfy { $0.classes.count == held }, "the slots of all ranks were gathered")
    var samples = Tensor(repeating: 0, shape: Shape([size] + sampleShape.extents))
    var classes = Tensor(repeating: 0, shape: [size])
    for (index, shard) in shards.enumerated() {
      samples.withUnsafeMutablePointer { target in
        shard.samples.withUnsafeBufferPointer {
          guard let source = $0.baseAddress else { return }
          (target + index * slots * length).update(from: source, count: $0.count)
        }
      }
      classes.withUnsafeMutablePointer { target in
        for (slot, label) in shard.classes.enumerated() { target[index * slots + slot] = Float(label) }
      }
    }
    return (samples, classes)
  }

  /// Takes what ``contents`` gave.
  /// - Parameter filled: slots of each micro-batch that hold something.
  public func restore(samples: Tensor, classes: Tensor, filled: Int) {
    precondition(0...slots ~= filled, "no more than there are slots")
    let (values, labels, length) = (samples.scalars, classes.scalars, sampleShape.count)
    for index in shards.indices {
      let first = index * slots
      shards[index] = Shard(
        samples: Array(values[first * length..<(first + filled) * length]),
        classes: labels[first..<first + filled].map { Int($0) })
    }
  }
}
