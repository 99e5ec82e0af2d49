/// Moving elements without changing them.
extension Tensor {
  /// The axes in another order: axis `i` of the result is axis `order[i]` of this tensor.
  public func transposed(_ order: [Int]) -> Tensor {
    precondition(order.sorted() == Array(0..<shape.rank), "\(order) is no order of the axes of \(shape)")
    if order == Array(0..<shape.rank) { return self }
    let own = shape.strides
    let target = Shape(order.map { shape[$0] })
    let strides = order.map { own[$0] }
    let step = strides.last ?? 0
    let length = target.channels
    return Tensor(target) { result in
      withUnsafePointer { source in
        Tensor.forEachRow(of: target, strides, strides) { row, from, _ in
          for i in 0..<length { result[row &+ i] = source[from &+ i &* step] }
        }
      }
    }
  }

  /// PyTorch's `[N, C, spatial…]` as `[N, spatial…, C]`.
  public func channelsLast() -> Tensor {
    transposed([0] + Array(2..<shape.rank) + [1])
  }

  /// `[N, spatial…, C]` as PyTorch's `[N, C, spatial…]`.
  public func channelsFirst() -> Tensor {
    transposed([0, shape.rank - 1] + Array(1..<(shape.rank - 1)))
  }

  /// The tensors one after another along the outermost axis.
  /// - Precondition: the other extents are equal, and there is at least one tensor.
  public static func concatenated(_ tensors: [Tensor]) -> Tensor {
    let inner = Array(tensors[0].shape.extents.dropFirst())
    precondition(tensors.allSatisfy { Array($0.shape.extents.dropFirst()) == inner }, "rows of equal shape")
    return Tensor(Shape([tensors.reduce(0) { $0 + $1.shape[0] }] + inner)) { result in
      var next = result
      for tensor in tensors {
        tensor.withUnsafePointer { next.update(from: $0, count: tensor.count) }
        next += tensor.count
      }
    }
  }

  /// Rows of the outermost axis by index: `[i…] → [i.count, …]`.
  /// - Precondition: every index names a row.
  public func gatherRows(_ indices: [Int]) -> Tensor {
    let length = shape.count / Swift.max(shape[0], 1)
    return Tensor(Shape([indices.count] + shape.extents.dropFirst())) { result in
      withUnsafePointer { source in
        for (row, index) in indices.enumerated() {
          precondition(index >= 0 && index < shape[0], "row \(index) of \(shape)")
          (result + row * length).update(from: source + index * length, count: length)
        }
      }
    }
  }

  /// The adjoint of ``gatherRows(_:)``: row `r` is added to row `indices[r]` of zeros with `rowCount` rows,
  /// in ascending `r`.
  public func scatterRows(_ indices: [Int], rowCount: Int) -> Tensor {
    precondition(indices.count == shape[0], "one index a row")
    let length = shape.count / Swift.max(shape[0], 1)
    return Tensor(Shape([rowCount] + shape.extents.dropFirst())) { result in
      result.update(repeating: 0, count: rowCount * length)
      withUnsafePointer { source in
        for (row, index) in indices.enumerated() {
          precondition(index >= 0 && index < rowCount, "row \(index) of \(rowCount)")
          let to = result + index * length
          let from = source + row * length
          for i in 0..<length { to[i] += from[i] }
        }
      }
    }
  }

  /// Elements by flat index.
  package func gatherElements(_ indices: [Int], shape target: Shape) -> Tensor {
    Tensor(target) { result in
      withUnsafePointer { source in for (i, index) in indices.enumerated() { result[i] = source[index] } }
    }
  }

  /// The adjoint of ``gatherElements(_:shape:)``, in ascending order.
  package func scatterElements(_ indices: [Int], shape target: Shape) -> Tensor {
    Tensor(target) { result in
      result.update(repeating: 0, count: target.count)
      withUnsafePointer { source in for (i, index) in indices.enumerated() { result[index] += source[i] } }
    }
  }
}
