import Autograd
import Networks
import TensorCore

/// The network of a diffusion model: a U-Net (Ronneberger et al. 2015) of residual blocks as in Ho et al.
/// (2020, appendix B), without attention.
///
/// Each level halves the side by a mean and doubles the channels, down to 8 pixels; on the way up each is
/// joined by what its counterpart on the way down gave. Rectifiers are fused with the norms in front of them,
/// which SiLU is not.
struct UNet {
  /// Of the time's sines and cosines.
  let embedding: [any DescribedLayer]
  /// Vectors of the classes, and last that of none, beside the time's; nil if there are no classes.
  let classes: Embedding?
  /// How many sines there are.
  let waves: Int
  let stem: Convolution
  /// The blocks of each level from the full size down; those of the last level are the bottom.
  let down: [[UNetBlock]]
  /// The blocks of each level but the last, from the full size down.
  let up: [[UNetBlock]]
  let norm: GroupNorm
  let head: Convolution

  /// All blocks in order of application.
  var blocks: [UNetBlock] { Array((down + up.reversed()).joined()) }

  init(_ configuration: Diffusion.Configuration) {
    let (features, depth) = (configuration.features, configuration.embeddingDepth)
    waves = features
    embedding = [Linear(from: 2 * waves, to: depth), Rectifier(), Linear(from: depth, to: depth)]
    classes = configuration.classes > 0 ? Embedding(count: configuration.classes + 1, depth: depth) : nil
    stem = Convolution(from: configuration.channels, to: features, .three, bias: false)
    down = configuration.down.map { $0.map { UNetBlock($0, embedding: depth) } }
    up = configuration.up.map { $0.map { UNetBlock($0, embedding: depth) } }
    norm = GroupNorm(groups: UNetBlock.groups(of: features), channels: features)
    // Of zeros: training begins with the prediction 0.
    head = Convolution(
      from: features, to: configuration.channels, .three, initializer: .constant(0))
  }

  /// `[N, H, W, C]` at `times`, `[N, 1]` from 0 to 1, to the same shape.
  /// - Parameter labels: the class of each, or the number of classes for none; not read if there are no
  ///   classes.
  func callAsFunction(_ noisy: Variable, times: Tensor, labels: [Int]) -> Variable {
    let ofTime = Sequential(embedding)(noisy.constant(waves(at: times)))
    let code = (classes.map { ofTime + $0(labels, on: noisy.tape) } ?? ofTime).relu()
    var result = stem(noisy)
    var skipped: [Variable] = []
    for (level, blocks) in down.enumerated() {
      if level > 0 { result = result.averagePool(kernel: 2, stride: 2) }
      for block in blocks { result = block(result, code) }
      if level < down.count - 1 { skipped.append(result) }
    }
    for level in up.indices.reversed() {
      result = result.upsampleNearest(scale: 2).appendingChannels(skipped[level])
      for block in up[level] { result = block(result, code) }
    }
    return Sequential([norm, Rectifier(), head])(result)
  }
}

extension UNet {
  /// 1000 times a geometric series from 1 towards 1/10000 (Vaswani et al. 2017, section 3.5, with Ho et al.'s
  /// thousand steps of time): `[1, waves]`.
  var frequencies: Tensor {
    let places = Tensor((0..<waves).map(Float.init), shape: [1, waves])
    return places.multiplied(by: -Float(9.210_340_4) / Float(waves)).exp().multiplied(by: 1000)
  }

  /// Sines and cosines of t times the frequencies: `[N, 1]` to `[N, 2 · waves]`.
  private func waves(at times: Tensor) -> Tensor {
    let phases = times * frequencies
    return phases.sin().appendingChannels(phases.cos())
  }
}

/// Two convolutions of 3 x 3 around the input, each behind a group norm and a rectifier; the second norm
/// takes scale and shift of each sample from the code of time and class (Dhariwal and Nichol 2021, section
/// 3.1, "adaptive group normalization"). Channels that change take a shortcut of 1 x 1.
struct UNetBlock {
  let norm: GroupNorm
  let first: Convolution
  /// From the code to scales, less 1, and shifts.
  let modulation: Linear
  let second: Convolution
  let shortcut: Convolution?
  let channels: Int

  /// As many groups of channels as there may be up to 8.
  static func groups(of channels: Int) -> Int { (1...8).last { channels.isMultiple(of: $0) } ?? 1 }

  init(_ shape: UNetBlockShape, embedding depth: Int) {
    channels = shape.outputs
    norm = GroupNorm(groups: Self.groups(of: shape.inputs), channels: shape.inputs)
    first = Convolution(from: shape.inputs, to: shape.outputs, .three, bias: false)
    modulation = Linear(from: depth, to: 2 * shape.outputs)
    // Of zeros, so that every block begins as its shortcut.
    second = Convolution(
      from: shape.outputs, to: shape.outputs, .three, bias: false, initializer: .constant(0))
    shortcut =
      shape.hasShortcut
      ? Convolution(from: shape.inputs, to: shape.outputs, .whole(1), bias: false) : nil
  }

  /// `[N, H, W, inputs]` and codes `[N, depth]` to `[N, H, W, outputs]`.
  func callAsFunction(_ input: Variable, _ code: Variable) -> Variable {
    let scaleAndShift = modulation(code)
    let hidden = first(norm(input, activation: .relu)).groupNormalized(
      groups: Self.groups(of: channels), weight: scaleAndShift.channels(0..<channels) + 1,
      bias: scaleAndShift.channels(channels..<2 * channels), epsilon: GroupNorm.epsilon, activation: .relu)
    return second(hidden) + (shortcut.map { $0(input) } ?? input)
  }
}
