import CProcessor

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
        ComputeThreads.split(rows, grain: Self.grain(length)) { rows in
          for row in rows {
            let values = values + row &* length
            if slope == 1 {
              for i in 0..<length { values[i] += bias[i] }
            } else {
              for i in 0..<length {
                let z = values[i] + bias[i]
                values[i] = Rectifier.pass(z, at: z, slope: slope)
              }
            }
          }
        }
      }
    }
  }
}

extension Tensor {
  /// The upstream gradient in front of a rectifier whose output is given, this being the one behind it, and
  /// the sum of its innermost rows over each of `parts` equal parts, `[parts, channels]`: the gradient of a
  /// bias. One pass, with the bits of ``leakyRectifierGradient(at:slope:)`` and ``sum(to:)``.
  /// - Precondition: there is more than one channel, and `parts` divides the rows.
  package func leakyRectifierGradient(
    at output: Tensor, slope: Float, parts: Int
  ) -> (gradient: Tensor, sums: Tensor) {
    precondition(shape == output.shape, "\(shape) and \(output.shape) differ")
    precondition(parts > 0 && shape.rows.isMultiple(of: parts), "\(parts) equal parts of \(shape)")
    let (rows, length) = (shape.rows / parts, shape.channels)
    let gradient = TensorStorage(count: count)
    let sums = Tensor([parts, length]) { sums in
      withUnsafePointers(self, output) { upstream, output in
        ComputeThreads.split(parts, grain: Self.grain(rows &* length)) { parts in
          for part in parts {
            let (first, sums) = (part &* rows &* length, sums + part &* length)
            let operands = RectifierRows(
              upstream: upstream + first, output: output + first, gradient: gradient.pointer + first,
              slope: slope, rows: rows, length: length)
            // Columns whose sums stay in registers.
            let whole = length & ~31
            for column in stride(from: 0, to: whole, by: 32) { operands.sum32(from: column, to: sums) }
            for column in whole..<length { operands.sum(column, to: sums) }
          }
        }
      }
    }
    return (Tensor(viewOf: gradient, offset: 0, shape: shape), sums)
  }
}

/// Rows of `length` floats on their way back through a rectifier.
private struct RectifierRows {
  let upstream: UnsafePointer<Float>
  let output: UnsafePointer<Float>
  let gradient: UnsafeMutablePointer<Float>
  let slope: Float
  let rows: Int
  let length: Int

  @inline(__always)
  func sum32(from column: Int, to sums: UnsafeMutablePointer<Float>) {
    var (a, b, c, d) = (SIMD8<Double>(), SIMD8<Double>(), SIMD8<Double>(), SIMD8<Double>())
    var index = column
    for _ in 0..<rows {
      a += pass(index)
      b += pass(index &+ 8)
      c += pass(index &+ 16)
      d += pass(index &+ 24)
      index &+= length
    }
    store(SIMD8(a), to: sums + column)
    store(SIMD8(b), to: sums + column + 8)
    store(SIMD8(c), to: sums + column + 16)
    store(SIMD8(d), to: sums + column + 24)
  }

  @inline(__always)
  private func pass(_ index: Int) -> SIMD8<Double> {
    let passed = Rectifier.pass(load(upstream + index), at: load(output + index), slope: slope)
    store(passed, to: gradient + index)
    return lockstep_widen8(passed)
  }

  func sum(_ column: Int, to sums: UnsafeMutablePointer<Float>) {
    var sum = 0.0
    for index in stride(from: column, to: rows &* length, by: length) {
      let passed = Rectifier.pass(upstream[index], at: output[index], slope: slope)
      gradient[index] = passed
      sum += Double(passed)
    }
    sums[column] = Float(sum)
  }
}
