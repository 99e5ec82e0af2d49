import Platform

/// A name in a store's folder, taken apart.
package enum FolderName: Equatable {
  /// `step-00000500`: a generation.
  case generation(step: Int)
  /// `step-00000500.replaced-…`: a generation that is being replaced by another of the same step.
  case replaced(step: Int)
  /// `step-00000500.tmp-…`, `latest.tmp-…`, `best.tmp-…`, `attempts.tmp-…` and `probe.tmp-…`: being written
  /// or removed.
  case temporary
  /// Anything else.
  case other

  static let latest = "latest"
  static let best = "best"
  static let attempts = "attempts"
  static let probe = "probe"

  /// Takes a name apart.
  package init(_ name: String) {
    let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let step = Self.step(parts[0])
    if parts.count == 1 {
      self = step.map { .generation(step: $0) } ?? .other
    } else if parts[1].hasPrefix("tmp-"),
      step != nil || [Self.latest, Self.best, Self.attempts, Self.probe].contains(String(parts[0]))
    {
      self = .temporary
    } else if parts[1].hasPrefix("replaced-"), let step {
      self = .replaced(step: step)
    } else {
      self = .other
    }
  }

  /// The step of a generation; nil for other names.
  package var step: Int? {
    if case .generation(let step) = self { step } else { nil }
  }

  /// `step-00000500`: what belongs to a step is called so in all of a run's folders.
  /// - Precondition: steps are counted from 0.
  package static func generation(_ step: Int) -> String {
    precondition(step >= 0, "steps are counted from 0")
    return "step-" + Digits.padded(step, to: 8)
  }

  /// `NAME.tmp-9f2c…`, with digits that no earlier process has left behind.
  static func temporary(_ name: String) -> String {
    name + ".tmp-" + nonce()
  }

  /// `NAME.replaced-9f2c…`.
  static func replaced(_ name: String) -> String {
    name + ".replaced-" + nonce()
  }

  private static func nonce() -> String {
    String(UInt64.random(in: .min ... .max), radix: 16)
  }

  /// Only the one spelling that ``generation(_:)`` gives is a generation.
  private static func step(_ text: Substring) -> Int? {
    guard text.hasPrefix("step-"), let step = Int(text.dropFirst(5)), step >= 0 else { return nil }
    return generation(step) == text ? step : nil
  }
}
