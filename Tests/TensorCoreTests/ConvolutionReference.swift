import TensorCore

/// A convolution and its derivatives in Double, by definition: every pair of an output pixel and a tap.
struct ConvolutionReference {
  let geometry: ConvolutionGeometry
  let images: Int
  let input: [Int]
  let inputChannels: Int
  let outputChannels: Int

  var output: [Int] { geometry.outputExtents(of: input) }
  var inputShape: Shape { Shape([images] + input + [inputChannels]) }
  var outputShape: Shape { Shape([images] + output + [outputChannels]) }
  var weightShape: Shape { Shape([outputChannels, inputChannels] + geometry.kernel) }

  /// The positions within some extents, row-major.
  private static func positions(_ extents: [Int]) -> [[Int]] {
    extents.reduce([[]]) { prefixes, extent in
      prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } }
    }
  }

  private static func index(_ position: [Int], _ extents: [Int]) -> Int {
    zip(position, extents).reduce(0) { $0 * $1.1 + $1.0 }
  }

  /// Calls `body` with the output pixel, the input pixel and the tap of every product.
  private func forEachProduct(_ body: (_ output: Int, _ input: Int, _ tap: Int) -> Void) {
    let taps = Self.positions(geometry.kernel)
    for position in Self.positions(output) {
      for (tapIndex, tap) in taps.enumerated() {
        let source = geometry.kernel.indices.map {
          position[$0] * geometry.stride[$0] - geometry.padding[$0] + tap[$0]
        }
        guard zip(source, input).allSatisfy({ $0 >= 0 && $0 < $1 }) else { continue }
        body(Self.index(position, output), Self.index(source, input), tapIndex)
      }
    }
  }

  /// Sums `term` over all products of all images and channels into the element that `target` names.
  private func sum(
    _ count: Int, target: (_ x: Int, _ y: Int, _ w: Int) -> Int,
    term: (_ x: Int, _ y: Int, _ w: Int) -> Double
  ) -> [Double] {
    var result = [Double](repeating: 0, count: count)
    let inputPixels = input.reduce(1, *)
    let outputPixels = output.reduce(1, *)
    for image in 0..<images {
      forEachProduct { outputPixel, inputPixel, tap in
        for i in 0..<inputChannels {
          for o in 0..<outputChannels {
            let x = (image * inputPixels + inputPixel) * inputChannels + i
            let y = (image * outputPixels + outputPixel) * outputChannels + o
            let w = (o * inputChannels + i) * geometry.taps + tap
            result[target(x, y, w)] += term(x, y, w)
          }
        }
      }
    }
    return result
  }

  func forward(_ x: [Float], _ w: [Float]) -> [Double] {
    sum(outputShape.count) { _, y, _ in
      y
    } term: { i, _, tap in
      Double(x[i]) * Double(w[tap])
    }
  }

  func inputGradient(_ y: [Float], _ w: [Float]) -> [Double] {
    sum(inputShape.count) { x, _, _ in
      x
    } term: { _, o, tap in
      Double(y[o]) * Double(w[tap])
    }
  }

  func weightGradient(_ x: [Float], _ y: [Float]) -> [Double] {
    sum(weightShape.count) { _, _, w in
      w
    } term: { i, o, _ in
      Double(x[i]) * Double(y[o])
    }
  }
}

/// A small deterministic source of test data.
struct TestNumbers {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
  }

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }

  mutating func int(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.count))
  }

  /// In [-1, 1).
  mutating func tensor(_ shape: Shape) -> Tensor {
    Tensor((0..<shape.count).map { _ in Float(Int(next() & 0xffff) - 0x8000) / 0x8000 }, shape: shape)
  }
}
