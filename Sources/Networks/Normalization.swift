public import Autograd
public import TensorCore

/// (x - mean) / √(variance + ε) with the moments of `axes`, variance biased.
private func standardized(_ input: Variable, along axes: [Int], epsilon: Float) -> Variable {
  let centred = input - input.mean(along: axes)
  let variance = centred.squared().mean(along: axes)
  return centred / (variance + epsilon).squareRoot()
}

/// Layer normalisation (Ba et al. 2016) over the innermost axis, then scale and shift.
public func layerNorm(
  _ input: Variable, weight: Variable, bias: Variable, epsilon: Float = 1e-5
) -> Variable {
  standardized(input, along: [-1], epsilon: epsilon) * weight + bias
}

/// Instance normalisation (Ulyanov et al. 2016) of `[N, spatial…, C]`: moments per sample and channel.
public func instanceNorm(_ input: Variable, epsilon: Float = 1e-5) -> Variable {
  standardized(input, along: Array(1..<(input.shape.rank - 1)), epsilon: epsilon)
}

/// Batch normalisation with running statistics for inference.
///
/// While training, each micro-batch is normalised by its own moments and hands them to the tape; the trainer
/// averages them over all micro-batches of the step before they move the running statistics, so that those do
/// not depend on the world size either.
public struct BatchNorm: DescribedLayer, RectifierFusing {
  /// Scale, `[C]`.
  public let weight: Parameter
  /// Shift, `[C]`.
  public let bias: Parameter
  /// Mean for inference, `[C]`.
  public let runningMean: Buffer
  /// Unbiased variance for inference, `[C]`.
  public let runningVar: Buffer
  private let epsilon: Float
  private let momentum: Float

  /// Normalisation of `channels` channels.
  public init(
    channels: Int, epsilon: Float = 1e-5, momentum: Float = 0.1, initializer: Initializer = .constant(1)
  ) {
    weight = Parameter([channels], initializer)
    bias = Parameter([channels], .constant(0))
    runningMean = Buffer([channels], initialValue: 0)
    runningVar = Buffer([channels], initialValue: 1)
    self.epsilon = epsilon
    self.momentum = momentum
  }

  /// `[N, spatial…, C]` to the same shape.
  public func callAsFunction(_ input: Variable) -> Variable { self(input, activation: .identity) }

  /// The running statistics, then scale and shift.
  public var operation: LayerOperation {
    .batchNorm(
      scale: weight.value, shift: bias.value, mean: runningMean.value, variance: runningVar.value,
      epsilon: epsilon)
  }

  func callAsFunction(_ input: Variable, activation: FusedActivation) -> Variable {
    let tape = input.tape
    let scale = tape.variable(for: weight)
    let shift = tape.variable(for: bias)
    switch tape.mode {
    case .training:
      let (output, mean, variance) = input.batchNormalized(
        weight: scale, bias: shift, epsilon: epsilon, activation: activation)
      let count = Float(input.shape.rows / input.parts)
      tape.collect(
        BatchStatistics(
          runningMean: runningMean, runningVariance: runningVar, momentum: momentum, mean: mean,
          variance: variance.multiplied(by: count / max(count - 1, 1))))
      return output
    case .inference:
      let inverse = tape.constant(runningVar.value.adding(epsilon).squareRoot())
      let output = (input - tape.constant(runningMean.value)) / inverse * scale + shift
      return activation == .identity ? output : output.leakyReLU(slope: activation.slope)
    }
  }
}

/// Layer normalisation with a learned scale and shift.
public struct LayerNorm: Layer {
  /// Scale, `[C]`.
  public let weight: Parameter
  /// Shift, `[C]`.
  public let bias: Parameter

  /// Normalisation over `channels` innermost elements.
  public init(channels: Int) {
    weight = Parameter([channels], .constant(1))
    bias = Parameter([channels], .constant(0))
  }

  /// `[…, C]` to the same shape.
  public func callAsFunction(_ input: Variable) -> Variable {
    layerNorm(input, weight: input.tape.variable(for: weight), bias: input.tape.variable(for: bias))
  }
}

/// Group normalisation with a learned scale and shift.
public struct GroupNorm: DescribedLayer, RectifierFusing {
  /// Scale, `[C]`.
  public let weight: Parameter
  /// Shift, `[C]`.
  public let bias: Parameter
  /// What is added to each variance.
  public static let epsilon: Float = 1e-5
  private let groups: Int

  /// Normalisation of `groups` equal groups of neighbouring channels.
  /// - Precondition: `groups` divides `channels`.
  public init(groups: Int, channels: Int) {
    precondition(channels.isMultiple(of: groups), "\(groups) groups do not divide \(channels) channels")
    weight = Parameter([channels], .constant(1))
    bias = Parameter([channels], .constant(0))
    self.groups = groups
  }

  /// `[N, …, C]` to the same shape.
  public func callAsFunction(_ input: Variable) -> Variable { self(input, activation: .identity) }

  /// The same, then `activation` in the same pass over memory.
  public func callAsFunction(_ input: Variable, activation: FusedActivation) -> Variable {
    input.groupNormalized(
      groups: groups, weight: input.tape.variable(for: weight), bias: input.tape.variable(for: bias),
      epsilon: Self.epsilon, activation: activation)
  }

  /// Group normalisation with scale and shift.
  public var operation: LayerOperation {
    .groupNorm(
      groups: groups, channels: weight.shape.count, affine: (weight.value, bias.value), epsilon: Self.epsilon)
  }
}
