import Datasets
import Models
package import Reporting
package import TensorCore

/// How a run's samples are shown: images in a grid, points of the plane over the modes that they should hit.
package enum SamplePicture: Sendable {
  /// Images.
  case images
  /// Points.
  case points(ScatterPlot)

  /// The picture that fits a run's data.
  package init(_ options: Options) {
    guard case .mixture(let kind) = options.data else {
      self = .images
      return
    }
    let modes = GaussianMixture.modes(of: kind)
    let circles = modes.centres.map {
      ScatterPlot.Circle(x: Double($0.x), y: Double($0.y), radius: 3 * Double(modes.deviation))
    }
    let farthest = modes.centres.reduce(0) { max($0, abs($1.x), abs($1.y)) }
    self = .points(ScatterPlot(circles: circles, extent: 1.3 * Double(farthest)))
  }

  /// The picture of `samples`, `[N, H, W, C]`.
  /// - Parameter columns: images in a row; nil for the nearest square.
  package func pixels(of samples: Tensor, columns: Int? = nil) -> Pixels {
    switch self {
    case .images: ImageGrid(columns: columns).pixels(of: samples)
    case .points(let plot): plot.pixels(of: samples)
    }
  }

  /// The picture of a grid that `model` draws with its average.
  func pixels(of grid: SampleGrid, by model: any Model) -> Pixels {
    pixels(
      of: model.samples(grid.latents, classes: model.classCount > 0 ? grid.classes : nil),
      columns: grid.columns)
  }
}
