import CProcessor

/// Numbers closer to zero than 2⁻¹²⁶, on which arithmetic takes ten times as long or more.
///
/// The moments of a weight whose gradient has become zero, behind a rectifier that never opens again, decay
/// to subnormal numbers and stay there for ever, because what a step would take off rounds to nothing.
public enum Subnormals {
  /// Has the calling thread, and all threads that it starts from now on, take subnormal operands and results
  /// for zero.
  ///
  /// To be called before other threads are there: arithmetic is the same everywhere only if all do so.
  /// Compute threads do as the thread whose jobs they run.
  public static func flush() {
    lockstep_set_float_control(lockstep_float_control() | lockstep_float_control_flushing())
  }
}
