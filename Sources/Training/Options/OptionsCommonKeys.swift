import DataParallel
import Datasets
import Networks

extension OptionSchema {
  /// The keys that every run has. The family's keys join them after `model.family` and after `stallTimeout`.
  static let common: [OptionKey] = identity + samplesIn + course + results + quality + game

  private static let identity: [OptionKey] = [
    OptionKey(
      "recipe", \.recipe, .name, default: .required, role: .description, synonyms: ["name"],
      help: "name of the recipe; a file is called as it is named"),
    OptionKey(
      "title", \.title, .prose, default: .value(.text("")), role: .description, help: "what is trained"),
    OptionKey(
      "about", \.about, .prose, default: .value(.text("")), role: .description,
      help: "what the recipe shows and about how long it takes"),
    OptionKey(
      "model.family", \.family, .word(ModelFamily.allCases.map(\.rawValue)), default: .required,
      role: .arithmetic,
      help: "family of models; decides which other model keys there are"),
  ]

  private static let samplesIn: [OptionKey] = [
    OptionKey(
      "data", \.data, .path, default: .value(.text("pottery")), role: .execution,
      synonyms: ["dataroot", "dataset.path", "dataset"],
      help:
        "an embedded data set (pottery, ring, grid) or a path (`lockstep data --help`); the samples' fingerprint is part of a run, the path is not"
    ),
    OptionKey(
      optional: "dataset.count", \.dataset.count, .integer(1...1_000_000_000),
      default: .value(.integer(60_000)),
      unit: "samples", role: .arithmetic,
      help: "samples in an epoch of embedded or stacked data; other data have their own number"),
    OptionKey(
      optional: "dataset.labels", \.dataset.labels, .integer(1...1_000_000), unit: "classes",
      role: .arithmetic,
      synonyms: ["classes", "num_classes"],
      help:
        "classes that the labels must lie in; absent, what the data say; a conditional model of files has to be told"
    ),
    OptionKey(
      "dataset.resize", \.dataset.resize, .word(ResizeMode.allCases.map(\.rawValue)),
      default: .value(ResizeMode.none.optionValue), role: .arithmetic,
      synonyms: ["transform", "crop", "interpolation"],
      help:
        "images that no whole factor brings to size: none refuses them, crop resamples the middle square, "
        + "pad the whole image on black"
    ).neutralAtDefault,
    OptionKey(
      "dataset.stack", \.dataset.stack, .oneOf([1, 3]), default: .value(.integer(1)), unit: "images",
      role: .arithmetic, synonyms: ["stacked"],
      help: "random grey images that make up a sample, one a channel, such as 3 digits of MNIST"
    ).neutralAtDefault,
    OptionKey(
      "dataset.maxPixels", \.dataset.limits.pixels, .integer(DatasetLimits.pixelRange),
      default: .value(.integer(DatasetLimits().pixels)), unit: "pixels", role: .execution,
      synonyms: ["max_image_pixels"],
      help: "the most pixels of an image in the data; a larger one is refused before it takes memory"),
    OptionKey(
      "dataset.maxBytes", \.dataset.limits.bytes, .integer(DatasetLimits.byteRange),
      default: .value(.integer(DatasetLimits().bytes)), unit: "bytes", role: .execution,
      synonyms: ["max_member_bytes"],
      help:
        "the most bytes of an IDX file, an image, all text or a member of an archive, unpacked"),
    OptionKey(
      "size", \.size, .integer(1...65_536), default: .value(.integer(32)), unit: "pixels", role: .arithmetic,
      synonyms: ["image_size", "resolution"], help: "height and width of a sample, and depth of a volume"),
    OptionKey(
      "channels", \.channels, .integer(1...4096), default: .value(.integer(1)), role: .arithmetic,
      synonyms: ["nc"], help: "channels of a sample"),
  ]

