import Platform

/// Reads the samples of the coming steps in the background while the current step computes.
///
/// One thread, with others that help it, reads step after step into a queue of `depth` steps; ``next()``
/// takes them in order. What a step holds is a function of (data set, stream, batch, micro-batch numbers) and
/// of nothing else.
public final class BatchLoader {
  private let queue: PrefetchQueue<Result<LoadedStep, DatasetError>>
  private var thread: SystemThread?
  private var failure: DatasetError?

  /// Starts to read at `startStep`.
  /// - Parameters:
  ///   - batch: samples of a step over all ranks; a multiple of `microBatches`.
  ///   - microBatches: micro-batches of a step over all ranks.
  ///   - passes: the numbers of this rank's micro-batches, those together that are computed in one pass.
  ///   - depth: steps that may wait, read and not yet taken.
  ///   - readers: threads that read a step.
  public init(
    dataset: any ImageDataset, stream: SampleStream, batch: Int, microBatches: Int, passes: [Range<Int>],
    depth: Int = 2, readers: Int = 1, startStep: Int = 0
  ) {
    precondition(stream.count == dataset.count, "a stream over \(stream.count) of \(dataset.count) samples")
    precondition(batch > 0 && microBatches > 0 && batch.isMultiple(of: microBatches), "equal micro-batches")
    precondition(
      passes.allSatisfy { 0 <= $0.lowerBound && $0.upperBound <= microBatches }, "micro-batches of the step")
    let plan = BatchPlan(
      dataset: dataset, stream: stream, batch: batch, microBatches: microBatches, passes: passes,
      readers: readers)
    let queue = PrefetchQueue<Result<LoadedStep, DatasetError>>(depth: depth)
    self.queue = queue
    // Those signals that mean "save and stop" belong to the training loop.
    thread = SystemThread(.withoutSignals) {
      var step = startStep
      while queue.waitForRoom() {
        do throws(DatasetError) {
          queue.append(.success(try plan.load(step)))
          step += 1
        } catch {
          queue.append(.failure(error))
          return
        }
      }
    }
  }

  deinit { stop() }

  /// The next step in order, waited for if need be.
  /// - Throws: at the step where a sample cannot be read, that ``DatasetError``, and again when called again.
  /// - Precondition: ``stop()`` has not been called.
  public func next() throws(DatasetError) -> LoadedStep {
    if let failure { throw failure }
    let start = ContinuousClock.now
    guard let outcome = queue.take() else {
      preconditionFailure("a loader that was stopped has no next step")
    }
    switch outcome {
    case .success(var step):
      step.waited = (ContinuousClock.now - start).seconds
      return step
    case .failure(let error):
      failure = error
      throw error
    }
  }

  /// Whether a sample of a step that has been read ahead cannot be read.
  public var hasFailed: Bool {
    failure != nil || queue.contains { if case .failure = $0 { true } else { false } }
  }

  /// Ends the thread, after the step that it is reading, and releases what waits. May be called again.
  public func stop() {
    guard let thread = thread.take() else { return }
    queue.close()
    thread.join()
  }
}
