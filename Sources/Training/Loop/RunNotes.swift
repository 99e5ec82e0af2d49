import Autograd
import Checkpoints
import DataParallel
import Datasets
import Models
import Platform
import Reporting
import TensorCore

/// What a person is told when a run begins, beside what every run tells.
package struct RunNotes {
  /// What the first line of every run is about, which it prints when all ranks are there.
  package static let firstSubject = "model"
  /// What the line begins with that ranks which `lockstep launch` has started tell first of all.
  package static let joinedSubject = "joined"

  private var notes: [(subject: String, text: String)] = []

  /// Adds a note.
  mutating func add(_ subject: String, _ text: String) { notes.append((subject, text)) }

  /// What gradients between nodes are sent as, if not as they are.
  mutating func addWire(_ options: Options, _ state: RunState, nodes: Int) {
    if let note = state.powerSGD?.note { add("wire", note) }
    guard options.wire != .float32 else { return }
    add(
      "wire",
      "\(options.wireText) between nodes, of which there \(nodes == 1 ? "is 1" : "are \(nodes)"): "
        + "other layouts of nodes give other bits")
  }

  /// Who writes checkpoints, if not all ranks.
  mutating func addWriters(_ writers: [Int], of size: Int) {
    guard writers.count < size else { return }
    let others = (0..<size).filter { !writers.contains($0) }
    add(
      "checkpoints",
      "written by \(Prose.ranks(writers)); \(Prose.ranks(others)) "
        + "\(others.count == 1 ? "does" : "do") not see the run folder")
  }

  /// Tells them in the order in which they were added.
  func tell(_ progress: ProgressReporter) {
    for note in notes { progress.notice(note.subject, path: note.text) }
  }
}

extension ProgressReporter {
  /// The progress of a run.
  convenience init(_ setup: Trainer.Setup, _ samplesPerStep: Int, _ startStep: Int, _ output: ReportOutput) {
    self.init(
      Plan(
        steps: setup.steps, firstStep: startStep, itemsPerStep: samplesPerStep,
        itemName: setup.dataset.sampleName, linesEvery: setup.options.log.every), output: output)
  }

  /// Says what is trained, on what, by whom and from where on.
  func announce(_ setup: Trainer.Setup, _ model: any Model, _ start: RunStart) {
    let parameters = model.networks.map { "\($0.name) \($0.store.count)" }.joined(separator: ", ")
    notice(RunNotes.firstSubject, path: "\(setup.options.modelDescription), parameters: \(parameters)")
    let data = [setup.dataset.name, "\(setup.dataset.count) samples an epoch"] + setup.dataset.remarks
    notice("data", path: data.joined(separator: ", "))
    let threads = Count.text(ComputeThreads.count, "thread")
    let parts = Count.text(setup.options.microBatches, "micro-batch", "micro-batches")
    notice(
      "ranks",
      path: "\(setup.plan.worldSize) x \(threads), batch \(setup.options.batch) in \(parts), "
        + "\(CPUFeatures.current), kernels \(KernelSet.current.rawValue)")
    notice(start.step > 0 && !start.isFork ? "resuming after step \(start.step)" : "run", path: start.path)
    if start.isResuming, start.step == 0 { notice("no checkpoint yet", path: "begins at step 0") }
  }
}
