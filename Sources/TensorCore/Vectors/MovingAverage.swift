/// An exponential moving average of flat values: `average += share (values − average)`.
public struct MovingAverage {
  /// The average, as long as the values.
  public let values: UnsafeMutablePointer<Float>
  /// What the new values contribute: 1 less the decay.
  public let share: Float

  /// An average kept in `values`.
  public init(_ values: UnsafeMutablePointer<Float>, share: Float) {
    self.values = values
    self.share = share
  }

  /// Moves the average toward `count` new values.
  public func move(toward target: UnsafePointer<Float>, count: Int) {
    FlatLanes.split(count) {
      $0.forEach { lanes in
        lanes.store(Self.interpolated(lanes.load(values), lanes.load(target), share), to: values)
      }
    }
  }

  /// `start + share (end − start)`, from whichever end is nearer, as `torch.lerp`, but with a product that is
  /// rounded.
  @inline(__always)
  static func interpolated(_ start: SIMD8<Float>, _ end: SIMD8<Float>, _ share: Float) -> SIMD8<Float> {
    share < 0.5 ? start + share * (end - start) : end - (end - start) * (1 - share)
  }
}
