/// Equal parts of the outermost axis.
extension Tensor {
  /// One of as many equal parts of the outermost axis, as a view.
  /// - Precondition: `parts` divides the axis.
  public func part(_ index: Int, of parts: Int) -> Tensor {
    precondition(parts > 0 && shape[0].isMultiple(of: parts), "\(parts) equal parts of \(shape)")
    let length = shape[0] / parts
    return rows(index * length..<(index + 1) * length)
  }

  /// Tensors of one shape behind one another, along a new outermost axis.
  public init(stacking count: Int, _ element: (Int) -> Tensor) {
    precondition(count > 0, "a stack has a shape")
    let first = element(0)
    self.init(Shape([count] + first.shape.extents)) { result in
      for index in 0..<count {
        let next = index == 0 ? first : element(index)
        precondition(next.shape == first.shape, "\(next.shape) is stacked on \(first.shape)")
        next.withUnsafePointer { (result + index * first.count).update(from: $0, count: first.count) }
      }
    }
  }

  /// The first part of `even`, the first of `odd`, the second of `even` and so on: `[2 N, …]` of two `[N,
  /// …]`.
  /// - Precondition: the shapes are equal, and `parts` divides their outermost axis.
  package init(alternating even: Tensor, _ odd: Tensor, parts: Int) {
    precondition(
      even.shape == odd.shape && parts > 0 && even.shape[0].isMultiple(of: parts),
      "\(parts) equal parts of \(even.shape) alternate with those of \(odd.shape)")
    let length = even.count / parts
    self.init(Shape([2 * even.shape[0]] + even.shape.extents.dropFirst())) { result in
      withUnsafePointers(even, odd) { even, odd in
        for part in 0..<parts {
          (result + 2 * part * length).update(from: even + part * length, count: length)
          (result + (2 * part + 1) * length).update(from: odd + part * length, count: length)
        }
      }
    }
  }

  /// One of the two that alternate here, the first (0) or the second (1).
  /// - Precondition: `parts` is even and divides the outermost axis.
  package func everyOtherPart(from first: Int, of parts: Int) -> Tensor {
    precondition(
      (0...1).contains(first) && parts > 0 && parts.isMultiple(of: 2) && shape[0].isMultiple(of: parts),
      "every other of \(parts) equal parts of \(shape), from \(first)")
    let length = count / parts
    return Tensor(Shape([shape[0] / 2] + shape.extents.dropFirst())) { result in
      withUnsafePointer { source in
        for part in 0..<parts / 2 {
          (result + part * length).update(from: source + (2 * part + first) * length, count: length)
        }
      }
    }
  }
}
