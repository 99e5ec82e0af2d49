/// Random numbers keyed by (seed, purpose, turn) and indexed by position, so that what a sample gets depends
/// on its place in the global batch and not on the rank that computes it.
public struct KeyedNoise: Sendable {
  /// What the numbers are for; part of the key, so that no two uses share a stream. A new one gets a number
  /// below 256 that none has had: 5 and 16 to 19 are used up.
  public enum Purpose: UInt32, CaseIterable, Sendable {
    /// Initial parameters.
    case parameters = 1
    /// Latent vectors of training.
    case latents = 2
    /// Latent vectors of sample grids.
    case samples = 3
    /// Interpolation of a gradient penalty.
    case interpolation = 4
    /// Data augmentation of the real samples of a discriminator's turn.
    case augmentation = 6
    /// Synthetic samples: those of mixtures of Gaussians, and the inputs of benchmarks and tests.
    case synthetic = 7
    /// Instance noise on the real samples of a discriminator's turn.
    case noiseOnReals = 8
    /// Instance noise on the fakes of a discriminator's turn.
    case noiseOnFakes = 9
    /// Instance noise on the fakes of a generator's turn.
    case noiseOnGenerated = 10
    /// Latent vectors of measurements.
    case measurement = 11
    /// Data augmentation of the fakes of a discriminator's turn.
    case augmentationOfFakes = 12
    /// Data augmentation of the fakes of a generator's turn.
    case augmentationOfGenerated = 13
    /// Data augmentation of the points of a gradient penalty.
    case augmentationOfPoints = 14
    /// Perturbation of real samples for a gradient penalty.
    case perturbation = 15
    /// Classes that fakes are asked for by.
    case classes = 20
    /// Which past fakes a discriminator sees again, and which are forgotten.
    case replay = 21
    /// Which images are stacked into a sample.
    case stacking = 22
    /// Instance noise on the points of a gradient penalty.
    case noiseOnPoints = 23
    /// What the factors of compressed gradients begin with.
    case compression = 24
    /// Times of a diffusion model's samples.
    case times = 25
    /// Which samples a diffusion model is not told the class of.
    case classDropout = 26
    /// Where contexts are cut out of samples.
    case contexts = 27
    /// The noise of the passes in which a diffusion model completes a sample.
    case completion = 28
    /// What spreads the levels of images for a likelihood.
    case dequantization = 29

    /// Whether the numbers are uniform in (0, 1) rather than standard normal.
    public var isUniform: Bool {
      switch self {
      case .interpolation, .augmentation, .augmentationOfFakes, .augmentationOfGenerated,
        .augmentationOfPoints, .classes, .replay, .times, .classDropout, .contexts,
        .dequantization:
        true
      default: false
      }
    }
  }

  private let key: SIMD2<UInt32>
  private let turnLow: UInt32
  private let turnHighAndPurpose: UInt32

  /// - Parameter turn: which use of this purpose, below 2^56: a step, a turn or a parameter's ordinal.
  public init(seed: UInt64, purpose: Purpose, turn: Int) {
    precondition(turn >= 0 && turn < 1 << 56, "a turn is below 2^56")
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    turnLow = UInt32(truncatingIfNeeded: turn)
    turnHighAndPurpose = UInt32(turn >> 32) | purpose.rawValue << 24
  }

  /// The four words of block `index`.
  public func block(_ index: Int) -> SIMD4<UInt32> {
    Philox4x32.block(
      counter: SIMD4(
        UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32), turnLow,
        turnHighAndPurpose),
      key: key)
  }

  /// Uniform numbers in (0, 1) for positions `start ..< start + shape.count`: the middles of 2²³ equal parts,
  /// which a Float32 holds exactly.
  public func uniform(_ shape: Shape, from start: Int = 0) -> Tensor {
    Tensor(shape) { result in
      let end = start + shape.count
      for index in (start >> 2)..<((end + 3) >> 2) {
        let words = block(index)
        for lane in 0..<4 {
          let position = index << 2 | lane
          if position >= start && position < end {
            result[position - start] = (Float(words[lane] >> 9) + 0.5) * 0x1p-23
          }
        }
      }
    }
  }

  /// Standard normal numbers for positions `start ..< start + shape.count`, by the Box-Muller transform of
  /// the uniform pairs (2k, 2k + 1).
  public func normal(_ shape: Shape, from start: Int = 0) -> Tensor {
    let end = start + shape.count
    let firsts = Array(stride(from: start & ~3, to: end, by: Self.blockLength))
    return Tensor(shape) { result in
      ComputeThreads.run(jobs: firsts.count) { job in
        let first = firsts[job]
        let last = min(first + Self.blockLength, end)
        writeNormals(max(first, start)..<last, from: first, to: result + (max(first, start) - start))
      }
    }
  }

  /// Numbers whose transform stays in the first cache.
  private static let blockLength = 2048

  /// Writes the numbers for positions of a block that begins at `first`, a multiple of 4.
  private func writeNormals(_ positions: Range<Int>, from first: Int, to result: UnsafeMutablePointer<Float>)
  {
    let pairs = (((positions.upperBound + 3) & ~3) - first) / 2
    let uniforms = uniform([2 * pairs], from: first)
    let radii = Tensor([pairs]) { radius in
      uniforms.withUnsafePointer { for i in 0..<pairs { radius[i] = $0[2 &* i] } }
    }.log().multiplied(by: -2).squareRoot()
    let angles = Tensor([pairs]) { angle in
      uniforms.withUnsafePointer { for i in 0..<pairs { angle[i] = 2 * Float.pi * $0[2 &* i &+ 1] } }
    }
    let cosines = angles.cos()
    let sines = angles.sin()
    withUnsafePointers(radii, cosines, sines) { radius, cosine, sine in
      for (i, position) in positions.enumerated() {
        let pair = (position - first) >> 1
        result[i] = radius[pair] * (position & 1 == 0 ? cosine[pair] : sine[pair])
      }
    }
  }
}
