import Checkpoints
import DataParallel
import Datasets
import MessagePassing
import Platform
import TensorCore

/// What all ranks of a run agree on before it has a state: rank 0 resolves the options, every rank opens the
/// data itself, and what it has found is compared.
enum RunAgreement {
  /// The options of a request, and on rank 0 the folder of the run that it resumes. One broadcast, and one
  /// all-gather of 8 bytes a rank.
  static func options(
    of request: TrainingRequest, over communicator: any Communicator
  ) throws -> (options: Options, reopened: RunFolder?) {
    var reopened: RunFolder?
    let options = try communicator.options {
      if request.isResuming { reopened = try reopen(request) }
      return try resolve(request, reopened)
    }
    return (options, reopened)
  }

  /// A rank's part of the work and its data. One all-gather of 8 bytes a rank, and the ``Handshake``.
  static func work(
    of request: TrainingRequest, _ options: Options, _ layout: NodeLayout, over communicator: any Communicator
  ) throws -> (plan: MicroBatchPlan, dataset: any ImageDataset) {
    let rank = communicator.rank
    let (plan, dataset) = try communicator.together {
      let plan = try MicroBatchPlan(
        batch: options.batch, microBatches: options.microBatches, on: communicator)
      let dataset = try data(
        of: options, plan, isNew: !request.isResuming && request.source == nil, rank: rank)
      try MemoryError.check(options, plan, ranksOnNode: layout.localSize(of: rank))
      return (plan, dataset)
    }
    let measures = options.quality.every > 0 || options.watch.every > 0
    try Handshake(options, dataset, measures: measures).verify(over: communicator)
    return (plan, dataset)
  }

  /// Opens the data of a run and checks all that they have to agree with.
  /// - Parameter isNew: whether nothing has been trained yet.
  /// - Throws: `DatasetError`, `PlanError`, and `CheckpointError` on rank 0, which reads the weights of a
  ///   space.
  static func data(
    of options: Options, _ plan: MicroBatchPlan, isNew: Bool, rank: Int
  ) throws -> any ImageDataset {
    let dataset = try Datasets.open(DatasetRequest(options))
    try options.check(dataset, isNew: isNew)
    if options.quality.every > 0 { try FeatureSpaces.check(dataset, options, rank: rank) }
    try plan.check(sampleCount: dataset.count)
    return dataset
  }

  private static func reopen(_ request: TrainingRequest) throws -> RunFolder {
    if let path = request.folder { return try RunFolder.reopen(at: path) }
    let recipe = try request.recipe.map { try RecipeSource.find($0).recipeName(under: request.overrides) }
    return try RunFolder.reopen(at: RunFolder.onlyDefault(recipe: recipe))
  }

  /// The options of a new run, or those of the run in the folder with what the command line changes.
  private static func resolve(_ request: TrainingRequest, _ reopened: RunFolder?) throws -> Options {
    if let source = request.source {
      var options = try FoundCheckpoint(at: source).options().applying(request.overrides)
      options.initial = Options.Initial()
      options.initial.run = source
      return options
    }
    guard let reopened else {
      return try Options.resolve(recipe: request.recipe ?? "dcgan", overrides: request.overrides)
    }
    if let recipe = request.recipe {
      let source = try RecipeSource.find(recipe)
      let (run, words) = (reopened.options, request.overrides)
      let name = try source.recipeName()
      // A word may repeat the name that the run has been given, which says nothing of the recipe.
      let isNamedSo =
        try source.recipeName(under: words) == run.recipe
        && source.familyName(under: words) == run.family.rawValue
      guard name == run.recipe || isNamedSo else {
        throw RunFolderError(
          .differentRecipe, "the run is of recipe \(run.recipe), not \(name)", reopened.path,
          "resume it with its own recipe, or choose another --run")
      }
    }
    return try reopened.options.applying(request.overrides)
  }
}
