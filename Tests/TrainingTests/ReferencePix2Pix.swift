import Autograd
import Glibc
import TensorCore

/// Images, of one plane, or volumes in Float64, `[count, planes, side, side, channels]`.
struct ReferenceGrids {
  let count: Int
  let planes: Int
  let side: Int
  let channels: Int
  var values: [Double]

  init(_ tensor: Tensor) {
    let extents = tensor.shape.extents
    (count, side, channels) = (extents[0], extents[1], extents[extents.count - 1])
    planes = extents.count == 5 ? side : 1
    values = tensor.scalars.map(Double.init)
  }

  fileprivate init(_ count: Int, planes: Int, side: Int, channels: Int) {
    (self.count, self.planes, self.side, self.channels) = (count, planes, side, channels)
    values = Array(repeating: 0, count: count * planes * side * side * channels)
  }

  fileprivate func index(_ sample: Int, _ plane: Int, _ row: Int, _ column: Int, _ channel: Int) -> Int {
    (((sample * planes + plane) * side + row) * side + column) * channels + channel
  }

  func map(_ change: (Double) -> Double) -> ReferenceGrids {
    var result = self
    result.values = values.map(change)
    return result
  }

  /// The channels of both.
  func appending(_ other: ReferenceGrids) -> ReferenceGrids {
    var result = ReferenceGrids(count, planes: planes, side: side, channels: channels + other.channels)
    result.values = []
    for place in 0..<values.count / channels {
      result.values += values[place * channels..<(place + 1) * channels]
      result.values += other.values[place * other.channels..<(place + 1) * other.channels]
    }
    return result
  }
}

/// The networks of pix2pix in Float64 and by plain loops, in training: what layers of that name in a
/// checkpoint are to compute.
struct ReferencePix2Pix {
  private var tensors: [String: (extents: [Int], values: [Double])] = [:]

  init(_ store: ParameterStore) {
    for (name, parameter) in zip(store.parameterNames, store.parameters) {
      tensors[name] = (parameter.shape.extents, parameter.value.scalars.map(Double.init))
    }
  }

  /// The same with a change of one weight.
  func adding(_ change: Double, to name: String, at index: Int) -> ReferencePix2Pix {
    var result = self
    result.tensors[name]!.values[index] += change
    return result
  }

  /// What the generator makes of contexts.
  func completed(_ contexts: ReferenceGrids) -> ReferenceGrids {
    var result = around("main.0.inner", contexts, isOutermost: true)
    let width = result.channels
    for index in result.values.indices {
      let place = index / width * (width + 1)
      let mask = contexts.values[place + width]
      result.values[index] =
        mask * contexts.values[place + index % width] + (1 - mask) * tanh(result.values[index])
    }
    return result
  }

  /// The discriminator's scores.
  func scores(_ pairs: ReferenceGrids) -> [Double] {
    var (result, index) = (pairs, 0)
    while tensors["main.\(index + 1).weight"] != nil || tensors["main.\(index + 2).weight"] != nil {
      result = halved(result, "main.\(index)")
      if tensors["main.\(index + 1).bias"] != nil {
        index += 1
        result = normalized(result, "main.\(index)")
      }
      result = result.map { $0 > 0 ? $0 : 0.2 * $0 }
      index += 2
    }
    let weight = tensors["main.\(index).weight"]!.values
    let (places, width) = (result.planes * result.side * result.side, result.channels)
    return (0..<result.count).map { sample in
      (0..<places * width).reduce(0) { sum, index in
        sum + result.values[sample * places * width + index] * weight[index % width * places + index / width]
      }
    }
  }

  /// The layers from a side to its half and back.
  private func around(_ path: String, _ input: ReferenceGrids, isOutermost: Bool) -> ReferenceGrids {
    var index = 0
    func next() -> String {
      defer { index += 1 }
      return "\(path).\(index)"
    }
    var result = halved(input, next())
    if !isOutermost { result = normalized(result, next()) }
    result = result.map { $0 > 0 ? $0 : 0.2 * $0 }
    _ = next()
    if tensors["\(path).\(index).inner.0.weight"] != nil {
      result = around(next() + ".inner", result, isOutermost: false).appending(result)
    }
    result = doubled(result, next())
    return isOutermost ? result : normalized(result, next()).map { max($0, 0) }
  }

  /// Kernels of 4, by twos, with one place of zeros around.
  private func halved(_ input: ReferenceGrids, _ name: String) -> ReferenceGrids {
    let (extents, weight) = tensors["\(name).weight"]!
    var result = ReferenceGrids(
      input.count, planes: max(1, input.planes / 2), side: input.side / 2, channels: extents[0])
    pairs(small: result, large: input) { small, large, tap, taps in
      for output in 0..<extents[0] {
        for channel in 0..<extents[1] {
          result.values[small + output] +=
            weight[(output * extents[1] + channel) * taps + tap] * input.values[large + channel]
        }
      }
    }
    return result
  }

  /// The adjoint of such a convolution.
  private func doubled(_ input: ReferenceGrids, _ name: String) -> ReferenceGrids {
    let (extents, weight) = tensors["\(name).weight"]!
    var result = ReferenceGrids(
      input.count, planes: input.planes == 1 ? 1 : 2 * input.planes,
      side: 2 * input.side, channels: extents[1])
    pairs(small: input, large: result) { small, large, tap, taps in
      for channel in 0..<extents[0] {
        for output in 0..<extents[1] {
          result.values[large + output] +=
            weight[(channel * extents[1] + output) * taps + tap] * input.values[small + channel]
        }
      }
    }
    return result
  }

  /// Each place of the smaller grid with each of the larger that a tap of the kernel joins it to.
  private func pairs(
    small: ReferenceGrids, large: ReferenceGrids,
    _ body: (_ small: Int, _ large: Int, Int, _ taps: Int) -> Void
  ) {
    let depth = large.planes == 1 ? 1 : 4
    for sample in 0..<small.count {
      for plane in 0..<small.planes {
        for row in 0..<small.side {
          for column in 0..<small.side {
            let place = small.index(sample, plane, row, column, 0)
            for tap in 0..<depth * 16 {
              let z = depth == 1 ? 0 : 2 * plane + tap / 16 - 1
              let (y, x) = (2 * row + tap / 4 % 4 - 1, 2 * column + tap % 4 - 1)
              guard 0..<large.planes ~= z && 0..<large.side ~= y && 0..<large.side ~= x else { continue }
              body(place, large.index(sample, z, y, x, 0), tap, depth * 16)
            }
          }
        }
      }
    }
  }

  private func normalized(_ input: ReferenceGrids, _ name: String) -> ReferenceGrids {
    let (scale, shift) = (tensors["\(name).weight"]!.values, tensors["\(name).bias"]!.values)
    var result = input
    for channel in 0..<input.channels {
      let places = stride(from: channel, to: input.values.count, by: input.channels)
      let count = Double(input.values.count / input.channels)
      let mean = places.reduce(0) { $0 + input.values[$1] } / count
      let variance = places.reduce(0) { $0 + pow(input.values[$1] - mean, 2) } / count
      for place in places {
        result.values[place] =
          (input.values[place] - mean) / (variance + 1e-5).squareRoot() * scale[channel] + shift[channel]
      }
    }
    return result
  }
}
