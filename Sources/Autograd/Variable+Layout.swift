public import TensorCore

/// Moving elements.
extension Variable {
  /// The same elements under another shape.
  public func reshaped(_ shape: Shape) -> Variable {
    guard shape != self.shape else { return self }
    return tape.record(value.reshaped(shape), from: [self]) { [$0.upstream.reshaped($0.inputs[0].shape)] }
  }

  /// The axes in another order: axis `i` of the result is axis `order[i]`.
  public func transposed(_ order: [Int]) -> Variable {
    precondition(parts == 1 || order[0] == 0, "samples stay outermost")
    var inverse = order
    for (axis, source) in order.enumerated() { inverse[source] = axis }
    return tape.record(value.transposed(order), from: [self]) { [$0.upstream.transposed(inverse)] }
  }

  /// PyTorch's `[N, C, spatial…]` as `[N, spatial…, C]`.
  public func channelsLast() -> Variable { transposed([0] + Array(2..<shape.rank) + [1]) }

  /// `[N, spatial…, C]` as PyTorch's `[N, C, spatial…]`.
  public func channelsFirst() -> Variable { transposed([0, shape.rank - 1] + Array(1..<(shape.rank - 1))) }

  /// Rows of the outermost axis by index.
  public func gatherRows(_ indices: [Int]) -> Variable {
    precondition(parts == 1, "samples stay in their parts")
    return tape.record(value.gatherRows(indices), from: [self]) {
      [$0.upstream.scatterRows(indices, rowCount: $0.inputs[0].shape[0])]
    }
  }

  /// Row `r` added to row `indices[r]` of zeros.
  public func scatterRows(_ indices: [Int], rowCount: Int) -> Variable {
    precondition(parts == 1, "samples stay in their parts")
    return tape.record(value.scatterRows(indices, rowCount: rowCount), from: [self]) {
      [$0.upstream.gatherRows(indices)]
    }
  }

  /// One element of each row: `[N, C]` and N indices to `[N, 1]`.
  public func elements(_ indices: [Int]) -> Variable {
    precondition(shape.rank == 2 && indices.count == shape[0], "one index a row of \(shape)")
    let flat = indices.enumerated().map { row, column in
      precondition(column >= 0 && column < shape[1], "column \(column) of \(shape)")
      return row * shape[1] + column
    }
    return gatherElements(flat, shape: [shape[0], 1])
  }

  func gatherElements(_ indices: [Int], shape target: Shape) -> Variable {
    tape.record(value.gatherElements(indices, shape: target), from: [self]) {
      [$0.upstream.scatterElements(indices, shape: $0.inputs[0].shape)]
    }
  }

  private func scatterElements(_ indices: [Int], shape target: Shape) -> Variable {
    tape.record(value.scatterElements(indices, shape: target), from: [self]) {
      [$0.upstream.gatherElements(indices, shape: $0.inputs[0].shape)]
    }
  }
}
