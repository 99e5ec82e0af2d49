package import Datasets
package import Models
package import TensorCore

/// What a picture of samples is drawn from: independent latents, or for a model that is asked by class one
/// class a row and one latent a column, so that a column shows what the class alone changes.
package struct SampleGrid: Sendable {
  /// `[N, latentCount]`.
  package let latents: Tensor
  /// The class of each; empty if the model is not asked by class.
  package let classes: [Int]
  /// Samples in a row; nil for the nearest square.
  package let columns: Int?
  /// What is completed; nil for a model without a context.
  package let completion: Completion?

  /// Contexts as they are shown.
  package struct Completion: Sendable {
    /// `[N, size…, C + 1]`.
    package let contexts: Tensor
    /// What they were cut from, `[N, size…, C]`; nil of a person's own.
    package let originals: Tensor?
    /// Whether places without a mask are hidden, rather than known about.
    let hidesPlaces: Bool

    /// The values of contexts, `[N, size…, C]`: hidden places of images are mid-grey, of volumes empty.
    package var shown: Tensor {
      let channels = contexts.shape.channels - 1
      let values = contexts.channels(0..<channels)
      // Hidden values are 0, which is mid-grey.
      guard hidesPlaces, contexts.shape.rank == 5 else { return values }
      return values + contexts.channels(channels..<channels + 1).adding(-1)
    }
  }

  /// Samples of given latents and classes.
  init(latents: Tensor, classes: [Int], columns: Int?) {
    self.latents = latents
    self.classes = classes
    self.columns = columns
    completion = nil
  }

  /// - Parameters:
  ///   - count: samples. With one class a row there are fewer, if the classes do not divide it, but one of
  ///     each class at the least as long as there are as many.
  ///   - only: the class of all; nil for one class a row.
  ///   - source: of the latents, keyed by the run's seed as a rule.
  /// - Throws: `DatasetError` where a sample that a context is cut from cannot be read.
  package init(
    count: Int, of model: any Model, only: Int? = nil, _ source: LatentSource
  ) throws(DatasetError) {
    guard model.classCount > 0, only == nil else {
      let drawn = try source.draw(0..<count)
      latents = drawn.latents
      classes = only.map { Array(repeating: $0, count: count) } ?? []
      columns = nil
      let shape = model.sampleShape
      let contextShape = shape.replacingChannels(by: shape.channels + 1)
      completion = model.context.map {
        Completion(
          contexts: drawn.latents.reshaped(Shape([count] + contextShape.extents)),
          originals: drawn.originals, hidesPlaces: $0.keepsKnown)
      }
      return
    }
    let rows = min(model.classCount, count)
    let columns = max(1, count / rows)
    let row = try source.draw(0..<columns).latents
    latents = Tensor.concatenated(Array(repeating: row, count: rows))
    classes = (0..<rows).flatMap { Array(repeating: $0, count: columns) }
    self.columns = columns > 1 ? columns : nil
    completion = nil
  }

  /// The cells of a picture of samples, `[N, size…, C]`, and how many stand in a row: the samples or, of a
  /// model with a context, for each its context, the sample and, where there is one, the original, so many
  /// beside each other that the picture is nearly square.
  package func cells(of samples: Tensor) -> (cells: Tensor, columns: Int?) {
    guard let completion else { return (samples, columns) }
    let parts = [completion.shown, samples] + [completion.originals].compactMap(\.self)
    let count = samples.shape[0]
    let inRow = max(1, Int((Double(count) / Double(parts.count)).squareRoot().rounded()))
    let cells = (0..<count).flatMap { sample in parts.map { $0.rows(sample..<sample + 1) } }
    return (Tensor.concatenated(cells), inRow * parts.count)
  }
}
