import Platform
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
  /// Threads that read a step.
  let readers: Int

  /// Reads the samples of `step`. Blocks of the tensors' storage come from the free list, so that buffers are
  /// used again as soon as the training step has let go of them.
  func load(_ step: Int) throws(DatasetError) -> LoadedStep {
    let size = batch / microBatches
    let parts = passes.map { pass in
      let first = step * batch + size * pass.lowerBound
      let indices = stream.indices(at: first..<first + size * pass.count)
      return Part(
        indices: indices, storage: TensorStorage(count: indices.count * dataset.valuesPerImage))
    }
    let labels = try read(parts.flatMap { part in part.indices.indices.map { (part, $0) } })
    var first = 0
    let loaded = zip(passes, parts).map { pass, part in
      defer { first += part.indices.count }
      let shape = Shape([part.indices.count] + dataset.sampleShape.extents)
      return LoadedMicroBatch(
        number: pass.lowerBound, parts: pass.count, indices: part.indices,
        images: Tensor(viewOf: part.storage, offset: 0, shape: shape),
        labels: Array(labels[first..<first + part.indices.count]))
    }
    return LoadedStep(microBatches: loaded, waited: 0)
  }

  /// The samples of one pass and where they go.
  private struct Part: Sendable {
    let indices: [Int]
    let storage: TensorStorage
  }

  /// Reads samples, each to its own place; the readers share them evenly.
  /// - Throws: what the first of them throws that cannot be read.
  private func read(_ samples: [(part: Part, place: Int)]) throws(DatasetError) -> [Int32] {
    let count = max(1, min(readers, samples.count))
    let shares = (0..<count).map { samples[samples.count * $0 / count..<samples.count * ($0 + 1) / count] }
    let others = shares.dropFirst().map { share in
      BackgroundJob(.withoutSignals) {
        Result { () throws(DatasetError) in try readShare(share) }
      }
    }
    let own = Result { () throws(DatasetError) in try readShare(shares[0]) }
    let results = [own] + others.map { $0.wait() }
    var labels: [Int32] = []
    for result in results { labels += try result.get() }
    return labels
  }

  private func readShare(
    _ samples: ArraySlice<(part: Part, place: Int)>
  ) throws(DatasetError) -> [Int32] {
    var labels: [Int32] = []
    for (part, place) in samples {
      let pixels = part.storage.pointer + place * dataset.valuesPerImage
      labels.append(try dataset.read(part.indices[place], into: pixels))
    }
    return labels
  }
}
