import Models

/// GANs of fully connected layers.
struct MLPGANFamily: FamilyDefinition {
  var options: ModelFamilyOptions { MLPGANOptions.family }

  var modelsPoints: Bool { true }

  func makeModel(_ options: Options) -> any Model {
    MLPGAN(
      MLPGAN.Configuration(options), objective: AdversarialObjective(options), replay: ReplayBuffer(options))
  }

  func bytesPerRank(_ options: Options, samples: Int, microBatch: Int, acrossNodes: Bool) -> Double {
    MLPGAN.Configuration(options).bytesPerRank(samples: samples, microBatch: microBatch)
  }

  func weightCount(_ options: Options) -> Double { MLPGAN.Configuration(options).weightCount }

  func description(_ options: Options) -> String {
    "\(options.family.rawValue) \(options.model[MLPGANOptions.layers])x\(options.model[MLPGANOptions.hidden])"
  }
}

extension MLPGAN.Configuration {
  fileprivate init(_ options: Options) {
    self.init(
      dimensions: options.channels, latent: options.model[MLPGANOptions.latent],
      hidden: options.model[MLPGANOptions.hidden], layers: options.model[MLPGANOptions.layers],
      packing: options.model[MinibatchOptions.packing],
      scale: Float(options.model[MLPGANOptions.scale]), condition: ClassCondition(options))
  }
}
