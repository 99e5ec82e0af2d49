public import TensorCore

/// The record of one forward computation, from which derivatives are taken.
///
/// Derivative rules are written with the same operations that the forward computation uses, so a gradient can
/// itself be recorded and differentiated (`createGraph`), which gradient penalties need.
///
/// A tape may compute several micro-batches in one pass, its ``parts``. What samples share is then computed
/// once and what each sample has is computed as ever; but every sum over samples is taken for each part by
/// itself, so that it has the bits of a pass over that part alone. Such a sum has the parts as its outermost
/// axis: a mean loss of two parts has the shape `[2]`, the gradient of a shared weight `[out, in]` the shape
/// `[2, out, in]`.
public final class Tape {
  /// How layers with two behaviours compute.
  public enum Mode: Sendable {
    /// Batch statistics, which are collected.
    case training
    /// Running statistics; nothing is collected.
    case inference
  }

  /// What a derivative rule is given: the operation's inputs and output as variables (constants unless a
  /// graph is being created), the gradient of the output, and which inputs need a gradient.
  struct Backward {
    let inputs: Operands
    let output: Variable
    let upstream: Variable
    let needs: Inputs
    /// The uses of convolution weights so far.
    let weightGradients: WeightGradients
    /// The operation's node.
    fileprivate let node: Int
    /// The room for the gradient of a node.
    fileprivate let rooms: (Int) -> Tensor?

    /// Where the gradient of an input may be written, of its shape and summed over the parts along the
    /// complete binary tree; nil where it may not, as of what is used more than once.
    func room(_ position: Int) -> Tensor? {
      output.tape.nodes[node].inputs[position].node.flatMap(rooms)
    }

    /// The node of an input that is a leaf, whose gradient may be computed later, with those of its other
    /// uses; nil if a graph is being created.
    func leaf(_ position: Int) -> Int? {
      guard !output.isRecorded else { return nil }
      let nodes = output.tape.nodes
      return nodes[node].inputs[position].node.flatMap { nodes[$0].rule == nil ? $0 : nil }
    }

    /// Whether only values are wanted, so that a rule may use a fused kernel instead of recordable
    /// operations.
    var isFirstOrder: Bool { !upstream.isRecorded && !inputs.areRecorded }
  }

  /// An operation's inputs as variables, made when a rule asks for one.
  struct Operands {
    fileprivate let saved: [Saved]
    fileprivate let tape: Tape
    /// Whether a graph is being created.
    fileprivate let areRecorded: Bool

    subscript(position: Int) -> Variable {
      let input = saved[position]
      return Variable(input.value, on: tape, node: areRecorded ? input.node : nil, parts: input.parts)
    }
  }

  /// Some of an operation's inputs, by position.
  struct Inputs {
    private var bits: UInt64 = 0

    subscript(position: Int) -> Bool {
      get { bits & 1 << UInt64(position) != 0 }
      set { if newValue { bits |= 1 << UInt64(position) } }
    }
  }

  typealias Rule = (Backward) -> [Variable?]

  fileprivate struct Saved {
    let value: Tensor
    let node: Int?
    let parts: Int
  }

  private struct Node {
    let inputs: [Saved]
    let output: Tensor
    let parts: Int
    let rule: Rule?
  }

  /// How layers with two behaviours compute on this tape.
  public let mode: Mode
  /// The micro-batches that one pass computes.
  public let parts: Int
  private var nodes: [Node] = []
  private let watched: [ParameterStore]
  private var leaves: [ObjectIdentifier: [Int?]] = [:]

  /// The batch statistics that normalisation layers saw on this tape, in order of computation.
  private var statistics: [BatchStatistics] = []

  /// - Parameters:
  ///   - watched: the networks whose parameters are differentiated; all others are constants.
  ///   - parts: the micro-batches that one pass computes.
  public init(watching watched: [ParameterStore] = [], mode: Mode = .training, parts: Int = 1) {
    precondition(parts > 0, "a pass computes something")
    self.watched = watched
    self.mode = mode
    self.parts = parts
  }

  /// A tensor that all samples share and no derivative flows to.
  public func constant(_ value: Tensor) -> Variable {
    Variable(value, on: self, node: nil)
  }

  /// Samples, `[N, …]`, that no derivative flows to.
  /// - Precondition: the tape's parts divide N.
  public func samples(_ value: Tensor) -> Variable {
    Variable(value, on: self, node: nil, parts: divided(value))
  }

  /// Samples, `[N, …]`, that derivatives can be taken with respect to.
  /// - Precondition: the tape's parts divide N.
  public func watch(_ value: Tensor) -> Variable {
    leaf(value, parts: divided(value))
  }

  /// Two kinds of samples, `[N, …]` each, part by part by turns: `[2 N, …]` in twice as many parts, each of
  /// which is summed by itself; see ``Variable/everyOtherPart(from:)``.
  /// - Precondition: the tape's parts divide N.
  public func samples(_ value: Tensor, alternatingWith other: Tensor) -> Variable {
    precondition(value.shape == other.shape, "as many of each: \(value.shape) and \(other.shape)")
    return Variable(
      Tensor(alternating: value, other, parts: divided(value)), on: self, node: nil, parts: 2 * parts)
  }

