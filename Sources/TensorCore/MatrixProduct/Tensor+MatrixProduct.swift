extension Tensor {
  /// The matrix product of the two innermost axes, for every index of the outer axes, which must be the same
  /// in both: `[…, m, k] × […, k, n] → […, m, n]`.
  ///
  /// Each element is one chain of fused multiply-adds over k in ascending order; its bits depend on the
  /// values alone.
  /// - Parameters:
  ///   - transposingSelf: takes `self` as `[…, k, m]`.
  ///   - transposingOther: takes `other` as `[…, n, k]`.
  ///   - set: the kernels, which have no influence on any bit.
  /// - Precondition: two axes or more, equal outer axes, and depths that agree.
  public func matrixProduct(
    _ other: Tensor, transposingSelf: Bool = false, transposingOther: Bool = false,
    using set: KernelSet = .current
  ) -> Tensor {
    precondition(
      shape.rank >= 2 && shape.rank == other.shape.rank
        && shape.extents.dropLast(2) == other.shape.extents.dropLast(2),
      "\(shape) and \(other.shape) are not matrices over the same outer axes")
    let (rows, depth) = transposingSelf ? (shape[-1], shape[-2]) : (shape[-2], shape[-1])
    let (otherDepth, columns) =
      transposingOther ? (other.shape[-1], other.shape[-2]) : (other.shape[-2], other.shape[-1])
    precondition(
      depth == otherDepth,
      "a product of \(shape)\(transposingSelf ? "ᵀ" : "") and \(other.shape)\(transposingOther ? "ᵀ" : "")")
    let outer = Array(shape.extents.dropLast(2))
    guard depth > 0 else { return Tensor(repeating: 0, shape: Shape(outer + [rows, columns])) }
    if outer.isEmpty, !transposingSelf, Self.exchangesOperands(rows: rows, depth: depth, columns: columns) {
      return other.matrixProduct(self, transposingSelf: !transposingOther, transposingOther: true, using: set)
        .transposedMatrix()
    }
    let kernels = KernelTable.of(set)
    let panels = MatrixPanels(depth: depth, columns: columns, isTransposed: transposingOther)
    return Tensor(Shape(outer + [rows, columns])) { result in
      withUnsafePointer { left in
        for matrix in 0..<outer.reduce(1, *) where rows > 0 && columns > 0 {
          let packed = other.packed(panels, from: matrix * depth * columns, kernels)
          let product = MatrixProduct(
            rows: rows, depth: depth, columns: columns, left: left + matrix * rows * depth,
            isLeftTransposed: transposingSelf, right: packed.pointer,
            result: result + matrix * rows * columns)
          withExtendedLifetime(packed) { product.run(kernels) }
        }
      }
    }
  }

  /// Whether A · B is faster made as (Bᵀ · Aᵀ)ᵀ: few rows against a large B, such as weights, which so is not
  /// packed into panels, while A and the result are transposed. An element's chain is the same either way.
  private static func exchangesOperands(rows: Int, depth: Int, columns: Int) -> Bool {
    rows * (depth + columns) < depth * columns
  }

  /// Of a matrix `[m, n]`: `[n, m]`.
  private func transposedMatrix() -> Tensor {
    let (rows, columns) = (shape[0], shape[1])
    return Tensor([columns, rows]) { result in
      withUnsafePointer { source in
        ComputeThreads.split(rows, grain: 32) { range in
          withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: range.count) { pointers in
            let pointers = pointers.baseAddress.unsafelyUnwrapped
            for row in range { (pointers + (row - range.lowerBound)).initialize(to: source + row &* columns) }
            transposeRows(
              pointers, count: range.count, columns: columns, to: result + range.lowerBound, stride: rows)
          }
        }
      }
    }
  }

  /// The product `selfᵀ · other` of `[N, m]` and `[N, n]` over each of `parts` equal ranges of rows, and the
  /// sum of these along the complete binary tree: `[m, n]`. The bits are those of the products taken one by
  /// one and then added.
  /// - Parameter room: where the result is written, if that is given.
  /// - Precondition: there are rows, and `parts` is a power of two and divides their number.
  package func matrixProductOverRows(
    _ other: Tensor, parts: Int, in room: Tensor? = nil, using set: KernelSet = .current
  ) -> Tensor {
    precondition(
      shape.rank == 2 && other.shape.rank == 2 && shape[0] == other.shape[0] && shape[0] > 0
        && parts > 0 && parts.nonzeroBitCount == 1 && shape[0].isMultiple(of: parts),
      "a product of \(shape) and \(other.shape) over \(parts) ranges of rows")
    let kernels = KernelTable.of(set)
    let (depth, rows, columns) = (shape[0], shape[1], other.shape[1])
    let isInPlace = MatrixProduct.readsInPlace(depth: depth, columns: columns, kernels)
    let panels = MatrixPanels(depth: depth, columns: columns, isTransposed: false)
    let packed = Scratch(count: isInPlace ? 0 : panels.packedCount(kernels))
    defer { packed.end() }
    return Tensor([rows, columns], in: room) { result in
      withUnsafePointers(self, other) { left, right in
        if !isInPlace { panels.pack(right, to: packed.pointer, kernels) }
        MatrixProduct(
          rows: rows, depth: depth, columns: columns, left: left, isLeftTransposed: true,
          right: isInPlace ? right : UnsafePointer(packed.pointer), isRightInPlace: isInPlace, parts: parts,
          result: result
        ).run(kernels)
      }
    }
  }

  /// The matrix that begins at element `start`, in panels; kept with the storage if its values last.
  private func packed(_ panels: MatrixPanels, from start: Int, _ kernels: KernelTable) -> TensorStorage {
    if storage.isLasting {
      return Tensor(viewOf: self, from: start, shape: [panels.depth * panels.columns])
        .packed(.panels(panels, lanes: kernels.lanes), kernels) { panels }
    }
    let packed = TensorStorage(count: panels.packedCount(kernels))
    withUnsafePointer { panels.pack($0 + start, to: packed.pointer, kernels) }
    return packed
  }
}
