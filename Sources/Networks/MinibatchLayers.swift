public import Autograd
import TensorCore

/// A layer that compares the samples of a group, so that a discriminator sees collapse.
///
/// A group is `group` samples that follow one another. The trainer cuts the global batch into micro-batches
/// at the same places on every world size, and a group never crosses a micro-batch: so sample *i* of the
/// global batch is always compared with the same others, by the rank that computes its micro-batch anyway.
/// Nothing is communicated, and no bit depends on the number of ranks.
protocol GroupComparing: Layer {
  /// Samples of a group.
  var group: Int { get }
}

extension GroupComparing {
  /// The number of groups of `input`, `[N, …]`.
  func groups(of input: Variable) -> Int {
    precondition(
      input.shape[0].isMultiple(of: group), "\(input.shape[0]) samples are cut into groups of \(group)")
    return input.shape[0] / group
  }

  /// `input` with further channels: `values`, `[N, c]`, the same at all places of a sample.
  func appending(_ values: Variable, to input: Variable) -> Variable {
    let extents = input.shape.extents
    let inner = [Int](repeating: 1, count: extents.count - 2)
    let spread = values.reshaped(Shape([extents[0]] + inner + [values.shape.channels]))
    return input.appendingChannels(
      spread.broadcast(to: input.shape.replacingChannels(by: values.shape.channels)))
  }
}

/// Minibatch standard deviation (Karras et al. 2018, "Progressive growing of GANs", section 3): `[N, …, C]`
/// to `[N, …, C + 1]`.
///
/// The deviation of every feature at every place over the samples of a group, averaged over features and
/// places to one number a group, is a further channel of its samples.
public struct MinibatchStandardDeviation: GroupComparing {
  /// Samples of a group.
  public let group: Int
  /// Added to the variance, so that a group of equal samples has a slope.
  static let epsilon: Float = 1e-8

  /// - Precondition: a group has at least two samples.
  public init(group: Int) {
    precondition(group > 1, "one sample does not deviate")
    self.group = group
  }

  /// `[N, …, C]` to `[N, …, C + 1]`.
  /// - Precondition: N is a multiple of ``group``.
  public func callAsFunction(_ input: Variable) -> Variable {
    let (count, groups) = (input.shape[0], groups(of: input))
    let rows = input.reshaped([groups, group, input.value.count / count])
    let centred = rows - rows.mean(along: [1])
    let deviation = (centred.squared().mean(along: [1]) + Self.epsilon).squareRoot().mean(along: [2])
    return appending(deviation.broadcast(to: [groups, group, 1]).reshaped([count, 1]), to: input)
  }
}

/// Minibatch discrimination (Salimans et al. 2016, "Improved techniques for training GANs", section 3.2):
/// `[N, …, C]` to `[N, …, C + kernels]`.
///
/// With M = f(x) T as a matrix `[kernels, kernelSize]` a sample, o(xᵢ)_b = Σⱼ exp(-‖M_ib - M_jb‖₁) over the
/// samples j of its group, i among them; the kernels' outputs are further channels, the same at all places.
public struct MinibatchDiscrimination: GroupComparing {
  /// T as `[features, kernels · kernelSize]`.
  public let tensor: Parameter
  /// Samples of a group.
  public let group: Int
  private let kernels: Int
  private let kernelSize: Int

  /// - Parameters:
  ///   - features: numbers of a sample, over all places.
  ///   - kernels: B, the numbers that are added to a sample.
  ///   - kernelSize: C, the length of the vectors that are compared.
  ///   - initializer: of T; N(0, 0.02) unless given.
  /// - Precondition: a group has at least two samples, the other numbers are positive.
  public init(
    features: Int, kernels: Int, kernelSize: Int, group: Int,
    initializer: Initializer = .normal(mean: 0, deviation: 0.02)
  ) {
    precondition(group > 1 && min(features, kernels, kernelSize) > 0, "samples are compared by something")
    tensor = Parameter([features, kernels * kernelSize], initializer)
    self.group = group
    self.kernels = kernels
    self.kernelSize = kernelSize
  }

  /// `[N, …, C]` to `[N, …, C + kernels]`.
  /// - Precondition: N is a multiple of ``group``.
  public func callAsFunction(_ input: Variable) -> Variable {
    let (count, groups) = (input.shape[0], groups(of: input))
    let rows = input.reshaped([count, input.value.count / count])
    let vectors = rows.matrixProduct(input.tape.variable(for: tensor))
    let one = vectors.reshaped([groups, group, 1, kernels, kernelSize])
    let other = vectors.reshaped([groups, 1, group, kernels, kernelSize])
    let distances = (one - other).magnitude().sum(along: [4])
    let closeness = (-distances).exp().sum(along: [2])
    return appending(closeness.reshaped([count, kernels]), to: input)
  }
}
