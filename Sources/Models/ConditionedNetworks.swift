import Autograd
import Networks
import TensorCore

/// A generator with what tells it the class. Names are PyTorch's: `main.0.weight`, `embedding.weight`.
struct Generator {
  /// The layers behind the input.
  let main: Sequential
  /// The classes' vectors, `[classes, depth]`.
  let embedding: Embedding?

  init(_ main: Sequential, _ condition: ClassCondition?) {
    self.main = main
    embedding = condition.map { Embedding(count: $0.classes, depth: $0.depth) }
  }

  /// Samples of `latents`, `[N, …, latent]`, each with the vector of its class behind it.
  func callAsFunction(_ latents: Variable, classes: [Int]) -> Variable {
    guard let embedding else { return main(latents) }
    let vectors = embedding(classes, on: latents.tape)
    return main(
      latents.appendingChannels(vectors.reshaped(latents.shape.replacingChannels(by: vectors.shape[1]))))
  }
}

extension Generator {
  /// How it is told the class, for other programs.
  var classPart: NetworkDescription.ClassPart? {
    embedding.map { .input(table: .init("embedding", $0)) }
  }
}

/// What a discriminator says of samples.
struct DiscriminatorOutput {
  /// One score a sample.
  let scores: Variable
  /// Logits of the classes, `[N, classes]`, if it tells them.
  let classes: Variable?
}

/// A discriminator with what tells it, or lets it tell, the class. Names are PyTorch's: `main.0.weight`,
/// `embedding.weight`, `auxiliary.weight`.
struct Discriminator {
  /// The layers from samples to scores.
  let main: Sequential
  /// The classes' vectors.
  let embedding: (any VectorTable)?
  /// From the features in front of the last layer to the classes' logits.
  let auxiliary: (any Layer)?
  private let form: ClassCondition.Form?

  /// A discriminator that knows nothing of classes.
  init(_ main: Sequential) {
    self.init(main, nil, embedding: nil, auxiliary: nil)
  }

  /// - Parameters:
  ///   - embedding: a table of vectors, of a sample's places or of the features' channels; for the first two
  ///     forms.
  ///   - auxiliary: a layer with one output a class; for the third.
  init(
    _ main: Sequential, _ form: ClassCondition.Form?, embedding: (any VectorTable)?, auxiliary: (any Layer)?
  ) {
    precondition((embedding != nil) == (form == .embedding || form == .projection), "a table of vectors")
    precondition((auxiliary != nil) == (form == .auxiliary), "a layer for the classes")
    self.main = main
    self.form = form
    self.embedding = embedding
    self.auxiliary = auxiliary
  }

  /// Scores of `samples`, `[N, …, C]`.
  /// - Parameter classes: the class of each; not read by a discriminator that is not told.
  func callAsFunction(_ samples: Variable, classes: [Int]) -> DiscriminatorOutput {
    guard let form else { return DiscriminatorOutput(scores: main(samples), classes: nil) }
    if form == .embedding, let embedding {
      let vectors = embedding(classes, on: samples.tape)
      let places = samples.value.count / samples.shape[0] / samples.shape.channels
      let beside = vectors.reshaped(samples.shape.replacingChannels(by: vectors.shape[1] / places))
      return DiscriminatorOutput(scores: main(samples.appendingChannels(beside)), classes: nil)
    }
    let features = Sequential(Array(main.layers.dropLast()))(samples)
    let scores = main.layers[main.layers.count - 1](features)
    if let auxiliary {
      let logits = auxiliary(features)
      return DiscriminatorOutput(
        scores: scores, classes: logits.reshaped([samples.shape[0], logits.shape.channels]))
    }
    guard let embedding else { preconditionFailure("a projection has a table") }
    let sums = features.sum(along: Array(1..<(features.shape.rank - 1)))
      .reshaped([samples.shape[0], features.shape.channels])
    let products = (sums * embedding(classes, on: samples.tape)).sum(along: [1])
    return DiscriminatorOutput(scores: scores + products.reshaped(scores.shape), classes: nil)
  }

  /// How it is told the class, for other programs.
  var classPart: NetworkDescription.ClassPart? {
    embedding.map { table in
      let named = NetworkDescription.NamedTable("embedding", table)
      return form == .embedding ? .input(table: named) : .projection(table: named)
    }
  }

  /// How it tells one of so many classes, for other programs.
  func classLogits(of classes: Int) -> NetworkDescription.FurtherOutput? {
    (auxiliary as? any DescribedLayer).map {
      .init(.init("auxiliary", $0), output: .init("class_logits", [classes]))
    }
  }

  /// One step of the power method wherever weights are spectrally normalised.
  func iterateSpectralNorms() {
    main.iterateSpectralNorms()
    (embedding as? any SpectrallyNormalized)?.iterate()
    (auxiliary as? any SpectrallyNormalized)?.iterate()
  }
}

extension [Network] {
  /// A generator with its average, and a discriminator, with uninitialised parameters.
  /// - Parameters:
  ///   - weightLimit: what the discriminator's weights are cut off at.
  ///   - isSpectral: whether the discriminator has spectrally normalised layers.
  static func adversarial(
    generator: Generator, average: Generator, discriminator: Discriminator, weightLimit: Float?,
    isSpectral: Bool
  ) -> [Network] {
    [
      Network(named: "generator", generator, average: average),
      Network(
        ParameterStore(name: "discriminator", module: discriminator), weightLimit: weightLimit,
        afterUpdate: isSpectral ? { discriminator.iterateSpectralNorms() } : nil),
    ]
  }
}
