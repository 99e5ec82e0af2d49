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

  /// Samples of given latents and classes.
  init(latents: Tensor, classes: [Int], columns: Int?) {
    self.latents = latents
    self.classes = classes
    self.columns = columns
  }

  /// - Parameters:
  ///   - count: samples. With one class a row there are fewer, if the classes do not divide it, but one of
  ///     each class at the least as long as there are as many.
  ///   - only: the class of all; nil for one class a row.
  ///   - noise: of the latents, keyed by the run's seed as a rule.
  package init(count: Int, of model: any Model, only: Int? = nil, _ noise: KeyedNoise) {
    let length = model.latentCount
    guard model.classCount > 0, only == nil else {
      latents = noise.normal([count, length])
      classes = only.map { Array(repeating: $0, count: count) } ?? []
      columns = nil
      return
    }
    let rows = min(model.classCount, count)
    let columns = max(1, count / rows)
    let row = noise.normal([columns, length])
    latents = Tensor.concatenated(Array(repeating: row, count: rows))
    classes = (0..<rows).flatMap { Array(repeating: $0, count: columns) }
    self.columns = columns > 1 ? columns : nil
  }
}
