import Glibc
import Synchronization

/// Saves generations on a thread of its own, so that training goes on while they are compressed and written.
///
/// One save runs at a time. Not for use from several threads: it belongs to the one that trains.
public final class BackgroundCheckpointWriter {
  private let store: CheckpointStore
  private var running: (thread: pthread_t, job: Job)?
  /// The outcome of the last save that ran on the caller's own thread.
  private var unreported: Result<Generation, CheckpointError>?

  /// A writer into `store`.
  public init(store: CheckpointStore) {
    self.store = store
  }

  deinit {
    if let running { pthread_join(running.thread, nil) }
  }

  /// Waits for the save before, if it still runs, copies `contents`, and starts to save the copy. Once this
  /// returns, the caller may overwrite the tensors' storage.
  ///
  /// - Returns: the outcome of the save before, or nil if there was none or ``finish()`` has told it. A failed
  ///   intermediate save need not end the training: the older generations are untouched.
  public func submit(_ contents: GenerationContents) -> Result<Generation, CheckpointError>? {
    let outcome = wait()
    let job = Job(store: store, contents: contents.snapshot())
    var thread = pthread_t()
    let handle = Unmanaged.passRetained(job)
    let code = pthread_create(
      &thread, nil,
      { handle in
        Unmanaged<Job>.fromOpaque(handle!).takeRetainedValue().run()
        return nil
      }, handle.toOpaque())
    if code == 0 {
      running = (thread, job)
    } else {
      // Without another thread the save is late, not lost.
      handle.takeRetainedValue().run()
      unreported = job.outcome
    }
    return outcome
  }

  /// Waits for the last save.
  ///
  /// - Returns: the generation that was saved, or nil if nothing was submitted since the outcome was last told.
  /// - Throws: ``CheckpointError`` if that save failed.
  @discardableResult
  public func finish() throws(CheckpointError) -> Generation? {
    try wait()?.get()
  }

  private func wait() -> Result<Generation, CheckpointError>? {
    defer { (running, unreported) = (nil, nil) }
    guard let running else { return unreported }
    pthread_join(running.thread, nil)
    return running.job.outcome
  }

  private final class Job: Sendable {
    private let store: CheckpointStore
    private let contents: GenerationContents
    private let result = Mutex<Result<Generation, CheckpointError>?>(nil)

    init(store: CheckpointStore, contents: GenerationContents) {
      self.store = store
      self.contents = contents
    }

    var outcome: Result<Generation, CheckpointError>? { result.withLock { $0 } }

    func run() {
      let outcome = Result { () throws(CheckpointError) in try store.save(contents) }
      result.withLock { $0 = outcome }
    }
  }
}
