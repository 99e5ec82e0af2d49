import Autograd
import Checkpoints
import DataParallel
import MessagePassing
import Models
import Networks
import TensorCore
import TestSupport
import Testing
import Training

@Suite("A run's state is whole")
struct RunStateTests {
  /// Saves a state as a generation of step 3 and loads it.
  static func generation(
    _ state: RunState, options: Options? = nil, in folder: String
  ) throws -> LoadedGeneration {
    let store = CheckpointStore(directory: folder)
    let info = GenerationInfo(
      step: 3, programVersion: Program.version, worldSize: 1, recipe: "dcgan", model: "dcgan",
      options: options?.canonicalYAML, optionsSHA256: "", dataFingerprint: "",
      weightsSHA256: state.weightsSHA256,
      stateSHA256: state.stateSHA256(step: 3, arithmetic: "a", data: "d"), state: state.counters)
    let saved = try store.save(GenerationContents(info: info, files: state.files))
    return try CheckpointStore.load(path: saved.path)
  }

  private func trained(_ game: EngineGame = EngineGame()) throws -> RunState {
    let rank = try EngineRank(SoloCommunicator(), overlap: true, game: game)
    defer { rank.communication.finish() }
    try rank.train(steps: 3)
    return rank.engine.state
  }

  @Test(
    "files and back give the same state, down to the optimizers' steps, and others are told by the digest")
  func roundTrip() throws {
    let folder = TemporaryFolder()
    let state = try trained()
    let generation = try Self.generation(state, in: folder.path + "/checkpoints")
    let other = EngineRank.makeState()
    #expect(other.weightsSHA256 != state.weightsSHA256)
    try other.restore(generation)
    let hash = state.stateSHA256(step: 3, arithmetic: "a", data: "d")
    #expect(other.stateSHA256(step: 3, arithmetic: "a", data: "d") == hash)
    #expect(other.optimizers.map(\.stepCount) == [3, 3])
    #expect(generation.manifest.info.stateSHA256 == hash)
    try other.verify(generation)
    other.model.networks[1].store.withValues { $0[0] += 1 }
    let error = #expect(throws: CheckpointError.self) { try other.verify(generation) }
    #expect(error?.kind == .damaged && error?.problem.hasPrefix("the weights have SHA-256 ") == true)
  }

  @Test("all that the scheduler remembers comes back")
  func game() throws {
    let folder = TemporaryFolder()
    let state = EngineRank.makeState()
    var game = GameState()
    game.numbers = game.numbers.indices.map { Double($0 + 1) }
    state.game = game
    let other = EngineRank.makeState()
    other.game = GameState()
    try other.restore(Self.generation(state, in: folder.path + "/checkpoints"))
    #expect(other.game == game)
  }

  @Test(
    "another run's state is taken with its weights; what is counted over a run begins anew",
    arguments: [true, false], [true, false])
  func fork(keepsLead: Bool, keepsAugmentation: Bool) throws {
    let folder = TemporaryFolder()
    let options = try Options.resolve(recipe: "dcgan", overrides: ["quality.every=1"])
    let old = try trained()
    var game = GameState()
    game.numbers = game.numbers.indices.map { Double($0 + 1) }
    old.game = game
    old.skipped = SkippedTurns(limit: 2, networks: 2)
    old.skipped?.numbers = [4, 1, 2]
    old.best = BestGeneration(step: 3, value: 1, metric: .frechet, setting: 7)
    old.convergence = Convergence.after(9, step: 3, options.quality, margin: 0, before: nil)
    var fresh = GameState()
    fresh.augment.probability = 0.25
    func forked(_ name: String) throws -> RunState {
      let state = EngineRank.makeState()
      state.game = fresh
      state.skipped = SkippedTurns(limit: 2, networks: 2)
      try state.restore(
        Self.generation(old, in: "\(folder.path)/\(name)"),
        ofOtherRunBegunAt: Schedule.Cursor(round: 40, batch: 50, turn: 30), keepsLead: keepsLead,
        keepsAugmentation: keepsAugmentation)
      #expect(state.weightsSHA256 == old.weightsSHA256)
      return state
    }
    let state = try forked("directed")
    var expected = GameState()
    (expected.round, expected.batch, expected.turn) = (40, 50, 30)
    (expected.lead, expected.window) = keepsLead ? (game.lead, game.window) : (0, TurnWindow())
    expected.augment = keepsAugmentation ? game.augment : fresh.augment
    expected.watch.since = 3
    #expect(state.game == expected)
    #expect(state.best == nil && state.convergence == nil && old.convergence != nil)
    #expect(state.skipped?.numbers == [0, 0, 0])

    // Of a run that remembers no game.
    old.game = nil
    (expected.lead, expected.window, expected.augment) = (0, TurnWindow(), fresh.augment)
    #expect(try forked("plain").game == expected)
  }

