public import Synchronization

/// What this process has read of data so far, and the wish that it stop: for those who watch a data set that
/// takes long to open.
public enum Reading {
  /// Files that were opened.
  public static let files = Atomic<Int>(0)
  /// Bytes that were read.
  public static let bytes = Atomic<Int>(0)
  /// Samples that were looked at for a measurement, or to train what measures: also of data in memory, of
  /// which no byte is read then.
  public static let samples = Atomic<Int>(0)
  /// Once set, reading fails.
  public static let isStopped = Atomic<Bool>(false)
}