  private static let course: [OptionKey] = [
    OptionKey(
      "seed", \.seed, .integer(0...Int.max), default: .value(.integer(0)), role: .arithmetic,
      synonyms: ["random_seed", "manualSeed"], help: "key of every random number"),
    OptionKey(
      "steps", .integer(1...1_000_000_000), .none, "steps", .execution, ["iterations", "max_steps", "niter"],
      "length of the run; either steps or epochs",
      read: { $0.length.steps?.optionValue },
      write: { if let value = $1 { $0.length = .steps(Int(value)) } }),
    OptionKey(
      "epochs", .number(.above(0, upTo: 1_000_000)), .none, "epochs", .execution,
      ["max_epochs", "num_epochs"],
      "length of the run in passes over the data; either steps or epochs",
      read: { $0.length.epochs?.optionValue },
      write: { if let value = $1 { $0.length = .epochs(Double(value)) } }),
    OptionKey(
      "batch", \.batch, .integer(1...1_048_576), default: .value(.integer(64)), unit: "samples",
      role: .arithmetic,
      synonyms: ["batchSize", "batch_size"],
      help: "samples in a step over all ranks, divisible by microBatches"),
    OptionKey(
      "microBatches", \.microBatches, .powerOfTwo(1...65_536), default: .value(.integer(8)),
      role: .arithmetic,
      help:
        "parts in which a batch is computed and summed, with a batch norm for each; the most ranks that can "
        + "share a step"),
    OptionKey(
      "threads", \.threads, .automaticOrInteger(1...1024), default: .value(.automatic), role: .execution,
      synonyms: ["num_threads", "workers"],
      help: "threads in each rank; auto divides the cores of a node by its ranks"),
    OptionKey(
      "overlap", \.overlap, .boolean, default: .value(.boolean(true)), role: .execution,
      help: "hide communication behind computation"),
    OptionKey(
      "wire", \.wire, .word(GradientWire.allCases.map(\.rawValue)),
      default: .value(.text(GradientWire.float32.rawValue)), role: .arithmetic,
      synonyms: ["comm_hook", "bf16"],
      help:
        "how gradients travel between nodes; bfloat16 halves the bytes, powersgd sends matrices as products of two thin "
        + "ones and what that leaves out later; with both, runs are the same bit by bit only where the same "
        + "micro-batches share a node"
    ).neutralAtDefault,
    OptionKey(
      "powersgd.rank", \.powerSGD.rank, .integer(1...32), default: .value(.integer(4)), role: .arithmetic,
      synonyms: ["matrix_approximation_rank"],
      help: "columns of the two thin matrices that wire=powersgd sends in place of a large one"
    ).neutralAtDefault,
    OptionKey(
      "stallTimeout", \.stallTimeout, .number(.closed(1, 604_800)), default: .value(.number(300)),
      unit: "seconds",
      role: .execution, synonyms: ["timeout"], help: "time without progress after which the run is stopped"),
  ]

  private static let results: [OptionKey] = [
    OptionKey(
      "ema.decay", \.ema.decay, .number(.below(1, from: 0)), default: .value(.number(0.999)),
      role: .arithmetic,
      help:
        "share of the moving average of a network's weights that an update keeps, at most (1 + n) / (10 + n) "
        + "at the n-th: 0.999 from update 8,990 on"),
    OptionKey(
      "checkpoint.every", \.checkpoint.every, .integer(0...1_000_000_000), default: .value(.integer(200)),
      unit: "steps", role: .execution, synonyms: ["save_every", "snap"],
      help: "distance of two checkpoints; 0 saves at the end alone; fixed where a run rewinds to checkpoints"
    ).arithmetic { $0.rewinds },
    OptionKey(
      "checkpoint.keepLast", \.checkpoint.keepLast, .integer(1...1_000_000), default: .value(.integer(3)),
      unit: "checkpoints", role: .execution, synonyms: ["save_total_limit"], help: "checkpoints that are kept"
    ),
    OptionKey(
      "checkpoint.keepBest", \.checkpoint.keepBest, .boolean, default: .value(.boolean(false)),
      role: .execution, synonyms: ["save_best", "save_top_k"],
      help:
        "also save and keep the best checkpoint by quality.metric, at steps of quality.every and the last"
    ),
    OptionKey(
      "samples.every", \.samples.every, .integer(0...1_000_000_000), default: .value(.integer(100)),
      unit: "steps",
      role: .execution, help: "distance of two sample grids; 0 draws at the end alone"),
    OptionKey(
      "samples.count", \.samples.count, .integer(1...4096), default: .value(.integer(64)), unit: "images",
      role: .execution, help: "images in a sample grid"),
    OptionKey(
      "log.every", \.log.every, .integer(1...1_000_000_000), default: .value(.integer(10)), unit: "steps",
      role: .execution, help: "distance of two lines in the log"),
    OptionKey(
      "replicas.every", \.replicas.every, .integer(0...1_000_000_000), default: .value(.integer(100)),
      unit: "steps", role: .execution, synonyms: ["checkHash.every", "check_every", "verify_every"],
      help:
        "distance of two comparisons of the ranks' states by hash, beside those at checkpoints; 0 for none"),
  ]

  /// How often the network at position `place` of its family is updated at each step.
  static func turnsKey(of network: OptimizerDefaults, at place: Int) -> OptionKey {
    OptionKey(
      "\(network.network)Steps", \.optimizers[place].turns, .integer(1...1000),
      default: .value(.integer(network.turns)), unit: "turns", role: .arithmetic,
      synonyms: ["n_critic", "d_steps", "g_steps"],
      help: "updates of the \(network.network) in a row at each step, each with noise and samples of its own"
    ).neutral(at: .integer(1))
  }

