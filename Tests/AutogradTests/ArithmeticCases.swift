import Autograd
import FiniteDifferences
import TensorCore

extension DerivativeCase {
  /// Arithmetic: of equal shapes, and with either operand, or both, repeated by broadcasting.
  static let arithmetic: [DerivativeCase] = {
    let shapes: [(String, Shape, Shape)] = [
      ("of equal shapes", [2, 3], [2, 3]), ("with a row", [2, 3, 4], [4]),
      ("with a column", [3, 1], [3, 5]),
      ("with a scalar", [], [2, 3]), ("with both repeated", [2, 1, 3], [4, 1]),
      ("with an inner axis repeated", [2, 3, 2], [2, 1, 2]),
    ]
    return shapes.flatMap { name, left, right in
      var n = Numbers(seed: 1)
      let a = n.between(-2, 2, left)
      let b = n.between(-2, 2, right)
      let divisor = n.between(0.5, 2, right)
      return [
        DerivativeCase("+ \(name)", [a, b]) { $0[0] + $0[1] },
        DerivativeCase("- \(name)", [a, b]) { $0[0] - $0[1] },
        DerivativeCase("* \(name)", [a, b]) { $0[0] * $0[1] },
        DerivativeCase("/ \(name)", [a, divisor]) { $0[0] / $0[1] },
      ]
    }
  }()

  /// Arithmetic with constants, and sums.
  static let reductions: [DerivativeCase] = {
    var n = Numbers(seed: 2)
    let x = n.between(-2, 2, [2, 3, 4])
    return [
      DerivativeCase("- as a prefix", [x]) { -$0[0] * $0[0] },
      DerivativeCase("+ a number", [x]) { ($0[0] + 1.5) * $0[0] },
      DerivativeCase("- a number", [x]) { ($0[0] - 1.5) * $0[0] },
      DerivativeCase("- from a number", [x]) { (1.5 - $0[0]) * $0[0] },
      DerivativeCase("* a number", [x]) { $0[0] * 1.5 * $0[0] },
      DerivativeCase("* by a number", [x]) { 1.5 * $0[0] * $0[0] },
      DerivativeCase("dividedOnce by a number", [x, n.between(0.5, 2, [])]) {
        ($0[0].squared()).dividedOnce(by: $0[1])
      },
      DerivativeCase("squared", [x]) { $0[0].squared() },
      DerivativeCase("* of a variable by itself, thrice", [x]) { $0[0] * $0[0] * $0[0] },
      DerivativeCase("broadcast", [n.between(-1, 1, [3, 1])]) { $0[0].squared().broadcast(to: [2, 3, 4]) },
      DerivativeCase("sum to a shape", [x]) { $0[0].squared().sum(to: [3, 1]) },
      DerivativeCase("sum along axes", [x]) { $0[0].squared().sum(along: [0, -1]) },
      DerivativeCase("sum of all", [x]) { $0[0].squared().sum() },
      DerivativeCase("mean along axes", [x]) { $0[0].squared().mean(along: [1]) },
      DerivativeCase("mean of all", [x]) { $0[0].squared().mean() },
    ]
  }()
}
