package import DataParallel
package import Datasets

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
  package struct Setup {
    package let options: Options
    package let plan: MicroBatchPlan
    package let dataset: any ImageDataset
    package let steps: Int
    /// The run folder, as all ranks call it.
    package let folder: String
    /// What samples are measured against; nil if they are not.
    package let reference: QualityReference?
    /// What a game is watched by; nil if it is not.
    package let watch: WatchReference?

    package init(
      options: Options, plan: MicroBatchPlan, dataset: any ImageDataset, steps: Int, folder: String,
      reference: QualityReference? = nil, watch: WatchReference? = nil
    ) {
      self.watch = watch
      self.options = options
      self.plan = plan
      self.dataset = dataset
      self.steps = steps
      self.folder = folder
      self.reference = reference
    }
  }
}