  /// The keys of the weights that the networks of a family begin with.
  static func initialKeys(of networks: [OptimizerDefaults]) -> [OptionKey] {
    networks.map { network in
      OptionKey(
        optional: "init.\(network.network)", \.initial.files[network.network], .path, role: .execution,
        synonyms: ["pretrained", "checkpoint", "transfer", "netG", "netD"],
        help:
          "safetensors file of PyTorch weights that the \(network.network) begins with; a resumed run has its own"
      )
    } + [
      OptionKey(
        optional: "init.partial", \.initial.partial, .boolean, role: .execution, synonyms: ["strict"],
        help: "take what fits by name and shape, leave the rest random"),
      OptionKey(
        optional: "init.run", \.initial.run, .path, role: .execution, synonyms: ["fork", "resume_from"],
        help:
          "run or checkpoint with whose whole state, steps and optimizers too, the run begins; see --from"),
    ]
  }

  /// The optimizer's keys for the network at position `place` of its family.
  static func optimizerKeys(of network: OptimizerDefaults, at place: Int) -> [OptionKey] {
    let group = "optimizer.\(network.network)"
    return [
      OptionKey(
        "\(group).kind", \.optimizers[place].kind, .word(OptimizerKind.allCases.map(\.rawValue)),
        default: .value(OptimizerKind.adam.optionValue), role: .arithmetic,
        synonyms: ["optimizer", "rule", "optimizer.name", "optimizer.type"], help: "the update rule"
      ).neutralAtDefault,
      OptionKey(
        "\(group).learningRate", \.optimizers[place].learningRate, .number(.above(0, upTo: 100)),
        default: .value(.number(network.learningRate)), role: .arithmetic, synonyms: ["lr", "stepSize"],
        help: "step size"),
      OptionKey(
        "\(group).beta1", \.optimizers[place].beta1, .number(.below(1, from: 0)),
        default: .value(.number(network.beta1)), role: .arithmetic, synonyms: ["betas"],
        help: "Adam's decay of the first moment"),
      OptionKey(
        "\(group).beta2", \.optimizers[place].beta2, .number(.below(1, from: 0)),
        default: .value(.number(network.beta2)), role: .arithmetic, synonyms: ["betas"],
        help: "Adam's decay of the second moment"),
      OptionKey(
        "\(group).epsilon", \.optimizers[place].epsilon, .number(.above(0, upTo: 1)),
        default: .value(.number(network.epsilon)), role: .arithmetic, synonyms: ["eps"],
        help: "added to the root of the second moment, or of RMSprop's mean square"),
      OptionKey(
        "\(group).alpha", \.optimizers[place].alpha, .number(.below(1, from: 0)),
        default: .value(.number(0.99)), role: .arithmetic, synonyms: ["rho", "decayRate"],
        help: "RMSprop's decay of the mean square"
      ).neutralAtDefault,
      OptionKey(
        "\(group).momentum", \.optimizers[place].momentum, .number(.closed(0, 0.9999)),
        default: .value(.number(0)), role: .arithmetic, help: "sgd's weight of the last direction"
      ).neutralAtDefault,
      OptionKey(
        "\(group).weightDecay", \.optimizers[place].weightDecay, .number(.closed(0, 1)),
        default: .value(.number(0)), role: .arithmetic, synonyms: ["weight_decay", "l2"],
        help: "draws weights to zero; decoupled (AdamW) with adam, in the gradient (L2) with the others"
      ).neutralAtDefault,
      OptionKey(
        "\(group).warmup", \.optimizers[place].warmup, .integer(0...1_000_000_000),
        default: .value(.integer(0)), unit: "steps", role: .arithmetic, synonyms: ["warmup_steps"],
        help: "the step size rises to its full length in so many steps"
      ).neutralAtDefault,
      OptionKey(
        "\(group).decay", \.optimizers[place].decay,
        .word(LearningRateSchedule.Decay.allCases.map(\.rawValue)),
        default: .value(LearningRateSchedule.Decay.none.optionValue), role: .arithmetic,
        synonyms: ["lr_scheduler", "schedule"], help: "how the step size falls from step 0 to decaySteps"
      ).neutralAtDefault,
      OptionKey(
        optional: "\(group).decaySteps", \.optimizers[place].decaySteps, .integer(1...1_000_000_000),
        unit: "steps", role: .arithmetic,
        help: "the step at which the step size is zero; the run's steps when it begins, unless given"),
    ]
  }
}
