/// How much of each pixel of one row the layers of a vessel cover, in [0, 1]; layers do not overlap.
struct RowCoverage: ~Copyable {
  enum Layer: Int, CaseIterable {
    case inside, lip, body, handle
  }

  private let size: Int
  private var coverage: [Float]
  /// The pixels that any layer may cover.
  private(set) var touched = 0..<0

  init(size: Int) {
    self.size = size
    coverage = [Float](repeating: 0, count: size * Layer.allCases.count)
  }

  mutating func clear() {
    coverage.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
    touched = 0..<0
  }

  subscript(layer: Layer, x: Int) -> Float { coverage[layer.rawValue &* size &+ x] }

  /// Adds `weight` times the overlap of every pixel with an interval, in pixels.
  mutating func add(_ layer: Layer, from start: Float, to end: Float, weight: Float) {
    let (start, end) = (max(0, start), min(Float(size), end))
    guard start < end else { return }
    let (first, last) = (Int(start), min(size - 1, Int(end)))
    touched =
      touched.isEmpty
      ? first..<last + 1 : min(touched.lowerBound, first)..<max(touched.upperBound, last + 1)
    let base = layer.rawValue &* size
    coverage.withUnsafeMutableBufferPointer { coverage in
      for x in first...last {
        let overlap = min(end, Float(x &+ 1)) - max(start, Float(x))
        coverage[base &+ x] += weight * max(0, overlap)
      }
    }
  }
}
