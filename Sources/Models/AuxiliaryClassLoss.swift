import Autograd
import Networks
import TensorCore

/// What the networks of an auxiliary classifier minimise beside the scores' loss, for real samples and for
/// fakes, each in its pass: -L_C of Odena et al. (2017, eq. 3).
struct AuxiliaryClassLoss {
  /// The cross-entropy.
  let loss: Variable
  /// The share of samples that are classified correctly.
  let accuracy: Float

  /// - Parameters:
  ///   - logits: `[N, classes]` of samples.
  ///   - classes: the labels of real samples, or the classes that fakes were asked for by.
  init(logits: Variable, classes: [Int]) {
    loss = crossEntropy(logits: logits, classes: classes)
    accuracy = Self.accuracy(of: logits.value, classes)
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
