public import TensorCore

/// The record of one forward computation, from which derivatives are taken.
///
/// Derivative rules are written with the same operations that the forward computation uses, so a gradient can
/// itself be recorded and differentiated (`createGraph`), which gradient penalties need.
public final class Tape {
  /// How layers with two behaviours compute.
  public enum Mode: Sendable {
    /// Batch statistics, dropout.
    case training
    /// Running statistics, no dropout; nothing is collected.
    case inference
  }

  /// What a derivative rule is given: the operation's inputs and output as variables (constants unless a graph is
  /// being created), the gradient of the output, and which inputs need a gradient.
  struct Backward {
    let inputs: [Variable]
    let output: Variable
    let upstream: Variable
    let needs: [Bool]

    /// Whether only values are wanted, so that a rule may use a fused kernel instead of recordable operations.
    var isFirstOrder: Bool { !upstream.isRecorded && !inputs.contains { $0.isRecorded } }
  }

  typealias Rule = (Backward) -> [Variable?]

  private struct Saved {
    let value: Tensor
    let node: Int?
  }

  private struct Node {
    let inputs: [Saved]
    let output: Tensor
    let rule: Rule?
  }

  /// How layers with two behaviours compute on this tape.
  public let mode: Mode
  private var nodes: [Node] = []
  private let watched: [ParameterStore]
  private var leaves: [ObjectIdentifier: [Int?]] = [:]

  /// The batch statistics that normalisation layers saw on this tape, in order of computation.
  public private(set) var statistics: [BatchStatistics] = []

  /// - Parameter watched: the networks whose parameters are differentiated; all others are constants.
  public init(watching watched: [ParameterStore] = [], mode: Mode = .training) {
    self.watched = watched
    self.mode = mode
  }

  /// A tensor that no derivative flows to.
  public func constant(_ value: Tensor) -> Variable {
    Variable(value, on: self, node: nil)
  }

  /// A tensor that derivatives can be taken with respect to.
  public func watch(_ value: Tensor) -> Variable {
    nodes.append(Node(inputs: [], output: value, rule: nil))
    return Variable(value, on: self, node: nodes.count - 1)
  }

  /// A parameter's value: watched if its network is, a constant otherwise.
  public func variable(for parameter: Parameter) -> Variable {
    let store = parameter.store
    guard watched.contains(where: { $0 === store }) else { return constant(parameter.value) }
    let id = ObjectIdentifier(store)
    if let node = leaves[id]?[parameter.ordinal] {
      return Variable(nodes[node].output, on: self, node: node)
    }
    let variable = watch(parameter.value)
    leaves[id, default: [Int?](repeating: nil, count: store.parameters.count)][parameter.ordinal] =
      variable.node
    return variable
  }

  /// Notes what a normalisation layer saw.
  public func collect(_ statistics: BatchStatistics) {
    self.statistics.append(statistics)
  }

  /// The statistics collected since the last call.
  public func takeStatistics() -> [BatchStatistics] {
    defer { statistics = [] }
    return statistics
  }

  func record(_ value: Tensor, from inputs: [Variable], rule: @escaping Rule) -> Variable {
    var depends = false
    for input in inputs where input.node != nil {
      precondition(input.tape === self, "a variable of another tape enters only as a constant")
      depends = true
    }
    guard depends else { return constant(value) }
    nodes.append(
      Node(inputs: inputs.map { Saved(value: $0.value, node: $0.node) }, output: value, rule: rule))
    return Variable(value, on: self, node: nodes.count - 1)
  }

  /// The derivatives of `output`, weighted by `upstream`, with respect to `variables`.
  ///
  /// - Parameters:
  ///   - upstream: of the output's shape; ones if absent, which needs a scalar output.
  ///   - createGraph: whether the result is recorded, so that it can be differentiated again.
  /// - Returns: one gradient a variable, nil where the output does not depend on it.
  public func gradients(
    of output: Variable, upstream: Variable? = nil, withRespectTo variables: [Variable],
    createGraph: Bool = false
  ) -> [Variable?] {
    guard let last = output.node else { return variables.map { _ in nil } }
    precondition(
      upstream != nil || output.value.count == 1, "an output of shape \(output.shape) needs an upstream")
    var needed = [Bool](repeating: false, count: last + 1)
    var keep = needed
    var first = last + 1
    for case let node? in variables.map(\.node) where node <= last {
      needed[node] = true
      keep[node] = true
      first = min(first, node)
    }
    guard first <= last else { return variables.map { _ in nil } }
    for node in first...last where !needed[node] {
      needed[node] = nodes[node].inputs.contains { input in input.node.map { needed[$0] } ?? false }
    }
    guard needed[last] else { return variables.map { _ in nil } }

    var gradients = [Variable?](repeating: nil, count: last + 1)
    gradients[last] = upstream ?? constant(Tensor(repeating: 1, shape: output.shape))
    for index in stride(from: last, through: first, by: -1) where needed[index] {
      guard let gradient = gradients[index] else { continue }
      let node = nodes[index]
      guard let rule = node.rule else { continue }
      if !keep[index] { gradients[index] = nil }
      let results = rule(
        Backward(
          inputs: node.inputs.map { Variable($0.value, on: self, node: createGraph ? $0.node : nil) },
          output: Variable(node.output, on: self, node: createGraph ? index : nil), upstream: gradient,
          needs: node.inputs.map { input in input.node.map { needed[$0] } ?? false }))
      for (input, result) in zip(node.inputs, results) {
        guard let target = input.node, needed[target], let result else { continue }
        if let sum = gradients[target] {
          gradients[target] = sum + result
        } else {
          gradients[target] = result
        }
      }
    }
    return variables.map { variable in
      guard let node = variable.node, node <= last else { return nil }
      return gradients[node]
    }
  }

  /// The gradient of a scalar with respect to all parameters of a watched network, laid out as its flat buffer;
  /// zero where the output does not depend on a parameter.
  public func gradients(of output: Variable, forParametersOf store: ParameterStore) -> Tensor {
    Tensor([store.count]) { writeGradients(of: output, forParametersOf: store, to: $0) }
  }

  /// Writes ``gradients(of:forParametersOf:)`` to the `store.count` elements of `flat`.
  public func writeGradients(
    of output: Variable, forParametersOf store: ParameterStore, to flat: UnsafeMutablePointer<Float>
  ) {
    let used = leaves[ObjectIdentifier(store)] ?? []
    let variables = used.compactMap { $0 }.map { Variable(nodes[$0].output, on: self, node: $0) }
    var found = gradients(of: output, withRespectTo: variables).makeIterator()
    for (ordinal, parameter) in store.parameters.enumerated() {
      let target = flat + parameter.range.lowerBound
      let isUsed = ordinal < used.count && used[ordinal] != nil
      if isUsed, let gradient = found.next() ?? nil {
        gradient.value.withUnsafePointer { target.update(from: $0, count: parameter.range.count) }
      } else {
        target.update(repeating: 0, count: parameter.range.count)
      }
    }
  }
}

/// The value of a loss and its gradient with respect to one network.
/// - Parameter store: the trained network; every other network's parameters are constants on the tape.
/// - Returns: the loss, and the gradient laid out as the network's flat buffer.
public func valueAndGradients<Failure: Error>(
  of store: ParameterStore, _ loss: (Tape) throws(Failure) -> Variable
) throws(Failure) -> (value: Tensor, gradients: Tensor) {
  let tape = Tape(watching: [store])
  let output = try loss(tape)
  return (output.value, tape.gradients(of: output, forParametersOf: store))
}
