import Autograd
import Networks
import TensorCore

/// A residual block of a ``UNet``.
struct UNetBlockShape: Hashable, Sendable {
  /// Where the network has it: `down.1.0`.
  let place: String
  /// Height and width.
  let pixels: Int
  /// Channels of what it is given.
  let inputs: Int
  /// Channels of what it gives.
  let outputs: Int

  /// Whether the input has to be brought to other channels.
  var hasShortcut: Bool { inputs != outputs }
}

extension Diffusion.Configuration {
  /// Sides between the full size and 8 pixels.
  var levels: Int { (size / 8).trailingZeroBitCount + 1 }
  /// Length of the code of a time.
  var embeddingDepth: Int { 4 * features }

  /// The blocks of each level on the way down, from the full size.
  var down: [[UNetBlockShape]] {
    (0..<levels).map { level in
      shapes("down", level, inputs: level == 0 ? features : features << (level - 1))
    }
  }

  /// The blocks of each level but the last on the way up, from the full size.
  var up: [[UNetBlockShape]] {
    (0..<levels - 1).map { level in
      shapes("up", level, inputs: features << (level + 1) + features << level)
    }
  }

  private func shapes(_ way: String, _ level: Int, inputs: Int) -> [UNetBlockShape] {
    let outputs = features << level
    return (0..<blocks).map { block in
      UNetBlockShape(
        place: "\(way).\(level).\(block)", pixels: size >> level, inputs: block == 0 ? inputs : outputs,
        outputs: outputs)
    }
  }

  private var allBlocks: [UNetBlockShape] { Array((down + up.reversed()).joined()) }

  /// The convolutions in order of application.
  public var convolutions: [ConvolutionShape] {
    let network = UNet(self)
    func convolution(_ place: String, _ layer: Convolution, _ pixels: Int) -> ConvolutionShape {
      ConvolutionShape(
        "denoiser", at: place, weight: layer.weight.shape, layer.geometry, extents: [pixels, pixels],
        readsInput: place == "stem")
    }
    let inner = zip(allBlocks, network.blocks).flatMap { shape, block in
      [("first", block.first), ("second", block.second), ("shortcut", block.shortcut)].compactMap {
        part, layer in
        layer.map { convolution("\(shape.place).\(part)", $0, shape.pixels) }
      }
    }
    return [convolution("stem", network.stem, size)] + inner + [convolution("head", network.head, size)]
  }

  /// The weights of dense layers: the time's code, and what each block takes of it.
  var denseWeights: Double {
    let network = UNet(self)
    return countWeights(of: network.embedding, network.blocks.map(\.modulation))
  }

  /// The weights of all layers and of the table of classes, without those of norms and the biases, which are
  /// few.
  public var weightCount: Double { countWeights(of: UNet(self)) }

  /// The least memory, in bytes, that a rank needs to train with `samples` of a step's samples in
  /// micro-batches of `microBatch`; as
  /// ``ConvolutionalGAN/Configuration/bytesPerRank(samples:microBatch:mebibytes:keepsFakes:)``.
  /// - Parameter acrossNodes: whether gradients travel between nodes.
  public func bytesPerRank(samples: Int, microBatch: Int, acrossNodes: Bool) -> Double {
    let pixels = Double(size * size) * Double(channels)
    let most = min(samplesPerPass(acrossNodes: acrossNodes), MicroBatch.mostParts * microBatch)
    let together = MicroBatch.samplesTogether(of: samples, microBatch: microBatch, most: most)
    let gradients = (together / Double(microBatch) - 1) * weightCount
    // On the way back as much again as half of what is kept, at the least.
    return 4 * (8 * weightCount + gradients + Double(samples) * pixels + 1.5 * together * activations)
  }

  /// Values that are kept of a sample: of each block what both norms give, both convolutions, the sum and the
  /// shortcut; what is upsampled, joined and pooled.
  private var activations: Double {
    let full = Double(size * size)
    let inner = allBlocks.reduce(0.0) { sum, block in
      let places = Double(block.pixels * block.pixels)
      return sum + places * Double(block.inputs + (block.hasShortcut ? 5 : 4) * block.outputs)
    }
    let joined = up.reduce(0.0) { sum, blocks in
      sum + Double(blocks[0].pixels * blocks[0].pixels) * Double(2 * blocks[0].inputs)
    }
    return inner + joined + full * Double(2 * features + 6 * channels)
  }

  /// See ``Model/samplesPerPass(acrossNodes:)``: several micro-batches where gradients travel between nodes;
  /// otherwise one, whose values stay in the caches. Rows of a table of classes are not added up by parts.
  func samplesPerPass(acrossNodes: Bool) -> Int {
    acrossNodes && classes == 0 ? MicroBatch.samplesPerPass(activations: activations, mebibytes: 128) : 0
  }
}
