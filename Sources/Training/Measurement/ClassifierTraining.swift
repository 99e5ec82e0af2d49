import Autograd
import Checkpoints
import DataParallel
package import Datasets
package import MessagePassing
package import Models
import Networks
import Quality
import TensorCore

/// Trains the classifier whose features samples are compared by, on all ranks, with the same bits on any
/// number of them: it is a function of the data alone, not of the run.
///
/// A tenth of the samples, drawn once and for all, is held out. Adam with a step size that falls from 10⁻³ to
/// zero along a cosine, in batches of ``batch``, cut into ``leaves`` micro-batches whose gradients are added
/// in the canonical tree.
package enum ClassifierTraining {
  /// Samples of an update.
  package static let batch = 128
  /// Micro-batches of an update.
  private static let leaves = 16
  /// One of so many samples is held out.
  private static let heldOut = 10
  /// Held-out samples that are looked at, at most.
  private static let longest = 10_000
  /// Raised with every change of what comes out.
  package static let version = 1

  /// A trained classifier and how good it is.
  package struct Result {
    package let network: Classifier
    /// The share of held-out samples whose class it tells; not a number without any.
    package let accuracy: Double
    /// The updates it was trained for.
    package let steps: Int
  }

  /// Trains on labelled images of one size. All ranks call.
  ///
  /// Communicated an update: 8 bytes a rank, and a reduce-scatter and an all-gather of the gradient. More
  /// ranks than there are micro-batches each do all of it alone.
  /// - Throws: what a sample that cannot be read throws, on all ranks; `CommunicationError`.
  package static func train(
    _ dataset: any ImageDataset, steps: Int, over communicator: any Communicator
  ) throws -> Result {
    let network = Classifier(
      .init(size: dataset.height, channels: dataset.channels, classes: dataset.labelCount))
    network.store.initialize(seed: 0, firstOrdinal: 0)
    let world: any Communicator = communicator.size > leaves ? SoloCommunicator() : communicator
    let plan = try MicroBatchPlan(batch: batch, microBatches: leaves, on: world)
    let reducer = GradientReducer(plan: plan, count: network.store.count)
    let order = order(of: dataset)
    let stream = SampleStream(count: dataset.count - dataset.count / heldOut, seed: 0)
    let rates = LearningRateSchedule(warmup: 0, decay: .cosine, decaySteps: steps)
    var optimizer = OptimizerState(
      Adam(learningRate: 1e-3, beta1: 0.9, beta2: 0.999), count: network.store.count)
    for step in 0..<steps {
      // All ranks, also those that each do all of it: none is to go on where one cannot.
      try communicator.together {
        for microBatch in plan.local {
          let positions = plan.samples(of: microBatch)
          let places = stream.indices(
            at: step * batch + positions.lowerBound..<step * batch + positions.upperBound
          ).map { order[$0] }
          let (images, labels) = try dataset.labelledImages(at: places)
          let tape = Tape(watching: [network.store])
          let loss = crossEntropy(logits: network.logits(of: tape.constant(images)), classes: labels)
          reducer.add(microBatch..<microBatch + 1) {
            loss.tape.writeGradients(of: loss, forParametersOf: network.store, to: $0)
          }
        }
      }
      let sum = try reducer.reduce(over: world)
      network.store.withValues { values in
        sum.withUnsafePointer {
          optimizer.step(
            values: values, gradient: $0, gradientScale: 1 / Float(leaves), rate: rates.factor(at: step))
        }
      }
    }
    return Result(
      network: network, accuracy: try accuracy(of: network, on: dataset, over: communicator), steps: steps)
  }

  /// The samples in another order, of which the last are held out: their labels may follow a pattern.
  private static func order(of dataset: any ImageDataset) -> EpochPermutation {
    EpochPermutation(count: dataset.count, seed: 0, epoch: 0)
  }

  /// The share of held-out samples whose class is told, every rank looking at its part: one all-gather.
  private static func accuracy(
    of network: Classifier, on dataset: any ImageDataset, over communicator: any Communicator
  ) throws -> Double {
    let count = min(dataset.count / heldOut, longest)
    guard count > 0 else { return .nan }
    let exchange = RankExchange(communicator)
    let order = order(of: dataset)
    let features = NetworkFeatures(network, named: "classifier", channels: dataset.channels)
    let blocks = SampleBlocks(count: count)
    let right = try communicator.together {
      try blocks.local(columns: 1, exchange) { range in
        let (images, labels) = try dataset.labelledImages(at: range.map { order[dataset.count - 1 - $0] })
        let told = features.modes(of: features.features(of: images))
        return Matrix(
          rows: range.count, columns: 1, values: zip(told, labels).map { $0 == $1 ? 1 : 0 })
      }
    }
    return try blocks.gathered(right, over: exchange).values.reduce(0, +) / Double(count)
  }
}
