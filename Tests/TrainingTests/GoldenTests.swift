import Autograd
import Checkpoints
import Networks
import TensorCore
import Testing

@Suite(
  "Reference vectors computed by PyTorch",
  .enabled(if: !GoldenCase.names.isEmpty, "no LOCKSTEP_GOLDEN folder"))
struct GoldenTests {
  @Test("every reference case agrees within |a - b| <= 1e-5 + 1e-4 |b|", arguments: GoldenCase.names)
  func agrees(name: String) throws {
    let golden = try GoldenCase(name)
    if let recipe = golden.text("recipe") {
      try checkSteps(golden, recipe: recipe)
    } else if golden.has("p0") {
      try checkOptimizer(golden)
    } else {
      try checkOperator(golden)
    }
  }

  private func checkOperator(_ golden: GoldenCase) throws {
    let tape = Tape()
    var inputs: [String: Variable] = [:]
    for tensor in golden.file.tensors where tensor.name.hasPrefix("in.") {
      inputs[String(tensor.name.dropFirst(3))] = tape.watch(tensor.tensor!)
    }
    let output = try GoldenOperator(golden: golden, operation: golden.text("op") ?? "")(inputs, tape: tape)
    #expect(output.shape == golden["out"].shape)
    #expect(Deviation(output.value, golden["out"]).count == 0, "output")
    let names = inputs.keys.sorted().filter { golden.has("grad.\($0)") }
    #expect(!names.isEmpty)
    let gradients = tape.gradients(
      of: output, upstream: tape.constant(golden["grad_out"]), withRespectTo: names.map { inputs[$0]! })
    for (name, gradient) in zip(names, gradients) {
      let gradient = try #require(gradient, "the output depends on \(name)")
      #expect(Deviation(gradient.value, golden["grad.\(name)"]).count == 0, "gradient of \(name)")
    }
  }

  private func checkOptimizer(_ golden: GoldenCase) throws {
    let rate = golden.number("lr")
    let epsilon = golden.number("eps", default: 1e-8)
    let decay = golden.number("weight_decay", default: 0)
    let betas = golden.attributes["betas"]?.numbers ?? [0.9, 0.999]
    let optimizer: any Optimizer
    switch golden.text("op") {
    case "sgd", "sgd_momentum":
      optimizer = SGD(
        learningRate: rate, momentum: golden.number("momentum", default: 0), weightDecay: decay)
    case "adam", "adamw":
      optimizer = Adam(
        learningRate: rate, beta1: betas[0], beta2: betas[1], epsilon: epsilon, weightDecay: decay)
    case "rmsprop":
      optimizer = RMSprop(
        learningRate: rate, alpha: golden.number("alpha"), epsilon: epsilon)
    default: throw GoldenOperator.UnknownOperation(name: golden.text("op") ?? "")
    }
    var state = OptimizerState(optimizer, count: golden["p0"].count)
    var values = golden["p0"]
    let gradients = golden["grads"]
    for step in 0..<gradients.shape[0] {
      values.withUnsafeMutablePointer { values in
        gradients.rows(step..<(step + 1)).withUnsafePointer {
          state.step(values: values, gradient: $0, gradientScale: 1)
        }
      }
      #expect(Deviation(values, golden["params"].rows(step..<(step + 1))).count == 0, "step \(step)")
    }
  }

  private func checkSteps(_ golden: GoldenCase, recipe: String) throws {
    try GoldenSteps(golden, recipe: recipe).check()
  }
}
