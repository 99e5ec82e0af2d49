/// Sums and maxima. Sums have Float64 accumulators and an order that depends on the shapes alone: the sum of
/// all elements is eight interleaved chains, any other one chain in row-major order, of elements or of the
/// sums of innermost rows.
extension Tensor {
  /// The sum over `axes`, which are kept with extent 1.
  public func sum(along axes: [Int]) -> Tensor { sum(to: shape.reduced(along: axes)) }

  /// The sum of all elements, of shape `[]`.
  public func sum() -> Tensor { sum(to: .scalar) }

  /// The mean of all elements, of shape `[]`.
  public func mean() -> Tensor { sum().multiplied(by: 1 / Float(count)) }

  /// The standard deviation of all elements, with their number as the divisor.
  public var standardDeviation: Float {
    let mean = total() / Double(count)
    return withUnsafePointer { source in
      var sum = 0.0
      for i in 0..<count {
        let offset = Double(source[i]) - mean
        sum += offset * offset
      }
      return Float((sum / Double(count)).squareRoot())
    }
  }

  /// The sum over every axis along which `target` would be broadcast to this shape: the adjoint of
  /// ``broadcast(to:)``.
  /// - Precondition: `target` broadcasts to this shape.
  public func sum(to target: Shape) -> Tensor {
    if target == shape { return self }
    let strides = target.strides(within: shape)
    if target.count == 1 { return Tensor(repeating: Float(total()), shape: target) }
    let length = shape.channels
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: target.count) { sums in
      let sums = sums.baseAddress!
      sums.initialize(repeating: 0, count: target.count)
      let step = strides.last ?? 0
      withUnsafePointer { source in
        Tensor.forEachRow(of: shape, strides, strides) { row, to, _ in
          let source = source + row
          let sums = sums + to
          if step == 1 {
            for i in 0..<length { sums[i] += Double(source[i]) }
          } else {
            // A row-major target's last axis is whole or summed away.
            var sum = 0.0
            for i in 0..<length { sum += Double(source[i]) }
            sums[0] += sum
          }
        }
      }
      return Tensor(target) { result in for i in 0..<target.count { result[i] = Float(sums[i]) } }
    }
  }

  /// The largest element of each innermost row, kept with extent 1.
  public func rowMaximum() -> Tensor {
    let length = shape.channels
    precondition(length > 0, "a row of \(shape) has no maximum")
    return Tensor(Shape(shape.extents.dropLast() + [1])) { result in
      withUnsafePointer { source in
        for row in 0..<shape.rows {
          var best = source[row &* length]
          for i in 1..<length { best = Swift.max(best, source[row &* length &+ i]) }
          result[row] = best
        }
      }
    }
  }

  /// Whether every element is finite.
  public var isFinite: Bool {
    withUnsafePointer { source in
      // x · 0 is 0 for finite x and NaN otherwise.
      var probe = SIMD8<Float>.zero
      let whole = count & ~7
      var i = 0
      while i < whole {
        probe += load(source + i) * 0
        i &+= 8
      }
      while i < count {
        probe[0] += source[i] * 0
        i &+= 1
      }
      return probe == .zero
    }
  }

  /// The Float64 sum of all elements in eight interleaved chains, added in order.
  private func total() -> Double {
    withUnsafePointer { source in
      var lanes = SIMD8<Double>.zero
      let whole = count & ~7
      var i = 0
      while i < whole {
        lanes += SIMD8<Double>(load(source + i))
        i &+= 8
      }
      var sum = sumInOrder(lanes)
      while i < count {
        sum += Double(source[i])
        i &+= 1
      }
      return sum
    }
  }
}
