import Autograd
import Checkpoints
import DataParallel
import Foundation
import MessagePassing
import Models
import Networks
import Reporting
import TensorCore
import TestSupport
import Testing
import Training

@Suite("What a rewind goes back to")
struct RefugeTests {
  /// Saves states of several steps, each saved while all was well unless it is one of `unwell`.
  private func store(_ steps: [Int], unwell: [Int] = [], in folder: String) throws -> (
    CheckpointStore, [Int: String]
  ) {
    let store = CheckpointStore(directory: folder, keepLast: 9)
    let state = EngineRank.makeState()
    var hashes: [Int: String] = [:]
    var refuge = -1
    for step in steps {
      state.model.networks[0].store.withValues { $0[0] = Float(step) }
      if !unwell.contains(step) { refuge = step }
      state.game = GameState()
      state.game?.watch.refuge = refuge
      state.game?.lead = 2
      state.game?.augment.probability = 0.375
      hashes[step] = state.weightsSHA256
      try store.save(
        GenerationContents(
          info: GenerationInfo(
            step: step, programVersion: Program.version, worldSize: 1, recipe: "dcgan", model: "dcgan",
            optionsSHA256: "", dataFingerprint: "", weightsSHA256: state.weightsSHA256, stateSHA256: "",
            state: state.counters),
          files: state.files))
    }
    return (store, hashes)
  }

  private func damage(_ step: Int, in folder: String) throws {
    let url = URL(fileURLWithPath: "\(folder)/step-000000\(step)/generator.safetensors.zst")
    var content = try Data(contentsOf: url)
    content[content.count / 2] ^= 1
    try content.write(to: url)
  }

  @Test(
    "a refuge that was never saved or is damaged gives way to the newest older one that is whole and was well"
  )
  func fallsBack() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/checkpoints"
    let (store, hashes) = try store([10, 20, 30, 40], unwell: [30], in: path)
    func found(_ step: Int) throws -> Int? {
      guard let generation = store.refuge(step, .silent) else { return nil }
      let state = EngineRank.makeState()
      state.game = GameState()
      try state.restore(generation)
      #expect(state.weightsSHA256 == hashes[generation.manifest.info.step])
      return generation.manifest.info.step
    }
    #expect(try found(40) == 40)
    #expect(try found(50) == 40, "its save failed, so it is not there")
    try damage(40, in: path)
    #expect(try found(40) == 20, "30 was saved when all was not well")
    #expect(try found(50) == 20)
    try damage(20, in: path)
    #expect(try found(40) == 10)
    try damage(10, in: path)
    #expect(try found(40) == nil)
  }

  @Test(
    "a rewind goes back or begins anew on all ranks, as the policy says, and leaves no turns in a row"
  )
  func changes() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/checkpoints"
    _ = try store([10], in: path)
    let options = try Options.resolve(
      recipe: "dcgan",
      overrides: [
        "watch.every=1", "watch.policy=rewind", "watch.rateFactor=0.5", "watch.noise=0.125",
        "augment.kind=ada", "augment.probability=0.25",
      ])
    let states = try ThreadCommunicator.run(size: 2) { communicator in
      let state = EngineRank.makeState()
      var game = GameState()
      (game.lead, game.augment.probability, game.watch.refuge) = (-1, 0.75, 10)
      (game.watch.suspicion, game.watch.rateFactor, game.watch.noise, game.watch.seedOffset) = (
        3, 0.5, 0.125, 1
      )
      state.game = game
      state.skipped = SkippedTurns(limit: 2, networks: 2)
      state.skipped?.numbers = [5, 2, 1]
      let communication = CommunicationThread(communicator)
      defer { communication.finish() }
      let exchange = RankExchange(communication)
      let store = CheckpointStore(directory: path, keepLast: 9)
      let rewind = Rewind(state: state, options: options, exchange: exchange)
      let step = try rewind.run(at: 14) { exchange.rank == 0 ? store.refuge($0, .silent) : nil }
      (game.lead, game.augment.probability) = (2, 0.375)
      (game.watch.rewinds, game.watch.since, game.watch.suspicion) = (1, 14, 0)
      (game.watch.rateFactor, game.watch.noise, game.watch.seedOffset) = (0.25, 0.25, 2)
      #expect(step == 10 && state.game == game && state.skipped?.numbers == [5, 0, 0])
      let back = state.stateSHA256(step: 14, arithmetic: "", data: "")

      let anew = try rewind.run(at: 20) { _ in nil }
      (game.lead, game.augment.probability, game.watch.refuge) = (0, 0.25, -1)
      (game.watch.rewinds, game.watch.since) = (2, 20)
      (game.watch.rateFactor, game.watch.noise, game.watch.seedOffset) = (0.125, 0.375, 3)
      #expect(anew == nil && state.game == game)
      let optimizers = state.model.networks.map { _ in Adam() }
      let fresh = RunState(
        model: EngineRank.makeState().model, optimizers: optimizers, seed: options.seed + 3)
      #expect(state.weightsSHA256 == fresh.weightsSHA256)
      return back
    }
    #expect(Set(states).count == 1)
  }
}
