import TensorCore

/// Which samples a rank reads for a step, and how.
struct BatchPlan: Sendable {
  let dataset: any ImageDataset
  let stream: SampleStream
  /// Samples of a step over all ranks.
  let batch: Int
  let microBatches: Int
  /// The numbers of this rank's micro-batches, those together that are computed in one pass.
  let passes: [Range<Int>]

  /// Reads the samples of `step`. Blocks of the tensors' storage come from the free list, so that buffers are
  /// used again as soon as the training step has let go of them.
  func load(_ step: Int) throws(DatasetError) -> LoadedStep {
    var loaded: [LoadedMicroBatch] = []
    for pass in passes { loaded.append(try load(step, pass)) }
    return LoadedStep(step: step, microBatches: loaded, waited: 0)
  }

  private func load(_ step: Int, _ pass: Range<Int>) throws(DatasetError) -> LoadedMicroBatch {
    let samples = batch / microBatches * pass.count
    let first = step * batch + batch / microBatches * pass.lowerBound
    let indices = stream.indices(at: first..<first + samples)
    let stride = dataset.valuesPerImage
    let storage = TensorStorage(count: samples * stride)
    var labels: [Int32] = []
    for (sample, index) in indices.enumerated() {
      labels.append(try dataset.read(index, into: storage.pointer + sample * stride))
    }
    let shape = Shape([samples, dataset.height, dataset.width, dataset.channels])
    let images = Tensor(viewOf: storage, offset: 0, shape: shape)
    return LoadedMicroBatch(
      number: pass.lowerBound, parts: pass.count, indices: indices, images: images, labels: labels)
  }
}
