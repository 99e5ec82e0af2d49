import Autograd
import FiniteDifferences
import TensorCore

extension DerivativeCase {
  /// Matrix products with every combination of transpositions, with and without outer axes.
  static let matrixProducts: [DerivativeCase] = {
    let outer: [[Int]] = [[], [2], [2, 2]]
    return outer.flatMap { outer in
      [(false, false), (false, true), (true, false), (true, true)].map { left, right in
        var n = Numbers(seed: 6)
        let a = n.between(-1, 1, Shape(outer + (left ? [4, 3] : [3, 4])))
        let b = n.between(-1, 1, Shape(outer + (right ? [2, 4] : [4, 2])))
        let name =
          "matrixProduct over \(outer), \(left ? "left" : "nothing") and \(right ? "right" : "nothing") transposed"
        return DerivativeCase(name, [a, b]) {
          $0[0].matrixProduct($0[1], transposingSelf: left, transposingOther: right)
        }
      }
    }
  }()

  /// Fully connected layers with and without bias and rectifier, of matrices and of more axes. No
  /// pre-activation lies within a difference of the rectifier's corner.
  static let linears: [DerivativeCase] = {
    let activations: [(String, FusedActivation)] = [
      ("", .identity), (", relu", .relu), (", leaky", .leakyReLU(slope: 0.2)),
    ]
    return activations.flatMap { name, activation in
      [[5], [2, 1, 3]].flatMap { outer in
        [true, false].map { hasBias in
          let inputs = linearInputs(outer, hasBias: hasBias)
          return DerivativeCase("linear over \(outer)\(hasBias ? ", bias" : "")\(name)", inputs) {
            $0[0].linear(weight: $0[1], bias: $0.count > 2 ? $0[2] : nil, activation: activation)
          }
        }
      }
    }
  }()

  private static func linearInputs(_ outer: [Int], hasBias: Bool) -> [Tensor] {
    for seed in UInt64(21)... {
      var n = Numbers(seed: seed)
      let (x, weight) = (n.between(-1, 1, Shape(outer + [3])), n.between(-1, 1, [4, 3]))
      let bias = n.between(-1, 1, [4])
      let product = x.asRows.matrixProduct(weight, transposingOther: true)
      let before = hasBias ? product + bias : product
      if before.scalars.allSatisfy({ abs($0) > 0.1 }) { return hasBias ? [x, weight, bias] : [x, weight] }
    }
    preconditionFailure("numbers without end")
  }

  /// Convolutions along one, two and three axes, with strides that do not divide the input and odd paddings.
  static let convolutions: [DerivativeCase] = {
    let geometries: [(input: [Int], kernel: [Int], stride: [Int], padding: [Int])] = [
      ([7], [3], [1], [1]), ([8], [3], [2], [0]), ([6], [2], [3], [1]),
      ([5, 6], [3, 2], [2, 1], [1, 0]), ([6, 5], [4, 4], [2, 2], [1, 1]),
      ([4, 4], [4, 4], [1, 1], [0, 0]),
      ([5, 4], [1, 3], [3, 2], [0, 2]), ([3, 4, 3], [2, 3, 2], [1, 2, 2], [0, 1, 1]),
      ([4, 2, 3], [3, 1, 3], [2, 1, 1], [1, 0, 2]),
    ]
    return geometries.map { input, kernel, stride, padding in
      var n = Numbers(seed: 7)
      let geometry = ConvolutionGeometry(kernel: kernel, stride: stride, padding: padding)
      let x = n.between(-1, 1, Shape([2] + input + [2]))
      let w = n.between(-1, 1, Shape([3, 2] + kernel))
      return DerivativeCase(
        "convolved \(input), kernel \(kernel), stride \(stride), padding \(padding)", [x, w]
      ) {
        $0[0].convolved(with: $0[1], geometry)
      }
    }
  }()

  /// Transposed convolutions, with an output padding where the stride leaves room for one.
  static let transposedConvolutions: [DerivativeCase] = {
    let geometries: [(input: [Int], kernel: [Int], stride: [Int], padding: [Int], output: [Int])] = [
      ([4], [3], [2], [1], [1]), ([5], [2], [1], [0], [0]),
      ([1, 1], [4, 4], [1, 1], [0, 0], [0, 0]), ([3, 2], [4, 4], [2, 2], [1, 1], [0, 0]),
      ([2, 3], [3, 2], [3, 2], [1, 0], [2, 1]), ([2, 2, 2], [3, 2, 3], [2, 1, 2], [1, 0, 0], [1, 0, 0]),
    ]
    return geometries.map { input, kernel, stride, padding, outputPadding in
      var n = Numbers(seed: 8)
      let geometry = ConvolutionGeometry(kernel: kernel, stride: stride, padding: padding)
      let x = n.between(-1, 1, Shape([2] + input + [3]))
      let w = n.between(-1, 1, Shape([3, 2] + kernel))
      let name = "transposedConvolved \(input), kernel \(kernel), stride \(stride), padding \(padding)"
      return DerivativeCase(name, [x, w]) {
        $0[0].transposedConvolved(with: $0[1], geometry, outputPadding: outputPadding)
      }
    }
  }()
}