  @Test(
    "draws go on behind another run's where they are remembered; else it is told where they are counted"
  )
  func forkedDraws() throws {
    let folder = TemporaryFolder()
    let old = try trained()
    old.game = GameState()
    old.game?.round = 5
    old.game?.batch = 4
    let own = try Options.resolve(
      recipe: "dcgan", overrides: ["steps=3", "batch=16", "balance.every=2", "discriminatorSteps=2"])
    let saved = try Self.generation(old, options: own, in: folder.path + "/checkpoints")
    func begin(_ words: String..., game: GameState?) throws -> (game: GameState?, notes: [String]) {
      let state = EngineRank.makeState()
      state.game = game
      let given = ["discriminatorSteps=2", "init.run=\(saved.path)"]
      let options = try Options.resolve(recipe: "dcgan", overrides: given + words)
      let notes = try RunStart.begin(state, options, steps: 9).taken
      return (state.game, Array(notes.dropFirst()))
    }
    let same = try begin("steps=9", "batch=16", game: GameState())
    #expect(same.game?.round == 5 && same.game?.batch == 4 && same.notes.isEmpty)
    let larger = try begin("steps=9", "batch=48", game: GameState())
    #expect(larger.game?.round == 5 && larger.game?.batch == 2 && larger.notes.isEmpty)
    for (words, counted) in [(["steps=9", "batch=48"], 288), (["epochs=9", "batch=16"], 96)] {
      let plain = try begin(words[0], words[1], game: nil)
      #expect(plain.notes.count == 1 && plain.game == nil)
      #expect(plain.notes[0].hasPrefix("3 steps count as \(counted) samples, and 64 were read"))
    }
    for game in [nil, GameState()] {
      let error = #expect(throws: RunFolderError.self) { try begin("epochs=9", "batch=48", game: game) }
      #expect(error?.description.contains("give steps= instead of epochs=") == true)
    }
    // Networks of another family are no reason to trap.
    let vae = try Options.resolve(recipe: "vae", overrides: ["steps=9", "init.run=\(saved.path)"])
    let model = vae.makeModel()
    let other = RunState(
      model: model, optimizers: model.networks.map { _ in Adam(learningRate: 1e-3) }, seed: 0)
    #expect(throws: CheckpointError.self) { try RunStart.begin(other, vae, steps: 9) }
  }

  @Test(
    "the hash depends on step, options, data, weights, averages, buffers, moments, past fakes, misses and turns"
  )
  func hash() throws {
    func hash(_ state: RunState, step: Int = 3, options: String = "a", data: String = "d") -> String {
      state.stateSHA256(step: step, arithmetic: options, data: data)
    }
    let state = try trained(EngineGame(replaySize: 16))
    var hashes = [hash(state), hash(state, step: 4), hash(state, options: "b"), hash(state, data: "e")]
    state.optimizers[0].stepCount += 1
    hashes.append(hash(state))
    state.optimizers[1].moments[0] = state.optimizers[1].moments[0].adding(1)
    hashes.append(hash(state))
    state.model.networks[0].average?.withValues { $0[0] += 1 }
    hashes.append(hash(state))
    state.model.networks[1].store.withValues { $0[0] += 1 }
    hashes.append(hash(state))
    for store in [state.model.networks[0].store, try #require(state.model.networks[0].average)] {
      store.buffers.pointer[0] += 1
      hashes.append(hash(state))
    }
    let replay = try #require(state.model.replay)
    let (samples, classes) = replay.contents
    replay.restore(samples: samples.adding(1), classes: classes, filled: replay.filled)
    hashes.append(hash(state))
    let options = try Options.resolve(recipe: "dcgan", overrides: ["quality.every=1"])
    state.convergence = Convergence.after(9, step: 3, options.quality, margin: 0, before: nil)
    hashes.append(hash(state))
    state.game = GameState()
    hashes.append(hash(state))
    state.game?.turn += 1
    hashes.append(hash(state))
    #expect(Set(hashes).count == hashes.count)
  }

  @Test("the generation of another model is refused, and nothing of it is taken")
  func otherModel() throws {
    let folder = TemporaryFolder()
    let generation = try Self.generation(try trained(), in: folder.path + "/checkpoints")
    let other = EngineRank.makeState(features: 6)
    let before = other.stateSHA256(step: 0, arithmetic: "", data: "")
    let error = #expect(throws: CheckpointError.self) { try other.restore(generation) }
    #expect(error?.kind == .otherModel)
    #expect(other.stateSHA256(step: 0, arithmetic: "", data: "") == before)
  }

