/// The options of the denoising diffusion model (Ho et al. 2020, Denoising Diffusion Probabilistic Models).
enum DiffusionOptions {
  /// Channels of the network at the full size; each level of half the side has twice as many.
  static let features = ModelOption(
    "features", .integer(1...4096), default: 32, unit: "channels",
    synonyms: ["base_channels", "model_channels"],
    help: "channels of the U-Net at the full size; every level below has twice as many, down to 8 pixels")
  /// Residual blocks of a level.
  static let blocks = ModelOption(
    "blocks", .integer(1...16), default: 1, unit: "blocks", synonyms: ["num_res_blocks"],
    help: "residual blocks of each level, on the way down as on the way up")
  /// Whether samples are asked for by class. A key of the same path as that of games, with fewer words.
  static let condition = ModelOption(
    path: ConditionOptions.form.key.path,
    .word([ConditionOptions.Form.none.rawValue, ConditionOptions.Form.embedding.rawValue]),
    default: ConditionOptions.Form.none,
    synonyms: ["conditional", "cond", "class_cond"],
    help: "embedding: ask for samples by class, whose vector stands beside the time's; the data need labels")
  /// The strength of guidance.
  static let guidance = ModelOption(
    "guidance", .number(.closed(0, 100)), default: 1.0, role: .execution,
    synonyms: ["guidance_scale", "cfg_scale"],
    help:
      "how much of what the class adds there is in a sample, with model.condition; 1 as it was learnt; fixed where a run rewinds"
  )
  /// Steps of the sampler.
  static let samplingSteps = ModelOption(
    "samplingSteps", .integer(1...1000), default: 25, unit: "steps", role: .execution,
    synonyms: ["ddim_steps", "num_inference_steps", "timesteps"],
    help: "steps of the sampler (DDIM), each a pass of the network; fixed where a run rewinds")
  /// How often each step but the last is made where samples are completed. The paper's ten are over 10 of 250
  /// steps, which is the way of one of 25.
  static let resampling = ModelOption(
    "resampling", .integer(1...1000), default: 10, unit: "times", role: .execution,
    synonyms: ["jump_n_sample", "n_resample"],
    help:
      "how often each step of the sampler is made where sample --context completes (RePaint), so many times the passes; fixed where a run rewinds"
  )

  static let family = ModelFamilyOptions(
    networks: [OptimizerDefaults(network: "denoiser", learningRate: 1e-3, beta1: 0.9, beta2: 0.999)],
    keys: [
      features.key, blocks.key, condition.key, samplingSteps.key, guidance.key,
      resampling.key.neutralAtDefault,
    ],
    narrowings: [
      .init(path: "size", type: .oneOf([16, 32, 64, 128, 256]), value: .integer(32)),
      .init(path: "channels", type: .oneOf([1, 3]), value: .integer(1)),
    ])
}
