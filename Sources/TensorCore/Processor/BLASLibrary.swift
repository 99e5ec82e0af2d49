import COpenBLAS

/// What the BLAS library says about itself.
public enum BLASLibrary {
  /// One line naming the library, its version and how it was built, such as
  /// `OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY Cooperlake MAX_THREADS=64`.
  public static var configuration: String {
    openblas_get_config().map { String(cString: $0) } ?? "unknown BLAS"
  }

  /// The processor that its kernels were chosen for, such as `Haswell`; `OPENBLAS_CORETYPE` overrides the
  /// choice.
  public static var coreName: String {
    openblas_get_corename().map { String(cString: $0) } ?? "unknown"
  }

  /// The threads that it computes with unless told otherwise: `OPENBLAS_NUM_THREADS`, or one a core.
  public static var threads: Int { Int(openblas_get_num_threads()) }

  /// The square product of two matrices, `[n, n]`, on the calling thread: a peer to measure against.
  package static func product(_ left: Tensor, _ right: Tensor) -> Tensor {
    let n = left.shape[0]
    precondition(
      left.shape == [n, n] && right.shape == [n, n], "\(left.shape) × \(right.shape) is not square")
    singleThreaded
    return Tensor([n, n]) { result in
      withUnsafePointers(left, right) { left, right in
        cblas_sgemm(
          CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(n), blasint(n), blasint(n), 1, left,
          blasint(n), right,
          blasint(n), 0, result, blasint(n))
      }
    }
  }

  /// OpenBLAS would otherwise start a thread per core, beside those of the other ranks.
  package static let singleThreaded: Void = openblas_set_num_threads(1)
}
