import Models
import TensorCore

/// Normalizing flows, of images or of points of the plane.
struct FlowFamily: FamilyDefinition {
  let options: ModelFamilyOptions
  let modelsPoints: Bool

  func makeModel(_ options: Options) -> any Model { Flow(Flow.Configuration(options)) }

  func bytesPerRank(_ options: Options, samples: Int, microBatch: Int, acrossNodes: Bool) -> Double {
    Flow.Configuration(options).bytesPerRank(samples: samples, microBatch: microBatch)
  }

  func weightCount(_ options: Options) -> Double { Flow.Configuration(options).weightCount }

  func description(_ options: Options) -> String {
    let (couplings, hidden) = (options.model[FlowOptions.couplings], options.model[FlowOptions.hidden])
    let extents = modelsPoints ? [couplings, hidden] : options.sampleShape.extents
    return "\(options.family.rawValue) \(extents.map(String.init).joined(separator: "x"))"
  }
}

extension Flow.Configuration {
  fileprivate init(_ options: Options) {
    let unit = options.model.value(of: MLPGANOptions.scale)
    self.init(
      size: options.size, channels: options.channels, hidden: options.model[FlowOptions.hidden],
      layers: options.model[FlowOptions.layers], couplings: options.model[FlowOptions.couplings],
      domain: unit.map { .vectors(unit: Float($0)) } ?? .images)
  }
}
