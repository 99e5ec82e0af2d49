import DataParallel
import Datasets
import TensorCore

extension Trainer {
  /// How a run ended.
  package enum Outcome: Equatable, Sendable {
    /// All steps are done.
    case done
    /// A signal ended it early; its state is saved.
    case stopped
    /// It gets no better, and ended for that as the options ask, saved.
    case converged(String)
  }

  /// What a trainer needs beside the model.
  struct Setup {
    let options: Options
    let plan: MicroBatchPlan
    let dataset: any ImageDataset
    let steps: Int
    /// The run folder, as all ranks call it.
    let folder: String
    /// What samples are measured against; nil if they are not.
    var reference: QualityReference?
    /// What a game is watched by; nil if it is not.
    var watch: WatchReference?

    /// Reads what an engine computes with, from a global batch on.
    func loader(at batch: Int, for engine: TurnEngine) -> BatchLoader {
      let batchesPerStep = options.schedule(of: engine.model).mostBatchesPerStep(options.balance)
      return BatchLoader(
        dataset: dataset, stream: SampleStream(count: dataset.count, seed: options.seed),
        batch: options.batch, microBatches: options.microBatches, passes: engine.passes,
        // Those of a step and more, so that what cannot be read is known before the step that needs it.
        depth: max(2, batchesPerStep + 1),
        // Files may have to be waited for or decoded; what is computed would only take turns with the
        // training.
        readers: options.data.isPath ? ComputeThreads.count : 1, startStep: batch)
    }

    /// Whether what comes every so many steps, or never for 0, comes when `done` are.
    func isDue(_ every: Int, at done: Int) -> Bool { every > 0 && done % every == 0 }

    /// Whether what is measured when `done` steps are decides on what a resume from there would not.
    /// - Parameter best: the best generation so far. Without one there may be none at all to begin at, and
    ///   that a state is not compared with others is the lesser loss.
    func decidesByQuality(at done: Int, after best: BestGeneration?) -> Bool {
      options.checkpoint.keepBest && best != nil
        || options.stop.patience > 0 && isDue(options.quality.every, at: done)
    }
  }

  /// The steps since the last line of the log, or since the training began.
  struct LogInterval {
    let start = ContinuousClock.now
    /// Samples that had been read before.
    let firstSample: Int
    /// Seconds that this rank had waited for other ranks before.
    let waitedForRanks: Double
    /// Seconds that this rank has waited for data since.
    var waitedForData = 0.0
  }

  /// What a person should know of steps that have waited for data, if that was much of their time.
  /// - Parameters:
  ///   - waited: seconds, of so many that the steps took.
  ///   - isPath: whether the data are files.
  ///   - arePairs: whether they are pairs of images.
  package static func dataWarning(
    waited: Double, of elapsed: Double, isPath: Bool, arePairs: Bool = false
  ) -> String? {
    guard elapsed > 5, waited > 0.3 * elapsed else { return nil }
    let command = "lockstep data pack\(arePairs ? " --pairs" : "") --resize"
    let advice = isPath ? "; `\(command)` stores images in the size of the training" : ""
    return "steps wait for data \(Int(100 * waited / elapsed)) % of their time\(advice)"
  }
}
