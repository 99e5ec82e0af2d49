import ArgumentParser
import MessagePassing
import Platform
import Reporting
import Training

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a recipe, alone or under mpirun.",
    discussion: """
      RECIPE is a name from `lockstep recipes` or a file ending in .yaml or
      .yml.
      key=value words override its keys.

        lockstep train dcgan steps=200 batch=32
        mpirun -n 2 lockstep train dcgan-fashion data=DIR --run runs/fashion
        lockstep train wgan-gp --dry-run

      The run folder gets options.yaml, log.jsonl, losses.png, samples/,
      tensorboard/ and checkpoints/. SIGUSR1, SIGTERM, SIGHUP and Ctrl-C finish
      the step, save and exit with code 75; --run FOLDER --resume goes on bit for
      bit, on any number of ranks. mpirun passes SIGUSR1 on; after Ctrl-C and
      SIGTERM it kills the ranks within a second. `lockstep launch -n 2 train …`
      starts mpirun so that all of them save, and can go on by itself when a rank
      is lost. Progress goes to standard error; what scripts read is log.jsonl and
      status.json.

      A run keeps the keys that its weights depend on. On --resume these may change,
      data if the samples are the same, and steps no further than to where a step
      size has fallen to zero (decaySteps):

      \(OptionSchema.resumableTextOfAll())
      Keys and their defaults. Of all families of models (--dry-run tells of which
      a recipe is):

      \(OptionSchema.helpTextOfAll())
      """)

  @Argument(
    help: ArgumentHelp("A recipe's name or file, then key=value words.", valueName: "recipe key=value"),
    completion: .list(Recipes.names))
  var words: [String] = []

  @Option(
    name: .customLong("run"), help: "The run folder; by default runs/RECIPE, numbered if that is taken.",
    completion: .directory)
  var folder: String?

  @Flag(
    help: ArgumentHelp(
      "Go on with the run in the folder, from its newest whole checkpoint.",
      discussion:
        "Without --run, with the only run of the recipe in runs/, or the only one there if no recipe is named; of several, "
        + "name one."))
  var resume = false

  @Option(
    name: .customLong("from"),
    help: ArgumentHelp(
      "Begin a new run with the options and the whole state of a run or a checkpoint.",
      discussion:
        "Steps, optimizers and averages go on; key=value words may change all that leaves its tensors what they "
        + "are: not the networks, the kinds of optimizers, replay.size.", valueName: "run"),
    completion: .directory)
  var source: String?

  @Flag(help: "Print what the run would do, the turns of a step in order, and write nothing.")
  var dryRun = false

  @Flag(
    help: ArgumentHelp(
      "Write trace.json: what each rank computed, sent and waited for.",
      discussion:
        "Over the first 100 steps of this start, trace-from-STEP.json after a resume; chrome://tracing and "
        + "ui.perfetto.dev show it."))
  var trace = false

  func validate() throws {
    guard !(resume && dryRun) else {
      throw ValidationError("--dry-run describes a new run; leave out --resume.")
    }
    let beside = [recipe, resume ? "--resume" : nil, dryRun ? "--dry-run" : nil].compactMap(\.self)
    guard source == nil || beside.isEmpty else {
      throw ValidationError(
        "--from has the recipe, and begins a new run; leave out \(TerminalText.escaped(Prose.list(beside))).")
    }
    if source != nil, let word = words.first(where: { $0.hasPrefix("init.") || $0.hasPrefix("recipe=") }) {
      throw ValidationError("--from has the whole state; leave out \(TerminalText.escaped(word)).")
    }
    // An option that there is none of is told after this, with those that are like it.
    guard resume || recipe != nil || source != nil || UsageAdvice.hasUnknownOption else {
      if let folder, RunFolder.isRun(folder) {
        throw ValidationError(
          "\(TerminalText.escaped(folder)) holds a run already; add --resume to go on with it.")
      }
      if let late = words.first(where: Recipes.names.contains) {
        throw ValidationError("The recipe comes first: lockstep train \(late) …")
      }
      throw ValidationError("Name a recipe, for example: lockstep train dcgan (see lockstep recipes).")
    }
    if resume, folder == nil, let recipe, RunFolder.isRun(recipe) { throw Self.resumeOf(recipe) }
    let rest = words.dropFirst(recipe == nil ? 0 : 1)
    if let place = rest.firstIndex(where: { $0.hasPrefix("-") }) {
      let stray = TerminalText.escaped(rest[place])
      throw ValidationError("There is no option \(stray); `lockstep train --help` lists them.")
    }
    // What stands behind an option that there is none of may be its value.
    if !UsageAdvice.hasUnknownOption, let place = rest.firstIndex(where: { !$0.contains("=") }) {
      throw self.stray(at: place)
    }
  }

  /// What is wrong with a word that is no `key=value`.
  private func stray(at place: Int) -> ValidationError {
    let word = TerminalText.escaped(words[place])
    let before = place > 0 ? words[place - 1] : ""
    if resume, folder == nil { return Self.resumeOf(words[place]) }
    if before.hasPrefix("data=") {
      let whole = TerminalText.escaped(ShellWord.typed("\(before) \(words[place])"))
      return ValidationError("'\(word)' stands alone; write \(whole), if it belongs to the path.")
    }
    let following = words[place...].dropFirst().drop { $0 == "=" }.first ?? "VALUE"
    let next = TerminalText.escaped(following.hasPrefix("=") ? String(following.dropFirst()) : following)
    return ValidationError(
      "'\(word)' is no key=value word, such as \(word)=\(next); only the first word names a recipe.")
  }

  private static func resumeOf(_ folder: String) -> ValidationError {
    let word = TerminalText.escaped(ShellWord.typed(folder))
    return ValidationError("--resume takes no value; write --run \(word) --resume.")
  }

  private var recipe: String? { words.first.flatMap { $0.contains("=") ? nil : $0 } }

  func run() throws {
    let overrides = Array(words.dropFirst(recipe == nil ? 0 : 1))
    if dryRun, let recipe {
      alone {
        for line in try DryRun(recipe: recipe, overrides: overrides).lines {
          print(TerminalText.escaped(line))
        }
      }
    }
    let request = TrainingRequest(
      recipe: recipe, overrides: overrides, folder: folder, from: source, isResuming: resume,
      isTraced: trace)
    leave(
      Ranks.run { communicator, threadCommunicator in
        switch try TrainingRun.run(
          request, over: communicator, training: threadCommunicator, output: .descriptor())
        {
        case .done, .converged: .done
        case .stopped: .stopped
        }
      })
  }
}
