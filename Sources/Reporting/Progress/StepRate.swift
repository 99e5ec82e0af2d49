/// The seconds that a step takes, smoothed: the ratio of two exponentially fading sums, of time and of steps,
/// so that the first steps weigh no more than later ones.
struct StepRate {
  /// Time constant of the fading in seconds.
  static let memory = 15.0

  private var seconds = 0.0
  private var steps = 0.0

  /// Takes in that `count` steps took `duration` seconds.
  mutating func add(steps count: Int, in duration: Double) {
    guard count > 0, duration >= 0 else { return }
    let keep = Self.memory / (Self.memory + duration)
    seconds = seconds * keep + duration
    steps = steps * keep + Double(count)
  }

  /// Nil before there was a step of measurable duration.
  var secondsPerStep: Double? {
    steps > 0 && seconds > 0 ? seconds / steps : nil
  }
}
