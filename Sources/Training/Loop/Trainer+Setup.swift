import DataParallel
import Datasets

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
  }
}