  @Test("a rewind gives every rank the weights, buffers, averages and moments of rank 0, and nothing else")
  func rewind() throws {
    let states = try ThreadCommunicator.run(size: 3) { communicator in
      let rank = try EngineRank(SoloCommunicator(), overlap: true)
      defer { rank.communication.finish() }
      // Rank 0 alone has the state of a generation, in which every part differs from the beginning's.
      if communicator.rank == 0 { try rank.train(steps: 2) }
      let state = rank.engine.state
      state.game = GameState()
      state.game?.lead = 2
      try state.copyFromFirst(over: RankExchange(communicator))
      return state.stateSHA256(step: 0, arithmetic: "", data: "")
    }
    #expect(Set(states).count == 1)
    let alone = try EngineRank(SoloCommunicator(), overlap: true)
    defer { alone.communication.finish() }
    try alone.train(steps: 2)
    #expect(alone.stateSHA256 != states[0])
    alone.engine.state.game = GameState()
    alone.engine.state.game?.lead = 2
    #expect(alone.stateSHA256 == states[0])
  }

  @Test("a broadcast gives every rank the state of rank 0, and what is counted over the run")
  func broadcast() throws {
    let quality = try Options.resolve(recipe: "dcgan", overrides: ["quality.every=1"]).quality
    let best = BestGeneration(step: 3, value: 1, metric: .frechet, setting: -1)
    let first = Convergence.after(9, step: 1, quality, margin: 0, before: nil)
    let convergence = Convergence.after(.nan, step: 2, quality, margin: 0, before: first)
    #expect(convergence?.misses == 1)
    let states = try ThreadCommunicator.run(size: 3) { communicator in
      let state = EngineRank.makeState()
      state.skipped = SkippedTurns(limit: 2, networks: 2)
      if communicator.rank == 0 {
        state.model.networks[0].store.withValues { $0[7] = 3 }
        state.model.networks[0].average?.withValues { $0[1] = 2 }
        state.optimizers[1].moments[1] = state.optimizers[1].moments[1].adding(0.5)
        state.optimizers[1].stepCount = 9
        state.skipped?.numbers = [4, 1, 2]
        (state.best, state.convergence) = (best, convergence)
      }
      func hash() -> String { state.stateSHA256(step: 0, arithmetic: "", data: "") }
      let before = hash()
      try state.broadcast(over: RankExchange(communicator))
      let (skipped, isBest) = (state.skipped?.numbers, state.best == best)
      return (before: before, after: hash(), skipped: skipped, isBest: isBest, convergence: state.convergence)
    }
    for state in states {
      #expect(state.after == states[0].before && state.skipped == [4, 1, 2])
      #expect(state.isBest && state.convergence == convergence)
    }
  }

  @Test("a run that begins anew has of what was trained nothing on any rank")
  func anew() throws {
    let results = outcomes(
      ranks: 2, nodes: [[0], [1]], game: EngineGame(replaySize: 16), compressionRank: 2
    ) { rank in
      let fresh = try rank.wholeStateSHA256()
      try rank.train(steps: 2)
      let trained = try rank.wholeStateSHA256()
      // The seed that the state was made of.
      rank.engine.state.initialize(seed: 5)
      return (fresh: fresh, trained: trained, anew: try rank.wholeStateSHA256())
    }
    for result in results {
      let hashes = try result.get()
      #expect(hashes.anew == hashes.fresh && hashes.trained != hashes.fresh)
    }
  }

  @Test("replicas that differ are told by rank and by the first tensor, and the communication goes on")
  func audit() throws {
    let results = outcomes(ranks: 3) { rank in
      let exchange = RankExchange(rank.communication)
      try rank.train(steps: 1)
      try ReplicaAudit.verify(rank.engine.state, step: 1, over: exchange)
      let store = rank.engine.model.networks[1].store
      let changed = store.parameters[2].range.lowerBound
      if rank.engine.plan.rank == 1 { store.withValues { $0[changed] += 1 } }
      return #expect(throws: DivergenceError.self) {
        try ReplicaAudit.verify(rank.engine.state, step: 1, over: exchange)
      }
    }
    for result in results {
      let error = try #require(try result.get())
      #expect(error.ranks == [1] && error.step == 1 && error.worldSize == 3)
      let names = EngineRank.makeState().model.networks[1].store.parameterNames
      #expect(error.subject == .replica(name: "discriminator \(names[2])"))
    }
  }

  @Test("turns that were left out are counted in a generation, and go on from it")
  func skippedTurns() throws {
    let folder = TemporaryFolder()
    let state = EngineRank.makeState()
    state.skipped = SkippedTurns(limit: 2, networks: 2)
    state.skipped?.numbers = [4, 0, 1]
    let loaded = try Self.generation(state, in: folder.path)
    let resumed = EngineRank.makeState()
    resumed.skipped = SkippedTurns(limit: 2, networks: 2)
    try resumed.restore(loaded)
    #expect(resumed.skipped?.numbers == [4, 0, 1])
    #expect(
      resumed.stateSHA256(step: 0, arithmetic: "", data: "")
        == state.stateSHA256(step: 0, arithmetic: "", data: ""))
  }
}
