import Glibc

/// How the step size of an optimizer changes over a run, as a pure function of the step.
public struct LearningRateSchedule: Hashable, Sendable {
  /// How it falls.
  public enum Decay: String, CaseIterable, Hashable, Sendable {
    /// It does not.
    case none
    /// On a straight line.
    case linear
    /// On half a period of the cosine (Loshchilov and Hutter 2017, eq. 5, without restarts).
    case cosine
  }

  /// Steps over which the rate rises on a straight line (Goyal et al. 2017, section 2.2); 0 starts at the
  /// full rate.
  public let warmup: Int
  /// How the rate falls.
  public let decay: Decay
  /// Steps, from the first one on, after which it has reached zero.
  public let decaySteps: Int

  /// A schedule.
  /// - Precondition: `warmup` is not negative, and a rate that falls has steps to fall in.
  public init(warmup: Int = 0, decay: Decay = .none, decaySteps: Int = 0) {
    precondition(warmup >= 0 && (decay == .none || decaySteps > 0), "a rate changes over a number of steps")
    self.warmup = warmup
    self.decay = decay
    self.decaySteps = decaySteps
  }

  /// The full rate at every step.
  public static let constant = LearningRateSchedule()

  /// What the rate is multiplied by at `step`, from 0: exactly 1 where nothing rises or falls.
  public func factor(at step: Int) -> Double {
    let rise = step + 1 < warmup ? Double(step + 1) / Double(warmup) : 1
    guard decay != .none else { return rise }
    let progress = min(1, Double(step) / Double(decaySteps))
    return rise * (decay == .linear ? 1 - progress : 0.5 * (1 + cos(.pi * progress)))
  }
}
