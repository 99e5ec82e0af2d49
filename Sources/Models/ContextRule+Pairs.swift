public import TensorCore

/// One of two square images side by side, as data sets of pairs are published (Isola et al. 2017).
public enum PairHalf: String, CaseIterable, Sendable {
  /// The left one: A of `A|B`.
  case left
  /// The right one: B.
  case right

  /// The half beside it.
  public var other: PairHalf { self == .left ? .right : .left }
}

extension ContextRule {
  /// What is to be made of samples' contexts: the other halves of pairs, `[N, size, size, C]`; other samples
  /// as they are.
  public func originals(of samples: Tensor) -> Tensor {
    kind == .pair ? samples.half(shown.other) : samples
  }

  /// The shape of a sample that is cut, `[size, 2 size, C]` of a pair, for one of what is to be made of it.
  public func cutShape(making shape: Shape) -> Shape {
    kind == .pair ? [shape[0], 2 * shape[1], shape.channels] : shape
  }

  /// Contexts of which all is shown and no value of what is to be made is known, `[N, size…, C + 1]`.
  /// - Parameter values: `[N, size…, C]`.
  public func context(showing values: Tensor) -> Tensor {
    values.appendingChannels(Tensor(repeating: 0, shape: values.shape.replacingChannels(by: 1)))
  }
}

extension Tensor {
  /// A half of each of `[N, H, 2 W, C]`: `[N, H, W, C]`.
  /// - Precondition: they are twice as wide as high.
  func half(_ half: PairHalf) -> Tensor {
    precondition(shape.rank == 4 && shape[2] == 2 * shape[1], "\(shape) are no pairs side by side")
    let row = shape[1] * shape.channels
    return reshaped([shape[0] * shape[1], 2 * row]).channels(half == .left ? 0..<row : row..<2 * row)
      .reshaped([shape[0], shape[1], shape[1], shape.channels])
  }
}
