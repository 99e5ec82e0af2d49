import Autograd
package import Checkpoints
import Models
import Networks
import TensorCore

/// Takes a run's state back to a generation that was saved after a good check (``WatchState/checks``), on all
/// ranks.
///
/// What goes back: both networks with their buffers, averages, moments, past fakes, the ratio of turns and
/// the probability of augmentation. What goes on: the number of steps, the order of the samples and the draws
/// of noise, so that no step stands twice in the log and nothing is drawn again. Noise gets another seed as
/// well, and step sizes and noise change as the policy says. Without such a generation the run begins anew,
/// from initial weights of another seed.
package struct Rewind {
  private let state: RunState
  private let options: Options
  private let exchange: RankExchange

  /// How a state goes back.
  package init(state: RunState, options: Options, exchange: RankExchange) {
    self.state = state
    self.options = options
    self.exchange = exchange
  }

  /// Goes back.
  /// - Parameters:
  ///   - step: the steps done.
  ///   - load: reads the generation of a step or an older one to go back to; called on all ranks or on none,
  ///     and of no account but on rank 0.
  /// - Returns: the step of the generation; nil if the run began anew.
  /// - Throws: `CommunicationError`. A generation that cannot be read is taken for none, on all ranks.
  package func run(at step: Int, load: (Int) throws -> LoadedGeneration?) throws -> Int? {
    guard var game = state.game else { preconditionFailure("a run that is directed has a state of its game") }
    let refuge = game.watch.refuge
    var old: (game: GameState, step: Int)?
    if refuge >= 0, let generation = try load(refuge) {
      // What is counted over the whole run; the other ranks keep theirs too.
      let (best, convergence, skipped) = (state.best, state.convergence, state.skipped)
      let lazyStatistics = state.lazyStatistics
      if (try? state.restore(generation)) != nil, let game = state.game {
        old = (game, generation.manifest.info.step)
      }
      (state.best, state.convergence, state.skipped) = (best, convergence, skipped)
      state.lazyStatistics = lazyStatistics
    }
    state.skipped?.beginAnew()
    let known = try exchange.broadcast([
      old == nil ? 0 : 1, Double(old?.game.lead ?? 0), old?.game.augment.probability ?? 0,
      Double(old?.step ?? -1),
    ])
    let isFound = known[0] == 1
    game.watch.rewinds += 1
    game.watch.seedOffset += 1
    game.watch.rateFactor *= options.watch.rateFactor
    game.watch.noise += options.watch.noise
    game.watch.suspicion = 0
    game.watch.checks = 0
    game.watch.since = step
    game.watch.loss = WatchState.Course()
    game.watch.path = WatchPath()
    game.window = TurnWindow()
    game.lead = isFound ? Int(known[1]) : 0
    game.augment = AugmentState()
    game.augment.probability = isFound ? known[2] : options.initialAugmentation
    game.watch.refuge = Int(known[3])
    if isFound {
      try state.copyFromFirst(over: exchange)
    } else {
      state.initialize(seed: options.seed &+ UInt64(game.watch.seedOffset))
    }
    state.game = game
    return isFound ? game.watch.refuge : nil
  }
}
