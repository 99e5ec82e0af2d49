import TensorCore

/// Some elements of a convolution of squares and of its gradients in Double, for layers too large to be
/// computed whole that way. Operands are nearly normal.
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

  init(
    _ geometry: ConvolutionGeometry, images: Int, extent: Int, inputChannels: Int, outputChannels: Int
  ) {
    self.geometry = geometry
    (self.images, self.extent) = (images, extent)
    outputExtent = geometry.outputExtents(of: [extent, extent])[0]
    (self.inputChannels, self.outputChannels) = (inputChannels, outputChannels)
    var numbers = TestNumbers(seed: 8)
    func normal(_ shape: Shape) -> Tensor {
      (numbers.tensor(shape) + numbers.tensor(shape)) + (numbers.tensor(shape) + numbers.tensor(shape))
    }
    x = normal([images, extent, extent, inputChannels])
    y = normal([images, outputExtent, outputExtent, outputChannels])
    w = normal(Shape([outputChannels, inputChannels] + geometry.kernel))
    (xs, ys, ws) = (x.scalars, y.scalars, w.scalars)
  }

  func error(_ pass: Pass, by algorithm: ConvolutionAlgorithm) -> Error {
    let result =
      switch pass {
      case .forward: x.convolved(with: w, geometry, using: .current, by: algorithm)
      case .inputGradient:
        Tensor.convolutionInputGradient(
          y, weight: w, geometry, inputExtents: [extent, extent], using: .current, by: algorithm)
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

  private var side: Int { geometry.kernel[0] }
  private var step: Int { geometry.stride[0] }
  private var padding: Int { geometry.padding[0] }

  private func forward(_ index: Int) -> Double {
    let (pixel, output) = index.quotientAndRemainder(dividingBy: outputChannels)
    let (line, ox) = pixel.quotientAndRemainder(dividingBy: outputExtent)
    let (image, oy) = line.quotientAndRemainder(dividingBy: outputExtent)
    var sum = 0.0
    for tap in 0..<geometry.taps {
      let (iy, ix) = (step * oy - padding + tap / side, step * ox - padding + tap % side)
      guard (0..<extent).contains(iy), (0..<extent).contains(ix) else { continue }
      let source = ((image * extent + iy) * extent + ix) * inputChannels
      for input in 0..<inputChannels {
        sum += Double(xs[source + input]) * Double(ws[(output * inputChannels + input) * geometry.taps + tap])
      }
    }
    return sum
  }

  private func inputGradient(_ index: Int) -> Double {
    let (pixel, input) = index.quotientAndRemainder(dividingBy: inputChannels)
    let (line, ix) = pixel.quotientAndRemainder(dividingBy: extent)
    let (image, iy) = line.quotientAndRemainder(dividingBy: extent)
    var sum = 0.0
    for tap in 0..<geometry.taps {
      let (y, x) = (iy + padding - tap / side, ix + padding - tap % side)
      guard y >= 0, x >= 0, y % step == 0, x % step == 0, y / step < outputExtent, x / step < outputExtent
      else { continue }
      let source = ((image * outputExtent + y / step) * outputExtent + x / step) * outputChannels
      for output in 0..<outputChannels {
        sum +=
          Double(ys[source + output]) * Double(ws[(output * inputChannels + input) * geometry.taps + tap])
      }
    }
    return sum
  }

  private func weightGradient(_ index: Int) -> Double {
    let (kernel, tap) = index.quotientAndRemainder(dividingBy: geometry.taps)
    let (output, input) = kernel.quotientAndRemainder(dividingBy: inputChannels)
    var sum = 0.0
    for pixel in 0..<images * outputExtent * outputExtent {
      let (line, ox) = pixel.quotientAndRemainder(dividingBy: outputExtent)
      let (image, oy) = line.quotientAndRemainder(dividingBy: outputExtent)
      let (iy, ix) = (step * oy - padding + tap / side, step * ox - padding + tap % side)
      guard (0..<extent).contains(iy), (0..<extent).contains(ix) else { continue }
      sum +=
        Double(xs[((image * extent + iy) * extent + ix) * inputChannels + input])
        * Double(ys[pixel * outputChannels + output])
    }
    return sum
  }
}
