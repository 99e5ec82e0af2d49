internal import COpenBLAS

extension Tensor {
  /// The matrix product of the two innermost axes, for every index of the outer axes, which must be the same in
  /// both: `[…, m, k] × […, k, n] → […, m, n]`.
  ///
  /// Computed by OpenBLAS on the calling thread: its bits depend on the shapes (and the processor), which in a
  /// training run never depend on the number of ranks.
  /// - Parameters:
  ///   - transposingSelf: takes `self` as `[…, k, m]`.
  ///   - transposingOther: takes `other` as `[…, n, k]`.
  /// - Precondition: two axes or more, equal outer axes, and depths that agree.
  public func matrixProduct(
    _ other: Tensor, transposingSelf: Bool = false, transposingOther: Bool = false
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
    Self.singleThreadedBLAS
    return Tensor(Shape(outer + [rows, columns])) { result in
      withUnsafePointer { left in
        other.withUnsafePointer { right in
          for matrix in 0..<outer.reduce(1, *) where rows > 0 && columns > 0 {
            cblas_sgemm(
              CblasRowMajor, transposingSelf ? CblasTrans : CblasNoTrans,
              transposingOther ? CblasTrans : CblasNoTrans, blasint(rows), blasint(columns), blasint(depth),
              1,
              left + matrix * rows * depth, blasint(shape[-1]), right + matrix * depth * columns,
              blasint(other.shape[-1]), 0, result + matrix * rows * columns, blasint(columns))
          }
        }
      }
    }
  }

  /// OpenBLAS would otherwise start a thread per core, beside those of the other ranks.
  private static let singleThreadedBLAS: Void = openblas_set_num_threads(1)
}
