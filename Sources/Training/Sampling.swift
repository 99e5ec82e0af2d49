import Checkpoints
import Models
import Reporting
package import TensorCore

#if canImport(Glibc)
  import Glibc
#endif

/// Draws samples from a run or a checkpoint.
package struct Sampling {
  /// What is drawn.
  package enum Arrangement: Sendable {
    /// Independent samples.
    case grid(count: Int)
    /// Rows of samples between two latents each.
    case interpolation(rows: Int, columns: Int)
  }

  private let model: any Model
  private let seed: UInt64
  private let picture: SamplePicture
  /// The steps that the checkpoint was trained for.
  package let step: Int
  /// Checkpoints that were passed over.
  package let rejected: [String]

  /// Loads the averaged networks of the checkpoint at `path`, or of the newest one of the run at `path`.
  /// - Parameter seed: the key of the latents; nil for the run's own, whose grid is that of its sample pictures.
  /// - Throws: `CheckpointError`, and `OptionsError` or ``RunFolderError`` where the run's options cannot be read.
  package init(path: String, seed: UInt64?) throws {
    let (generation, rejected) = try Inspection.generation(at: path)
    self.rejected = rejected
    let options = try Options.read(path: "\(generation.path)/../../options.yaml")
    model = options.family.makeModel(options)
    try RunState.restoreAverages(of: model, from: generation)
    self.seed = seed ?? options.seed
    picture = SamplePicture(options)
    step = generation.manifest.info.step
  }

  /// The latents and the samples drawn from them.
  package func draw(_ arrangement: Arrangement) -> (latents: Tensor, images: Tensor) {
    let latents = latents(arrangement)
    return (latents, model.samples(latents))
  }

  private func latents(_ arrangement: Arrangement) -> Tensor {
    let noise = KeyedNoise(seed: seed, purpose: .samples, turn: 0)
    let length = model.latentCount
    switch arrangement {
    case .grid(let count): return noise.normal([count, length])
    case .interpolation(let rows, let columns):
      let ends = noise.normal([2 * rows, length]).scalars
      var values: [Float] = []
      for row in 0..<rows {
        let from = Array(ends[(2 * row * length)..<((2 * row + 1) * length)])
        let to = Array(ends[((2 * row + 1) * length)..<((2 * row + 2) * length)])
        for column in 0..<columns {
          values += Self.between(from, to, columns == 1 ? 0 : Float(column) / Float(columns - 1))
        }
      }
      return Tensor(values, shape: [rows * columns, length])
    }
  }

  /// Spherical interpolation (White 2016, "Sampling generative networks"): normal latents lie near a sphere, and a
  /// straight line would pass through its unlikely inside.
  private static func between(_ a: [Float], _ b: [Float], _ t: Float) -> [Float] {
    func dot(_ x: [Float], _ y: [Float]) -> Float { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
    let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    let angle = acos(max(-1, min(1, cosine)))
    guard sin(angle) > 1e-4 else { return zip(a, b).map { $0 + t * ($1 - $0) } }
    let first = sin((1 - t) * angle) / sin(angle)
    let second = sin(t * angle) / sin(angle)
    return zip(a, b).map { first * $0 + second * $1 }
  }

  /// Writes the picture.
  /// - Throws: `ReportingError`.
  package func write(_ images: Tensor, _ arrangement: Arrangement, to path: String) throws {
    let columns: Int? =
      switch arrangement {
      case .grid: nil
      case .interpolation(_, let columns): columns
      }
    try PNGFile.write(picture.pixels(of: images, columns: columns), to: path)
  }

  /// Writes latents `[N, latent]` and images `[N, H, W, C]` as one safetensors file.
  /// - Throws: `ReportingError` if it cannot be written.
  package static func writeTensors(latents: Tensor, images: Tensor, to path: String) throws {
    let file = Safetensors([NamedTensor("latents", latents), NamedTensor("images", images)])
    try AtomicFile.write(file.encoded(), to: path, durable: false)
  }
}
