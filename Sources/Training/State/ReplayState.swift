import Checkpoints
import Models
import Platform
import TensorCore

/// The buffer of past fakes as a part of a run's state.
///
/// Ranks hold the slots of their own micro-batches. They are gathered when a generation is saved, because
/// every rank hashes all of them, and dealt out again when one is loaded, by whatever number of ranks there
/// are then.
extension ReplayBuffer {
  /// The file of a generation.
  static let fileName = "replay"
  static let counterName = "replay.filled"

  /// Lets every rank have all slots: a broadcast for each micro-batch from the rank that has it, of 4 bytes a
  /// number to every other rank.
  package func gather(over exchange: RankExchange) throws {
    for rank in 0..<exchange.size {
      for index in exchange.share(of: microBatches, for: rank) {
        let own = rank == exchange.rank ? numbers(of: index..<index + 1) : []
        take(try exchange.allGather(own)[rank], of: index..<index + 1)
      }
    }
  }

  /// Gives every rank rank 0's slots of the rank's own micro-batches: a broadcast for each micro-batch.
  func deal(over exchange: RankExchange) throws {
    let own = exchange.share(of: microBatches)
    for index in 0..<microBatches {
      let numbers = try exchange.broadcast(numbers(of: index..<index + 1))
      take(own.contains(index) ? numbers : [], of: index..<index + 1)
    }
  }

  /// Forgets what other ranks hold.
  package func keepOwn(of exchange: RankExchange) { keep(exchange.share(of: microBatches)) }

  /// The tensors of a generation.
  /// - Precondition: the slots were gathered.
  var tensors: [NamedTensor] {
    let (samples, classes) = contents
    return [NamedTensor("samples", samples), NamedTensor("classes", classes)]
  }

  /// Their names and shapes.
  private var expected: [(name: String, shape: Shape)] {
    [("samples", Shape([size] + sampleShape.extents)), ("classes", [size])]
  }

  /// Adds everything to a hash.
  /// - Precondition: the slots were gathered.
  func hash(into hash: borrowing SHA256) {
    let (samples, classes) = contents
    hash.update("replay \(filled)\n")
    hash.update(samples)
    hash.update(classes)
  }

  /// Takes the past fakes of a generation.
  /// - Parameter classCount: the classes of the model, or 0.
  /// - Throws: `CheckpointError` of kind `otherModel` or `damaged`; nothing is taken then.
  func restore(from generation: LoadedGeneration, classCount: Int) throws {
    let kept = try generation.tensors(expected, in: Self.fileName)
    let known = 0..<Float(max(classCount, 1))
    guard let filled = generation.manifest.info.state[Self.counterName]?.integer, 0...slots ~= filled,
      kept[1].scalars.allSatisfy({ known.contains($0) })
    else {
      throw CheckpointError(
        .damaged, "the manifest and the past fakes of the replay buffer do not belong together",
        path: generation.path)
    }
    restore(samples: kept[0], classes: kept[1], filled: filled)
  }
}
