/// What is drawn of a series: gaps, thinning and smoothing, before and after it is put on pixels.
package enum SeriesShape {
  /// From this many points on a series is smoothed.
  static let smoothingThreshold = 100

  /// The stretches of `points` between gaps.
  static func stretches(_ points: [Plot.Point]) -> [[Plot.Point]] {
    points.split { !$0.isDrawable }.map(Array.init)
  }

  /// `line` with at most four points per pixel column: the first, the lowest, the highest and the last.
  static func thinned(_ line: [Canvas.Point]) -> [Canvas.Point] {
    var result: [Canvas.Point] = []
    var start = 0
    while start < line.count {
      var (end, low, high) = (start + 1, start, start)
      let column = line[start].x.rounded(.down)
      while end < line.count, line[end].x.rounded(.down) == column {
        if line[end].y < line[low].y { low = end }
        if line[end].y > line[high].y { high = end }
        end += 1
      }
      var previous = -1
      for index in [start, min(low, high), max(low, high), end - 1] where index > previous {
        result.append(line[index])
        previous = index
      }
      start = end
    }
    return result
  }

  /// The centred moving mean of `points`, gaps left out and left as they are: twice a plain mean over a 50th
  /// of them.
  package static func smoothed(_ points: [Plot.Point]) -> [Plot.Point] {
    let radius = max(1, points.count / 100)
    return movingMean(movingMean(points, radius: radius), radius: radius)
  }

  private static func movingMean(_ points: [Plot.Point], radius: Int) -> [Plot.Point] {
    var sums = [0.0]
    var counts = [0]
    for point in points {
      sums.append(sums[sums.count - 1] + (point.isDrawable ? point.y : 0))
      counts.append(counts[counts.count - 1] + (point.isDrawable ? 1 : 0))
    }
    return points.indices.map { index in
      guard points[index].isDrawable else { return points[index] }
      let (first, end) = (max(index - radius, 0), min(index + radius + 1, points.count))
      return .init(x: points[index].x, y: (sums[end] - sums[first]) / Double(counts[end] - counts[first]))
    }
  }
}
