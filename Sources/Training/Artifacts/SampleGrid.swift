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
  /// What is completed; nil where nothing is.
  package let completion: Completion?
  private let fragments: Fragments?

  /// Contexts as they are shown.
  package struct Completion: Sendable {
    /// `[N, size…, C + 1]`.
    package let contexts: Tensor
    /// What is to be made of them, `[N, size…, C]`; nil of a person's own.
    package let originals: Tensor?
    /// Whether places without a mask are hidden, rather than known about.
    let hidesPlaces: Bool
    /// After how many samples one is of the same context again, of samples of one class.
    let period: Int

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
    fragments = nil
  }

  /// - Parameters:
  ///   - count: samples. With one class a row there are fewer, if the classes do not divide it, but one of
  ///     each class at the least as long as there are as many, or as many for each fragment.
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
      fragments = drawn.fragments
      let shape = model.sampleShape
      let contextShape = shape.replacingChannels(by: shape.channels + 1)
      completion =
        model.context.map {
          Completion(
            contexts: drawn.latents.reshaped(Shape([count] + contextShape.extents)),
            originals: drawn.originals, hidesPlaces: $0.keepsKnown, period: count)
        } ?? Completion(fragments, source)
      return
    }
    let rows = min(model.classCount, max(1, count / (source.fragmentCount ?? 1)))
    let columns = max(1, count / rows)
    let row = try source.draw(0..<columns)
    latents = Tensor.concatenated(Array(repeating: row.latents, count: rows))
    classes = (0..<rows).flatMap { Array(repeating: $0, count: columns) }
    self.columns = columns > 1 ? columns : nil
    fragments = row.fragments?.repeated(rows)
    completion = Completion(fragments, source)
  }

  /// What `model` makes of the latents, `[N, size…, C]`.
  /// - Parameter isAveraged: whether the moving averages make it, where there are any.
  func samples(by model: any Model, isAveraged: Bool = true) -> Tensor {
    model.samples(
      latents, completing: fragments, classes: model.classCount > 0 ? classes : nil, isAveraged: isAveraged)
  }
}

extension SampleGrid.Completion {
  /// Of fragments, if there are any.
  fileprivate init?(_ fragments: Fragments?, _ source: LatentSource) {
    guard let fragments, let period = source.fragmentCount else { return nil }
    self.init(contexts: fragments.contexts, originals: nil, hidesPlaces: true, period: period)
  }
}

extension SampleGrid {
  /// The cells of a picture of samples, `[N, size…, C]`, and how many stand in a row: the samples or, where
  /// contexts are completed, for each the context, what was made of it and, where there is one, the original.
  /// A row is one context of which several samples were made, or one class; otherwise so many contexts that
  /// the picture is nearly square. Of a context with many samples several rows begin. Mid-grey where one
  /// context has a sample less than others, or the last of its rows is not full.
  package func cells(of samples: Tensor) -> (cells: Tensor, columns: Int?) {
    guard let completion else { return (samples, columns) }
    let (count, shown) = (samples.shape[0], completion.shown)
    let width = columns ?? count
    let contexts = min(completion.period, width)
    let turns = (width + contexts - 1) / contexts
    let parts = 1 + turns + (completion.originals == nil ? 0 : 1)
    let square = max(1, Int((Double(count) / Double(parts)).squareRoot().rounded()))
    let inRow = columns != nil ? contexts : turns > 1 ? 1 : square
    let most = max(Self.leastLongRow, Int(Double(count).squareRoot().rounded(.up)))
    let rows = inRow > 1 ? 1 : (turns + most - 1) / most
    let turnsInRow = (turns + rows - 1) / rows
    let none = Tensor(repeating: 0, shape: Shape([1] + samples.shape.extents.dropFirst()))
    var cells: [Tensor] = []
    for start in stride(from: 0, to: count, by: width) {
      for place in start..<start + contexts {
        for turn in 0..<rows * turnsInRow {
          if turn % turnsInRow == 0 { cells.append(shown.rows(place..<place + 1)) }
          let sample = place + turn * contexts
          cells.append(sample < start + width ? samples.rows(sample..<sample + 1) : none)
        }
        if let originals = completion.originals { cells.append(originals.rows(place..<place + 1)) }
      }
    }
    return (Tensor.concatenated(cells), inRow * (parts - turns + turnsInRow))
  }

  /// Samples of one context that stay in one row, however few rows there are.
  private static let leastLongRow = 10
}
