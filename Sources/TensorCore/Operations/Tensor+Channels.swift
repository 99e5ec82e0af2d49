/// Channels side by side. Rows are all axes but the innermost, which holds the channels.
extension Tensor {
  /// The channels of both, those of `other` last: `[…, a]` and `[…, b]` to `[…, a + b]`.
  /// - Precondition: the other extents are equal.
  public func appendingChannels(_ other: Tensor) -> Tensor {
    precondition(
      shape.extents.dropLast() == other.shape.extents.dropLast(),
      "\(shape) and \(other.shape) have other rows")
    let (a, b) = (shape.channels, other.shape.channels)
    return Tensor(shape.replacingChannels(by: a + b)) { result in
      withUnsafePointers(self, other) { first, second in
        for row in 0..<shape.rows {
          let target = result + row * (a + b)
          target.update(from: first + row * a, count: a)
          (target + a).update(from: second + row * b, count: b)
        }
      }
    }
  }

  /// Some of the channels: `[…, C]` to `[…, range.count]`.
  /// - Precondition: `range` lies within the channels.
  public func channels(_ range: Range<Int>) -> Tensor {
    let length = shape.channels
    precondition(0 <= range.lowerBound && range.upperBound <= length, "channels \(range) of \(shape)")
    return Tensor(shape.replacingChannels(by: range.count)) { result in
      withUnsafePointer { source in
        for row in 0..<shape.rows {
          let from = row * length + range.lowerBound
          (result + row * range.count).update(from: source + from, count: range.count)
        }
      }
    }
  }

  /// The adjoint of ``channels(_:)``: these channels from `start` on among `count`, zeros elsewhere.
  /// - Precondition: they fit.
  public func placingChannels(at start: Int, of count: Int) -> Tensor {
    let length = shape.channels
    precondition(start >= 0 && start + length <= count, "\(length) channels at \(start) of \(count)")
    return Tensor(shape.replacingChannels(by: count)) { result in
      result.update(repeating: 0, count: shape.rows * count)
      withUnsafePointer { source in
        for row in 0..<shape.rows {
          (result + (row * count + start)).update(from: source + row * length, count: length)
        }
      }
    }
  }
}
