extension Tensor {
  /// The elements as a matrix of the innermost rows, `[rows, channels]`.
  public var asRows: Tensor { reshaped([shape.rows, shape.channels]) }

  /// Adds `bias`, `[channels]`, to every innermost row, then applies `activation`.
  public mutating func addToRows(_ bias: Tensor?, _ activation: FusedActivation) {
    let (rows, length, slope) = (shape.rows, shape.channels, activation.slope)
    guard let bias else {
      if slope != 1 { self = leakyRectified(slope: slope) }
      return
    }
    precondition(bias.shape == [length], "a bias \(bias.shape) for rows of \(length)")
    withUnsafeMutablePointer { values in
      bias.withUnsafePointer { bias in
        for row in 0..<rows {
          let values = values + row &* length
          if slope == 1 {
            for i in 0..<length { values[i] += bias[i] }
          } else {
            for i in 0..<length {
              let z = values[i] + bias[i]
              values[i] = z > 0 ? z : slope * z
            }
          }
        }
      }
    }
  }
}

extension Shape {
  /// The same with another innermost extent.
  public func replacingChannels(by channels: Int) -> Shape { Shape(extents.dropLast() + [channels]) }
}
