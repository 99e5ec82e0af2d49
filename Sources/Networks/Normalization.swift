public import Autograd
import TensorCore

/// (x - mean) / √(variance + ε) with the moments of `axes`, variance biased.
private func standardized(_ input: Variable, along axes: [Int], epsilon: Float) -> Variable {
  let centred = input - input.mean(along: axes)
  let variance = centred.squared().mean(along: axes)
  return centred / (variance + epsilon).squareRoot()
}

/// Batch normalisation (Ioffe and Szegedy 2015) of `[N, spatial…, C]` over all but the channel axis, then
/// scale and shift. The batch is one micro-batch, whatever the world size.
public func batchNorm(
  _ input: Variable, weight: Variable, bias: Variable, epsilon: Float = 1e-5
) -> Variable {
  input.batchNormalized(weight: weight, bias: bias, epsilon: epsilon).output
}

/// Layer normalisation (Ba et al. 2016) over the innermost axis, then scale and shift.
public func layerNorm(
  _ input: Variable, weight: Variable, bias: Variable, epsilon: Float = 1e-5
) -> Variable {
  standardized(input, along: [-1], epsilon: epsilon) * weight + bias
}

/// Group normalisation (Wu and He 2018) of `[N, spatial…, C]`: moments per sample and group of channels.
/// - Precondition: `groups` divides C.
public func groupNorm(
  _ input: Variable, groups: Int, weight: Variable, bias: Variable, epsilon: Float = 1e-5
) -> Variable {
  let shape = input.shape
  precondition(shape.channels % groups == 0, "\(groups) groups do not divide \(shape.channels) channels")
  let split: Shape = [
    shape[0], shape.count / (shape[0] * shape.channels), groups, shape.channels / groups,
  ]
  let result = standardized(input.reshaped(split), along: [1, 3], epsilon: epsilon)
  return result.reshaped(shape) * weight + bias
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
      return switch activation {
      case .identity: output
      case .relu: output.relu()
      case .leakyReLU(let slope): output.leakyReLU(slope: slope)
      }
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
