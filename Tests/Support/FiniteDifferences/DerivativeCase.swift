public import Autograd
public import TensorCore

/// A differentiable function at a point, whose derivatives are compared with central differences.
///
/// A perturbation of h = 1/32 is exact for inputs on a grid of 1/256, and Richardson's extrapolation of two
/// steps leaves a truncation error of order h⁴. Outputs are subtracted one by one and weighted in Double, so
/// that outputs that do not move cancel exactly.
public struct DerivativeCase: Sendable, CustomStringConvertible {
  /// The function.
  public typealias Function = @Sendable ([Variable]) -> Variable

  /// What is differentiated.
  public let description: String
  /// The point.
  public let inputs: [Tensor]
  private let function: Function

  /// A function at a point; see ``Numbers`` for inputs on the grid.
  public init(_ description: String, _ inputs: [Tensor], _ function: @escaping Function) {
    self.description = description
    self.inputs = inputs
    self.function = function
  }

  /// The largest error of the gradient of Σ u · f(x) with respect to every element of every input, u fixed
  /// random weights. Relative to the largest element of the gradient, or absolute where that is below 1.
  public func firstOrderError() -> Double {
    let tape = Tape()
    let variables = inputs.map { tape.watch($0) }
    let output = function(variables)
    let weights = upstream(of: output)
    let gradients = tape.gradients(
      of: output, upstream: tape.constant(weights), withRespectTo: variables
    ).enumerated().map { $1?.value ?? Tensor(repeating: 0, shape: inputs[$0].shape) }
    return error(of: gradients, at: inputs) { point in
      let tape = Tape()
      return [(function(point.map { tape.watch($0) }).value, weights)]
    }
  }

  /// The largest error of the gradient of Σ v · ∂(Σ u · f(x))/∂x with respect to every element of x and of u,
  /// which a gradient of a recorded gradient gives, against differences of gradients.
  public func secondOrderError() -> Double {
    let tape = Tape()
    let weights = upstream(of: function(inputs.map { tape.constant($0) }))
    var numbers = Numbers(seed: 77)
    let directions = inputs.map { numbers.between(-1, 1, $0.shape) }
    let point = inputs + [weights]
    let variables = point.map { tape.watch($0) }
    let inner = gradients(at: variables, on: tape, createGraph: true)
    var total = tape.constant(Tensor(0))
    for (gradient, direction) in zip(inner, directions) {
      if let gradient { total = total + (gradient * tape.constant(direction)).sum() }
    }
    let gradients = tape.gradients(of: total, withRespectTo: variables).enumerated().map {
      $1?.value ?? Tensor(repeating: 0, shape: point[$0].shape)
    }
    return error(of: gradients, at: point) { point in
      let tape = Tape()
      let inner = self.gradients(at: point.map { tape.watch($0) }, on: tape, createGraph: false)
      return zip(inner, directions).map { ($0?.value ?? Tensor(repeating: 0, shape: $1.shape), $1) }
    }
  }

  /// The largest difference between the gradient that is recorded and the one that is not.
  public func recordingError() -> Double {
    let tape = Tape()
    let variables = inputs.map { tape.watch($0) }
    let weights = tape.watch(upstream(of: function(inputs.map { tape.constant($0) })))
    let plain = gradients(at: variables + [tape.constant(weights.value)], on: tape, createGraph: false)
    let recorded = gradients(at: variables + [weights], on: tape, createGraph: true)
    return zip(plain, recorded).reduce(0) { largest, pair in
      guard let a = pair.0?.value, let b = pair.1?.value else {
        return (pair.0 == nil) == (pair.1 == nil) ? largest : .infinity
      }
      return zip(a.scalars, b.scalars).reduce(largest) { max($0, Double(abs($1.0 - $1.1))) }
    }
  }

  /// The gradients with respect to all but the last variable, which weights the output.
  private func gradients(at variables: [Variable], on tape: Tape, createGraph: Bool) -> [Variable?] {
    let operands = Array(variables.dropLast())
    return tape.gradients(
      of: function(operands), upstream: variables[operands.count], withRespectTo: operands,
      createGraph: createGraph)
  }

  private func upstream(of output: Variable) -> Tensor {
    var numbers = Numbers(seed: 33)
    return numbers.between(-1, 1, output.shape)
  }

  /// Compares `gradients` with differences of the weighted outputs of `evaluate`.
  private func error(
    of gradients: [Tensor], at point: [Tensor],
    _ evaluate: ([Tensor]) -> [(output: Tensor, weights: Tensor)]
  ) -> Double {
    func difference(_ input: Int, _ element: Int, step: Float) -> Double {
      let sides = [step, -step].map { step in
        var moved = point
        moved[input].withUnsafeMutablePointer { $0[element] += step }
        return evaluate(moved)
      }
      var sum = 0.0
      for (up, down) in zip(sides[0], sides[1]) {
        let (high, low, weights) = (up.output.scalars, down.output.scalars, up.weights.scalars)
        for i in high.indices { sum += Double(weights[i]) * (Double(high[i]) - Double(low[i])) }
      }
      return sum / (2 * Double(step))
    }
    var largest = 0.0
    var scale = 1.0
    for (input, gradient) in gradients.enumerated() {
      for (element, value) in gradient.scalars.enumerated() {
        let numeric =
          (4 * difference(input, element, step: 1 / 64) - difference(input, element, step: 1 / 32)) / 3
        let error = abs(Double(value) - numeric)
        largest = error.isNaN ? .infinity : max(largest, error)
        scale = max(scale, Double(abs(value)))
      }
    }
    return largest / scale
  }
}
