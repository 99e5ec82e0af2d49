import Autograd
import Networks
import TensorCore

/// What a discriminator that tells classes itself minimises beside its scores' loss: the cross-entropies of real samples
/// and of fakes, -L_C of Odena et al. (2017, eq. 3).
struct ClassReward {
  /// The sum of both cross-entropies.
  let loss: Variable
  /// Values of ``statistics(of:)``.
  let statistics: [Float]

  /// - Parameters:
  ///   - real: logits `[N, classes]` of real samples, and their labels.
  ///   - fake: logits of fakes, and the classes that they were asked for by.
  init(real: (logits: Variable, classes: [Int]), fake: (logits: Variable, classes: [Int])) {
    loss =
      crossEntropy(logits: real.logits, classes: real.classes)
      + crossEntropy(logits: fake.logits, classes: fake.classes)
    statistics = [
      loss.value.scalar, Self.accuracy(of: real.logits.value, real.classes),
      Self.accuracy(of: fake.logits.value, fake.classes),
    ]
  }

  /// What is reported with a condition.
  static func statistics(of condition: ClassCondition) -> [Statistic] {
    guard condition.form == .auxiliary else { return [] }
    return [
      Statistic("loss_class", plot: "loss"),
      Statistic("class_real", label: "class(x)", plot: "classes told right"),
      Statistic("class_fake", label: "class(G(z))", plot: "classes told right"),
    ]
  }

  /// The share of rows whose largest logit is that of their class; the first of equals counts.
  private static func accuracy(of logits: Tensor, _ classes: [Int]) -> Float {
    let values = logits.scalars
    let length = logits.shape.channels
    let right = classes.enumerated().count { row, wanted in
      let own = values[row * length..<(row + 1) * length]
      return own.firstIndex(of: own.max() ?? 0) == row * length + wanted
    }
    return Float(right) / Float(classes.count)
  }
}
