internal import COpenBLAS

/// What the BLAS library says about itself.
public enum BLASLibrary {
  /// One line naming the library, its version and how it was built, such as
  /// `OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY Cooperlake MAX_THREADS=64`.
  public static var configuration: String {
    openblas_get_config().map { String(cString: $0) } ?? "unknown BLAS"
  }

  /// The processor that its kernels were chosen for, such as `Haswell`; `OPENBLAS_CORETYPE` overrides the choice.
  public static var coreName: String {
    openblas_get_corename().map { String(cString: $0) } ?? "unknown"
  }

  /// The threads that it computes with unless told otherwise: `OPENBLAS_NUM_THREADS`, or one a core.
  public static var threads: Int { Int(openblas_get_num_threads()) }
}
