import TensorCore

/// Some elements of a convolution of squares or cubes and of its gradients in Double, for layers too large to
/// be computed whole that way. Operands are nearly normal.
struct SampledReference {
  enum Pass: CaseIterable {
    case forward, inputGradient, weightGradient
  }

  /// Relative to the root of the results' mean square.
  struct Error {
    let rms: Double
    let maximum: Double
  }

  private static let samples = 8_000
  private let geometry: ConvolutionGeometry
  private let images: Int
  private let extent: Int
  private let outputExtent: Int
  private let inputChannels: Int
  private let outputChannels: Int
  private let x: Tensor
  private let y: Tensor
  private let w: Tensor
  private let xs: [Float]
  private let ys: [Float]
  private let ws: [Float]
  /// Row-major, a number for each axis.
  private let inputPlaces: [[Int]]
  private let outputPlaces: [[Int]]
  private let taps: [[Int]]

  init(
    _ geometry: ConvolutionGeometry, images: Int, extent: Int, inputChannels: Int, outputChannels: Int
  ) {
    self.geometry = geometry
    (self.images, self.extent) = (images, extent)
    let extents = Array(repeating: extent, count: geometry.axes)
    let outputs = geometry.outputExtents(of: extents)
    outputExtent = outputs[0]
    inputPlaces = Self.places(extents)
    outputPlaces = Self.places(outputs)
    taps = Self.places(geometry.kernel)
    (self.inputChannels, self.outputChannels) = (inputChannels, outputChannels)
    var numbers = TestNumbers(seed: 8)
    func normal(_ shape: Shape) -> Tensor {
      (numbers.tensor(shape) + numbers.tensor(shape)) + (numbers.tensor(shape) + numbers.tensor(shape))
    }
    x = normal(Shape([images] + extents + [inputChannels]))
    y = normal(Shape([images] + outputs + [outputChannels]))
    w = normal(Shape([outputChannels, inputChannels] + geometry.kernel))
    (xs, ys, ws) = (x.scalars, y.scalars, w.scalars)
  }

  private static func places(_ extents: [Int]) -> [[Int]] {
    extents.reduce([[]]) { places, extent in places.flatMap { place in (0..<extent).map { place + [$0] } } }
  }

  func error(_ pass: Pass, by algorithm: ConvolutionAlgorithm) -> Error {
    let result =
      switch pass {
      case .forward: x.convolved(with: w, geometry, using: .current, by: algorithm)
      case .inputGradient:
        Tensor.convolutionInputGradient(
          y, weight: w, geometry, inputExtents: Array(x.shape.extents[1..<x.shape.rank - 1]), using: .current,
          by: algorithm)
      case .weightGradient:
        Tensor.convolutionWeightGradient(input: x, upstream: y, geometry, using: .current, by: algorithm)
      }
    var (count, squares, deviations, maximum) = (0.0, 0.0, 0.0, 0.0)
    let scalars = result.scalars
    // An odd distance meets every position and channel.
    for index in stride(from: 0, to: scalars.count, by: max(scalars.count / Self.samples, 1) | 1) {
      let expected = element(pass, index)
      let deviation = Double(scalars[index]) - expected
      count += 1
      squares += expected * expected
      deviations += deviation * deviation
      maximum = max(maximum, abs(deviation))
    }
    let scale = (squares / count).squareRoot()
    return Error(rms: (deviations / count).squareRoot() / scale, maximum: maximum / scale)
  }

  private func element(_ pass: Pass, _ index: Int) -> Double {
    switch pass {
    case .forward: forward(index)
    case .inputGradient: inputGradient(index)
    case .weightGradient: weightGradient(index)
    }
  }

  /// The input pixel of an image that a tap of an output pixel reads; nil beyond the edge.
  private func inputPixel(output: Int, tap: Int) -> Int? {
    let (place, offset) = (outputPlaces[output], taps[tap])
    var pixel = 0
    for axis in 0..<geometry.axes {
      let i = geometry.stride[axis] * place[axis] - geometry.padding[axis] + offset[axis]
      guard (0..<extent).contains(i) else { return nil }
      pixel = pixel * extent + i
    }
    return pixel
  }

  /// The output pixel of an image that reads an input pixel by a tap; nil if none does.
  private func outputPixel(input: Int, tap: Int) -> Int? {
    let (place, offset) = (inputPlaces[input], taps[tap])
    var pixel = 0
    for axis in 0..<geometry.axes {
      let (o, rest) = (place[axis] + geometry.padding[axis] - offset[axis])
        .quotientAndRemainder(dividingBy: geometry.stride[axis])
      guard rest == 0, (0..<outputExtent).contains(o) else { return nil }
      pixel = pixel * outputExtent + o
    }
    return pixel
  }

  private func forward(_ index: Int) -> Double {
    let (place, output) = index.quotientAndRemainder(dividingBy: outputChannels)
    let (image, pixel) = place.quotientAndRemainder(dividingBy: outputPlaces.count)
    var sum = 0.0
    for tap in taps.indices {
      guard let from = inputPixel(output: pixel, tap: tap) else { continue }
      let source = (image * inputPlaces.count + from) * inputChannels
      for input in 0..<inputChannels {
        sum += Double(xs[source + input]) * Double(ws[(output * inputChannels + input) * taps.count + tap])
      }
    }
    return sum
  }

  private func inputGradient(_ index: Int) -> Double {
    let (place, input) = index.quotientAndRemainder(dividingBy: inputChannels)
    let (image, pixel) = place.quotientAndRemainder(dividingBy: inputPlaces.count)
    var sum = 0.0
    for tap in taps.indices {
      guard let from = outputPixel(input: pixel, tap: tap) else { continue }
      let source = (image * outputPlaces.count + from) * outputChannels
      for output in 0..<outputChannels {
        sum += Double(ys[source + output]) * Double(ws[(output * inputChannels + input) * taps.count + tap])
      }
    }
    return sum
  }

  private func weightGradient(_ index: Int) -> Double {
    let (kernel, tap) = index.quotientAndRemainder(dividingBy: taps.count)
    let (output, input) = kernel.quotientAndRemainder(dividingBy: inputChannels)
    var sum = 0.0
    for pixel in outputPlaces.indices {
      guard let from = inputPixel(output: pixel, tap: tap) else { continue }
      for image in 0..<images {
        sum +=
          Double(xs[(image * inputPlaces.count + from) * inputChannels + input])
          * Double(ys[(image * outputPlaces.count + pixel) * outputChannels + output])
      }
    }
    return sum
  }
}
