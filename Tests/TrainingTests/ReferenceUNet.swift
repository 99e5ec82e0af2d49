import Autograd
import Glibc
import TensorCore

/// An image in Float64, `[side, side, channels]`.
struct ReferenceImage {
  var side: Int
  var channels: Int
  var values: [Double]

  func pixel(_ row: Int, _ column: Int, _ channel: Int) -> Double {
    guard 0..<side ~= row && 0..<side ~= column else { return 0 }
    return values[(row * side + column) * channels + channel]
  }

  /// An image of `channels` by what `value` gives of row, column and channel.
  static func made(_ side: Int, _ channels: Int, _ value: (Int, Int, Int) -> Double) -> ReferenceImage {
    var values: [Double] = []
    for row in 0..<side {
      for column in 0..<side { for channel in 0..<channels { values.append(value(row, column, channel)) } }
    }
    return ReferenceImage(side: side, channels: channels, values: values)
  }
}

/// The network of a diffusion model for one image, in Float64 and by plain loops: what the layers of that
/// name in a checkpoint are to compute.
struct ReferenceUNet {
  private var tensors: [String: (extents: [Int], values: [Double])] = [:]
  private let waves: Int

  init(_ store: ParameterStore, waves: Int) {
    self.waves = waves
    for (name, parameter) in zip(store.parameterNames, store.parameters) {
      tensors[name] = (parameter.shape.extents, parameter.value.scalars.map(Double.init))
    }
  }

  /// - Parameter label: not read if the network knows no classes.
  func callAsFunction(_ noisy: ReferenceImage, time: Double, label: Int) -> ReferenceImage {
    let phases = (0..<waves).map { 1000 * time * pow(10_000, -Double($0) / Double(waves)) }
    var code = dense(
      "embedding.2", dense("embedding.0", phases.map { sin($0) } + phases.map { cos($0) }).map { max($0, 0) })
    if let table = tensors["classes.weight"] {
      code = code.indices.map { code[$0] + table.values[label * code.count + $0] }
    }
    code = code.map { max($0, 0) }
    var levels = 0
    while tensors["down.\(levels).0.first.weight"] != nil { levels += 1 }
    var result = convolution("stem", noisy)
    var skipped: [ReferenceImage] = []
    for level in 0..<levels {
      if level > 0 {
        let input = result
        result = .made(input.side / 2, input.channels) { row, column, channel in
          var sum = 0.0
          for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            sum += input.pixel(2 * row + i, 2 * column + j, channel)
          }
          return sum / 4
        }
      }
      result = blocks("down.\(level)", result, code)
      skipped.append(result)
    }
    for level in (0..<levels - 1).reversed() {
      let (input, skip) = (result, skipped[level])
      result = .made(skip.side, input.channels + skip.channels) { row, column, channel in
        channel < input.channels
          ? input.pixel(row / 2, column / 2, channel) : skip.pixel(row, column, channel - input.channels)
      }
      result = blocks("up.\(level)", result, code)
    }
    let (scale, shift) = (tensors["norm.weight"]!.values, tensors["norm.bias"]!.values)
    return convolution("head", rectifiedNorm(result, scale, shift))
  }

  private func blocks(_ level: String, _ input: ReferenceImage, _ code: [Double]) -> ReferenceImage {
    var result = input
    var index = 0
    while tensors["\(level).\(index).first.weight"] != nil {
      let block = "\(level).\(index)"
      let modulation = dense("\(block).modulation", code)
      let hidden = convolution(
        "\(block).first",
        rectifiedNorm(
          result, tensors["\(block).norm.weight"]!.values, tensors["\(block).norm.bias"]!.values))
      let scale = modulation.prefix(hidden.channels).map { 1 + $0 }
      let shift = Array(modulation.suffix(hidden.channels))
      let change = convolution("\(block).second", rectifiedNorm(hidden, scale, shift))
      let around =
        tensors["\(block).shortcut.weight"] == nil ? result : convolution("\(block).shortcut", result)
      result.channels = change.channels
      result.values = zip(change.values, around.values).map { $0 + $1 }
      index += 1
    }
    return result
  }

  private func dense(_ name: String, _ input: [Double]) -> [Double] {
    let weight = tensors["\(name).weight"]!.values
    return tensors["\(name).bias"]!.values.enumerated().map { row, bias in
      input.indices.reduce(bias) { $0 + weight[row * input.count + $1] * input[$1] }
    }
  }

  private func convolution(_ name: String, _ input: ReferenceImage) -> ReferenceImage {
    let (extents, weight) = tensors["\(name).weight"]!
    let bias = tensors["\(name).bias"]?.values
    let (inputs, side) = (extents[1], extents[2])
    return .made(input.side, extents[0]) { row, column, output in
      var sum = bias?[output] ?? 0
      for channel in 0..<inputs {
        for i in 0..<side {
          for j in 0..<side {
            let factor = weight[((output * inputs + channel) * side + i) * side + j]
            sum += factor * input.pixel(row + i - side / 2, column + j - side / 2, channel)
          }
        }
      }
      return sum
    }
  }

  private func rectifiedNorm(_ input: ReferenceImage, _ scale: [Double], _ shift: [Double]) -> ReferenceImage
  {
    let groups = (1...8).last { input.channels % $0 == 0 }!
    let width = input.channels / groups
    var result = input
    for group in 0..<groups {
      let places = input.values.indices.filter { $0 % input.channels / width == group }
      let mean = places.reduce(0) { $0 + input.values[$1] } / Double(places.count)
      let variance = places.reduce(0) { $0 + pow(input.values[$1] - mean, 2) } / Double(places.count)
      for place in places {
        let channel = place % input.channels
        let standard = (input.values[place] - mean) / (variance + 1e-5).squareRoot()
        result.values[place] = max(standard * scale[channel] + shift[channel], 0)
      }
    }
    return result
  }
}
