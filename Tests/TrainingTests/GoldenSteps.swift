import Autograd
import DataParallel
import MessagePassing
import Models
import Networks
import TensorCore
import Testing
import Training

/// Whole training steps of the reference vectors, taken by the engine that trains.
struct GoldenSteps {
  let golden: GoldenCase
  let model: any Model
  let engine: TurnEngine
  let communication: CommunicationThread
  let learningRate: Float

  init(_ golden: GoldenCase, recipe: String) throws {
    self.golden = golden
    let configuration = ConvolutionalGAN.Configuration(
      size: Int(golden.number("size")), channels: Int(golden.number("channels")),
      latent: Int(golden.number("nz")),
      generatorFeatures: Int(golden.number("ngf")), discriminatorFeatures: Int(golden.number("ndf")))
    switch recipe {
    case "dcgan": model = ConvolutionalGAN(configuration)
    case "wgan_gp": model = WGANGP(configuration, penaltyWeight: Float(golden.number("lambda_gp")))
    default: throw GoldenOperator.UnknownOperation(name: recipe)
    }
    let betas = golden.attributes["betas"]!.numbers
    learningRate = Float(golden.number("lr"))
    let adam = Adam(learningRate: golden.number("lr"), beta1: betas[0], beta2: betas[1])
    // Gives every parameter a start of its own, which the reference's then replaces.
    let state = RunState(model: model, optimizers: model.networks.map { _ in adam }, seed: 0)
    for store in model.networks.map(\.store) {
      for (name, parameter) in zip(store.parameterNames, store.parameters) {
        store.set(parameter, to: golden["before.\(store.name).\(name)"])
      }
      for (name, buffer) in zip(store.bufferNames, store.stateBuffers) {
        store.set(buffer, to: golden["before.\(store.name).\(name)"])
      }
    }
    communication = CommunicationThread(SoloCommunicator())
    engine = TurnEngine(
      state: state,
      plan: try MicroBatchPlan(batch: Int(golden.number("batch")), microBatches: 1, worldSize: 1, rank: 0),
      averageDecay: 0.9, communication: communication, overlap: true)
  }

  func check() throws {
    let steps = Int(golden.number("steps"))
    let schedule = Schedule(model.phases.map { Schedule.Rule($0) })
    for step in 0..<steps {
      var recorded: [KeyedNoise.Purpose: Tensor] = [.latents: golden["z.\(step)"]]
      if golden.has("eps.\(step)") { recorded[.interpolation] = golden["eps.\(step)"] }
      let microBatch = MicroBatch(images: golden["x.\(step)"].channelsLast(), recorded: recorded)
      for turn in schedule.turns(at: step) { try engine.take(turn, on: [microBatch], flags: []) }
      try engine.synchronize()
      for (loss, reference) in zip(losses, golden["losses"].rows(step..<(step + 1)).scalars) {
        #expect(abs(loss - reference) <= 1e-5 + 1e-4 * abs(reference), "step \(step)")
      }
    }
    communication.finish()

    var entries = 0
    var outside = 0
    for store in model.networks.map(\.store) {
      for (name, value) in store.stateDictionary {
        let reference = golden["after.\(store.name).\(name)"]
        let deviation = Deviation(value, reference)
        if store.bufferNames.contains(name) {
          #expect(deviation.count == 0, "\(store.name).\(name)")
        } else {
          entries += value.count
          outside += deviation.count
          #expect(deviation.worst <= 2 * learningRate * Float(steps) + 1e-5, "\(store.name).\(name)")
        }
      }
    }
    #expect(outside * 1000 <= entries, "\(outside) of \(entries) parameters differ")
  }

  /// The last step's statistics as the columns of the reference.
  private var losses: [Float] {
    let byName = Dictionary(
      uniqueKeysWithValues: model.phases.flatMap {
        zip($0.statistics.map(\.key), engine.reports[$0.index].values)
      })
    let columns =
      model is ConvolutionalGAN ? ["loss_d_real", "loss_d_fake", "loss_g"] : ["loss_d", "penalty", "loss_g"]
    return columns.map { byName[$0]! }
  }
}