  private func divided(_ samples: Tensor) -> Int {
    precondition(
      parts == 1 || samples.shape[0].isMultiple(of: parts), "\(parts) parts divide \(samples.shape)")
    return parts
  }

  private func leaf(_ value: Tensor, parts: Int = 1) -> Variable {
    nodes.append(Node(inputs: [], output: value, parts: parts, rule: nil))
    return Variable(value, on: self, node: nodes.count - 1, parts: parts)
  }

  /// A parameter's value: watched if its network is, a constant otherwise.
  public func variable(for parameter: Parameter) -> Variable {
    let store = parameter.store
    guard watched.contains(where: { $0 === store }) else { return constant(parameter.value) }
    let id = ObjectIdentifier(store)
    if let node = leaves[id]?[parameter.ordinal] {
      return Variable(nodes[node].output, on: self, node: node)
    }
    let variable = leaf(parameter.value)
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

  /// What an operation made of its inputs, recorded with the rule of its derivative if these depend on what
  /// is watched.
  /// - Parameter divided: the parts of the value; those of the inputs if absent.
  func record(
    _ value: Tensor, from inputs: [Variable], parts divided: Int? = nil, rule: @escaping Rule
  ) -> Variable {
    var depends = false
    var parts = divided ?? 1
    for input in inputs {
      if divided == nil { parts = max(parts, input.parts) }
      guard input.node != nil else { continue }
      precondition(input.tape === self, "a variable of another tape enters only as a constant")
      depends = true
    }
    guard depends else { return Variable(value, on: self, node: nil, parts: parts) }
    nodes.append(
      Node(
        inputs: inputs.map { Saved(value: $0.value, node: $0.node, parts: $0.parts) }, output: value,
        parts: parts, rule: rule))
    return Variable(value, on: self, node: nodes.count - 1, parts: parts)
  }

  /// The derivatives of `output`, weighted by `upstream`, with respect to `variables`.
  ///
  /// - Parameters:
  ///   - upstream: of the output's shape; ones if absent, which needs a scalar output, or one of each part.
  ///   - createGraph: whether the result is recorded, so that it can be differentiated again.
  /// - Returns: one gradient a variable, nil where the output does not depend on it. That of a variable which
  ///   several parts share has the parts in front.
  public func gradients(
    of output: Variable, upstream: Variable? = nil, withRespectTo variables: [Variable],
    createGraph: Bool = false
  ) -> [Variable?] {
    gradients(
      of: output, upstream: upstream, withRespectTo: variables, createGraph: createGraph,
      rooms: { _ in nil }, whenFinal: { _, _ in })
  }

  /// - Parameters:
  ///   - rooms: where the gradient of a leaf may be written, by its node, if nothing else is to be added to
  ///     it: as the sum over the parts, along the complete binary tree, instead of one of each.
  ///   - whenFinal: told of each of `variables` that is a leaf by its node, with its gradient, as soon as
  ///     nothing is to be added to that any more: in reverse order of first use. Those that the output does
  ///     not depend on may be left out.
  private func gradients(
    of output: Variable, upstream: Variable? = nil, withRespectTo variables: [Variable],
    createGraph: Bool = false, rooms: @escaping (_ node: Int) -> Tensor?,
    whenFinal: (_ node: Int, _ gradient: Variable?) -> Void
  ) -> [Variable?] {
    guard let last = output.node else { return variables.map { _ in nil } }
    precondition(
      upstream != nil || output.value.count == output.parts,
      "an output of shape \(output.shape) needs an upstream")
    guard let (first, needed, uses) = reach(from: last, to: variables) else {
      return variables.map { _ in nil }
    }
    let keep = Set(variables.compactMap(\.node))
    var gradients = [Variable?](repeating: nil, count: last + 1)
    func add(_ gradient: Variable, to target: Int) {
      gradients[target] = gradients[target].map { $0 + gradient } ?? gradient
    }
    let roomsOfOneUse: (Int) -> Tensor? = { uses[$0] == 1 ? rooms($0) : nil }
    let weightGradients = WeightGradients()
    gradients[last] = upstream ?? output.constant(Tensor(repeating: 1, shape: output.shape))
    for index in stride(from: last, through: first, by: -1) where needed[index] {
      let node = nodes[index]
      // A node is used only by later ones, all of which have been passed.
      if node.rule == nil {
        let room = gradients[index] == nil ? rooms(index) : nil
        for gradient in weightGradients.take(index, on: self, in: room) { add(gradient, to: index) }
        whenFinal(index, gradients[index])
      }
      guard let gradient = gradients[index], let rule = node.rule else { continue }
      if !keep.contains(index) { gradients[index] = nil }
      precondition(
        gradient.parts == node.parts, "what is computed from parameters alone has no gradient by parts yet")
      var needs = Inputs()
      for (position, input) in node.inputs.enumerated() {
        if let input = input.node { needs[position] = needed[input] }
      }
      let results = rule(
        Backward(
          inputs: Operands(saved: node.inputs, tape: self, areRecorded: createGraph),
          output: Variable(node.output, on: self, node: createGraph ? index : nil, parts: node.parts),
          upstream: gradient, needs: needs, weightGradients: weightGradients, node: index,
          rooms: roomsOfOneUse))
      for (input, result) in zip(node.inputs, results) {
        guard let target = input.node, needed[target], let result else { continue }
        add(result, to: target)
      }
    }
    return variables.map { variable in
      guard let node = variable.node, node <= last else { return nil }
      return gradients[node]
    }
  }

  /// The nodes that the derivatives of node `last` go through: the first one, which ones depend on
  /// `variables`, and how often these use each; nil if `last` depends on none of the variables.
  private func reach(
    from last: Int, to variables: [Variable]
  ) -> (first: Int, needed: [Bool], uses: [Int])? {
    var needed = [Bool](repeating: false, count: last + 1)
    for case let node? in variables.map(\.node) where node <= last { needed[node] = true }
    guard let first = needed.firstIndex(of: true) else { return nil }
    for node in first...last where !needed[node] {
      needed[node] = nodes[node].inputs.contains { input in input.node.map { needed[$0] } ?? false }
    }
    guard needed[last] else { return nil }
    var uses = [Int](repeating: 0, count: last + 1)
    for node in first...last where needed[node] {
      for input in nodes[node].inputs { if let input = input.node { uses[input] += 1 } }
    }
    return (first, needed, uses)
  }

  /// The gradient of a scalar, or of one of each part, with respect to all parameters of a watched network,
  /// laid out as its flat buffer; zero where the output does not depend on a parameter. Summed over the
  /// parts, if there are several, along the complete binary tree.
  public func gradients(of output: Variable, forParametersOf store: ParameterStore) -> Tensor {
    let flat = TensorStorage(count: store.count)
    writeGradients(of: output, forParametersOf: store, to: flat)
    return Tensor(viewOf: flat, offset: 0, shape: [store.count])
  }

  /// The gradients of each part's scalar, `[parts]`, with respect to the parameters of a watched network.
  public func partGradients(of output: Variable, forParametersOf store: ParameterStore) -> PartGradients {
    var found = [Variable?](repeating: nil, count: store.parameters.count)
    forEachGradient(of: output, forParametersOf: store, in: nil) { found[$0] = $1 }
    return PartGradients(found)
  }

  /// Writes ``gradients(of:forParametersOf:)`` to the first `store.count` elements of `flat`: those of
  /// weights where they are computed, if nothing is to be added to them.
  /// - Parameters:
  ///   - other: what is added to each part's gradient before they are summed.
  ///   - whenWritten: told of each parameter's elements as soon as they are final: those that the output
  ///     depends on come in reverse order of first use, while the rest is still to be computed.
  public func writeGradients(
    of output: Variable, forParametersOf store: ParameterStore, to flat: TensorStorage,
    adding other: PartGradients? = nil, whenWritten: @escaping (Range<Int>) -> Void = { _ in }
  ) {
    // What is added to several parts is added to each.
    let room = parts == 1 || other == nil ? flat : nil
    forEachGradient(of: output, forParametersOf: store, in: room) { ordinal, gradient in
      let range = store.parameters[ordinal].range
      let own = gradient.map(PartGradients.Gradient.init)
      PartGradients.write(
        own, adding: other?[ordinal], to: flat.pointer + range.lowerBound, count: range.count)
      whenWritten(range)
    }
  }

  /// Gives the gradient of each parameter as soon as it is final; nil for zero.
  /// - Parameter flat: where they may be written, summed over the parts.
  private func forEachGradient(
    of output: Variable, forParametersOf store: ParameterStore, in flat: TensorStorage?,
    _ body: (_ ordinal: Int, _ gradient: Variable?) -> Void
  ) {
    let used = leaves[ObjectIdentifier(store)] ?? []
    var missing: [Int: Int] = [:]
    for ordinal in store.parameters.indices {
      if ordinal < used.count, let node = used[ordinal] {
        missing[node] = ordinal
      } else {
        body(ordinal, nil)
      }
    }
    let leaves = used.compactMap { $0 }
    _ = gradients(
      of: output, withRespectTo: leaves.map { Variable(nodes[$0].output, on: self, node: $0) }
    ) { [ordinals = missing] node in
      guard let flat, let parameter = ordinals[node].map({ store.parameters[$0] }) else { return nil }
      return Tensor(viewOf: flat, offset: parameter.range.lowerBound, shape: parameter.shape)
    } whenFinal: { node, gradient in
      if let ordinal = missing.removeValue(forKey: node) { body(ordinal, gradient) }
    }
    for node in leaves {
      if let ordinal = missing.removeValue(forKey: node) { body(ordinal, nil) }
    }
  }
}
