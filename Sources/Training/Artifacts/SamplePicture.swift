package import Datasets
import Models
import Platform
package import Reporting
package import TensorCore

/// How a run's samples are shown: images in a grid, volumes as the solids that they are, points of the plane
/// over the modes that they should hit, text as a grid of its one-hot rows and as what they say.
package enum SamplePicture: Sendable {
  /// Images.
  case images
  /// Volumes.
  case volumes
  /// Points.
  case points(ScatterPlot)
  /// Text.
  case text(TextRows)

  /// The picture that fits a run's data.
  /// - Parameter characters: those of text, see `ImageDataset.characters`; nil of other data.
  package init(_ options: Options, characters: String?) {
    guard !options.modelsVolumes else {
      self = .volumes
      return
    }
    guard options.modelsPoints else {
      self = characters.flatMap { TextRows(characters: $0, size: options.size) }.map { .text($0) } ?? .images
      return
    }
    guard case .mixture(let kind) = options.data else {
      let unit = options.model.value(of: MLPGANOptions.scale) ?? 1
      self = .points(ScatterPlot(circles: [], extent: 1.5 * unit))
      return
    }
    let modes = GaussianMixture.modes(of: kind)
    let circles = modes.centres.map {
      ScatterPlot.Circle(x: Double($0.x), y: Double($0.y), radius: 3 * Double(modes.deviation))
    }
    let farthest = modes.centres.reduce(0) { max($0, abs($1.x), abs($1.y)) }
    self = .points(ScatterPlot(circles: circles, extent: 1.3 * Double(farthest)))
  }

  /// The picture of `samples`, `[N, H, W, C]`, or `[N, D, H, W, 1]`, that were made of a grid's latents.
  package func pixels(of samples: Tensor, of grid: SampleGrid) -> Pixels {
    let (cells, columns) = grid.cells(of: samples)
    return switch self {
    case .images, .text: ImageGrid(columns: columns).pixels(of: cells)
    case .volumes: VolumeGrid(columns: columns).pixels(of: cells)
    case .points(let plot): plot.pixels(of: cells)
    }
  }

  /// Writes one sample, `[H, W, C]` or `[D, H, W, 1]`, to files of its own: text as `PATH.txt`, anything else
  /// as a picture `PATH.png`, and of a volume its surface too, `PATH.obj`.
  /// - Throws: `ReportingError`.
  func write(_ sample: Tensor, to path: String) throws {
    if let line = lines(of: sample.reshaped(Shape([1] + sample.shape.extents))) {
      return try AtomicFile.write(Array(line.utf8), to: "\(path).txt", durable: false)
    }
    guard case .volumes = self else {
      return try PNGFile.write(ImageGrid.pixels(ofOne: sample), to: "\(path).png")
    }
    try PNGFile.write(VolumeGrid.pixels(ofOne: sample), to: "\(path).png")
    try AtomicFile.write(VolumeMesh(sample).obj(), to: "\(path).obj", durable: false)
  }

  /// What `samples`, `[N, H, W, C]`, say, one a line; nil of what is no text.
  ///
  /// Line breaks within a sample, backslashes, and whatever else would disturb a terminal are written as in
  /// Swift: `\n`, `\\`.
  package func lines(of samples: Tensor) -> String? {
    guard case .text(let rows) = self else { return nil }
    let channels = samples.shape[3]
    let count = samples.shape[1] * samples.shape[2] * channels
    return samples.withUnsafePointer { values in
      (0..<samples.shape[0]).map {
        let text = rows.text(of: values + $0 * count, channels: channels)
        return TerminalText.escaped(text.replacing("\\", with: "\\\\")) + "\n"
      }.joined()
    }
  }
}
