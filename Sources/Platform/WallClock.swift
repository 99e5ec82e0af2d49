import Glibc

/// The time of day, which may be set back.
public enum WallClock {
  /// Seconds since 1970.
  public static var seconds: Double { timespec(of: CLOCK_REALTIME).seconds }
}
