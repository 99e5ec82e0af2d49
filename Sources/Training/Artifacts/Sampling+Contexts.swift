import Datasets
import Models
import Platform
import TensorCore

extension ContextRule {
  /// The contexts in a person's file, `[N, size…, C + 1]` for samples of `sampleShape`: of `box` and `piece` as
  /// they are there; of `coarse` whole samples, or samples of one place a block; of `grey` whole samples, whose
  /// channels may differ; of `pair` what is shown, or pairs of which a half is, of any size that those of
  /// `request` may have. Of the last three, transparent images are put on black, as data are.
  /// - Parameter remark: told of values that are hardly read as they were meant, and of `box` and `piece` how
  ///   many have nothing to complete.
  /// - Throws: `DatasetError`, see `PartialSamples`, also where none of `box` or `piece` has anything to
  ///   complete; ``SamplingError`` where parts of whole samples are unknown.
  func contexts(
    at path: String, sampleShape: Shape, as request: DatasetRequest, remark: (String) -> Void
  ) throws -> Tensor {
    switch kind {
    case .box, .piece: return try PartialSamples.fragments(path, sampleShape: sampleShape, remark: remark)
    case .grey:
      return cut(
        try Self.whole(
          PartialSamples.read(path, sampleShape: sampleShape, onBlack: true, remark: remark), at: path))
    case .coarse:
      let blocks = Shape(sampleShape.extents.dropLast().map { $0 / factor } + [sampleShape.channels])
      let read = try Self.whole(
        PartialSamples.read(path, sampleShape: sampleShape, blocks, onBlack: true, remark: remark), at: path)
      return read.shape[1] == sampleShape[0] ? cut(read) : repeated(read)
    case .pair:
      let read = try Self.whole(PartialSamples.read(path, fittedTo: request, remark: remark), at: path)
      return read.shape[2] == sampleShape[1] ? context(showing: Self.values(of: read)) : cut(read)
    }
  }

  /// Samples of which all is known.
  private static func whole(_ samples: Tensor, at path: String) throws -> Tensor {
    guard PartialSamples.wholeCount(samples) == samples.shape[0] else {
      throw SamplingError.partial(TerminalText.escaped(path))
    }
    return samples
  }

  /// What is shown of whole samples, by a rule that has nothing to draw.
  private func cut(_ samples: Tensor) -> Tensor {
    self(
      Self.values(of: samples), noise: Tensor(repeating: 0.5, shape: [samples.shape[0], Self.noiseCount]))
  }

  private static func values(of samples: Tensor) -> Tensor {
    samples.channels(0..<samples.shape.channels - 1)
  }

  /// Each place of `[N, size / factor…, C + 1]` repeated over its block, and no value known exactly.
  private func repeated(_ coarse: Tensor) -> Tensor {
    let (small, channels) = (coarse.shape[1], coarse.shape.channels - 1)
    let (side, axes) = (small * factor, coarse.shape.rank - 2)
    let shape = Shape([coarse.shape[0]] + Array(repeating: side, count: axes) + [channels])
    let blocks = (0..<shape.rows).map { place in
      var (rest, block, stride) = (place, 0, 1)
      for _ in 0..<axes {
        block += rest % side / factor * stride
        rest /= side
        stride *= small
      }
      return block + rest * stride
    }
    return context(
      showing: Self.values(of: coarse).reshaped([coarse.shape.rows, channels]).gatherRows(blocks)
        .reshaped(shape))
  }
}

extension PartialSamples {
  /// Samples that are to be completed, as ``read(_:sampleShape:remark:)`` has them.
  /// - Throws: `DatasetError`, also where all is known of every one: its completion would be a copy.
  fileprivate static func fragments(
    _ path: String, sampleShape: Shape, remark: (String) -> Void
  ) throws(DatasetError) -> Tensor {
    let samples = try read(path, sampleShape: sampleShape, remark: remark)
    let (whole, count) = (wholeCount(samples), samples.shape[0])
    guard whole < count else {
      throw DatasetError(
        .unsuitable, "nothing is unknown, so there is nothing to complete", TerminalText.escaped(path),
        "make what is to be completed transparent in a PNG, or NaN in a NumPy array of floats")
    }
    if whole > 0 { remark("\(whole) of \(count) fragments have nothing unknown and stay as they are") }
    return samples
  }

  /// How many of samples `[N, size…, C + 1]` are known everywhere.
  fileprivate static func wholeCount(_ samples: Tensor) -> Int {
    let last = samples.shape.channels - 1
    let mask = samples.channels(last..<last + 1)
    return (0..<mask.shape[0]).count { mask.rows($0..<$0 + 1).scalars.allSatisfy { $0 == 1 } }
  }
}

extension LatentSource {
  /// The contexts that samples of a run are made of: those of a file or, without one, cut from the data of
  /// `options`. Noise for a model without a context, beside what it is to complete if there is a file.
  /// - Parameters:
  ///   - remark: told of values of a file that are hardly read as they were meant.
  ///   - opened: told of the data, if contexts are cut from these.
  /// - Throws: ``SamplingError`` for a file that the model has no use for; `DatasetError`.
  init(
    of model: any Model, file: String?, _ options: Options, seed: UInt64, remark: (String) -> Void,
    opened: (any ImageDataset) -> Void
  ) throws {
    if let file {
      self = try Self.given(file, to: model, DatasetRequest(options), seed: seed, remark)
      return
    }
    guard model.context != nil else {
      self.init(of: model, seed: seed, purpose: .samples)
      return
    }
    let dataset: any ImageDataset
    do throws(DatasetError) {
      dataset = try Datasets.open(DatasetRequest(options))
    } catch {
      throw error.advising("or give contexts of your own with --context FILE")
    }
    opened(dataset)
    self.init(of: model, cutting: dataset, seed: seed, purpose: .samples)
  }

  private static func given(
    _ file: String, to model: any Model, _ request: DatasetRequest, seed: UInt64, _ remark: (String) -> Void
  ) throws -> LatentSource {
    do {
      if let rule = model.context {
        return LatentSource(
          contexts: try rule.contexts(at: file, sampleShape: model.sampleShape, as: request, remark: remark))
      }
      guard let model = model as? any CompletingModel else { throw SamplingError.noContext }
      return LatentSource(
        completing: try PartialSamples.fragments(file, sampleShape: model.sampleShape, remark: remark),
        by: model,
        seed: seed)
    } catch let error as DatasetError where error.kind == .missing {
      throw DatasetError(.missing, error.problem, error.place, "check what --context names")
    }
  }
}
