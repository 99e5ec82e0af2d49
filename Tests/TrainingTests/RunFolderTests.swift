import Checkpoints
import Glibc
import Platform
import TestSupport
import Testing
import Training

private func options(_ overrides: String...) throws -> Options {
  try Options.resolve(recipe: "dcgan", overrides: overrides)
}

/// Why no run can begin at `path`.
private func refusalToCreate(at path: String) -> RunFolderError? {
  do throws(RunFolderError) {
    _ = try RunFolder.create(at: path, options: .quickstart)
    return nil
  } catch {
    return error
  }
}

/// Why the run at `path` cannot be opened again.
private func refusalToReopen(at path: String) -> RunFolderError? {
  do throws(RunFolderError) {
    _ = try RunFolder.reopen(at: path)
    return nil
  } catch {
    return error
  }
}

@Suite("A run folder belongs to one run and one process")
struct RunFolderTests {
  @Test("failed saves end a run when there have been several over ten minutes, and none since has succeeded")
  func failedSaves() {
    var saves = FailedSaves()
    for time in [5_000, 300_000, 604_000] as [Int64] {
      saves.add(at: time)
      #expect(!saves.areHopeless)
    }
    saves.add(at: 605_000)
    #expect(saves.areHopeless && saves.count == 4)
    saves.clear()
    saves.add(at: 700_000)
    saves.add(at: 2_000_000)
    #expect(!saves.areHopeless, "two are few")
  }

  @Test("a new run has its options and its folders")
  func create() throws {
    let scratch = TemporaryFolder()
    let run = try RunFolder.create(at: scratch.path + "/a", options: options("batch=32"))
    #expect(try Options.read(path: run.optionsPath) == options("batch=32"))
    for path in [run.tensorBoardPath, run.samplesPath, run.checkpointsPath] { #expect(rmdir(path) == 0) }
    #expect(run.samplePath(step: 500) == scratch.path + "/a/samples/step-00000500.png")
    #expect(FolderName.generation(1_234_567_890) == "step-1234567890")
  }

  @Test("an empty folder is taken, also one in which a run died before it began")
  func empty() throws {
    let scratch = TemporaryFolder()
    scratch.write("host gone, pid 1\n", to: ".lock")
    scratch.write("recipe: d", to: "options.yaml.tmp-77")
    _ = try RunFolder.create(at: scratch.path, options: options())
  }

  @Test("a folder with a run is refused with its recipe, its step and what to do")
  func occupied() throws {
    let scratch = TemporaryFolder()
    _ = try RunFolder.create(at: scratch.path, options: options())
    let early = try #require(refusalToCreate(at: scratch.path))
    #expect(early.description.contains("before its first checkpoint"))
    for (step, isWhole) in [(200, true), (400, true), (600, false)] {
      let folder = "checkpoints/" + FolderName.generation(step)
      #expect(mkdir("\(scratch.path)/\(folder)", 0o755) == 0)
      if isWhole { scratch.write("{}", to: folder + "/manifest.json") }
    }
    let error = try #require(refusalToCreate(at: scratch.path))
    let expected = """
      the run folder exists and holds a run of recipe dcgan at step 400, \(scratch.path); \
      add --resume to continue it, or choose another --run
      """
    #expect(error.description == expected)
    #expect(error.kind == .occupied && error.exitStatus == .cannotCreate)
  }

  @Test("a folder with other files is refused and left as it is")
  func foreign() throws {
    let scratch = TemporaryFolder()
    scratch.write("dear diary", to: "diary.txt")
    let error = try #require(refusalToCreate(at: scratch.path))
    #expect(error.kind == .occupied && error.description.contains("holds other files"))
    #expect(access(scratch.path + "/.lock", F_OK) != 0)
  }

  @Test("a folder that cannot be made is named with the reason and the user")
  func notWritable() throws {
    let scratch = TemporaryFolder()
    scratch.write("", to: "file")
    for (path, code) in [("file/run", ENOTDIR), ("file", ENOTDIR)] {
      let error = try #require(refusalToCreate(at: "\(scratch.path)/\(path)"))
      #expect(error.kind == .notWritable && error.exitStatus == .cannotCreate)
      #expect(error.description.contains("(errno \(code)), \(scratch.path)/\(path), uid \(geteuid());"))
    }
    for path in ["", "a\0b", String(repeating: "x", count: 5000)] {
      #expect(refusalToCreate(at: path)?.kind == .notWritable)
    }
  }

  // The kernel's own file systems refuse even root.
  @Test("a read-only place is refused", .enabled(if: access("/sys/kernel", F_OK) == 0))
  func readOnly() throws {
    for path in ["/sys/kernel/run", "/sys/kernel/missing/run"] {
      let error = try #require(refusalToCreate(at: path))
      #expect(error.kind == .notWritable && error.description.contains("uid \(geteuid())"))
    }
  }

  @Test("folders above a run's that are missing are made")
  func parents() throws {
    let scratch = TemporaryFolder()
    _ = try RunFolder.create(at: scratch.path + "/a/b/run", options: options())
    #expect(access(scratch.path + "/a/b/run/options.yaml", F_OK) == 0)
  }

  @Test("names are escaped before they are printed")
  func escaped() throws {
    let scratch = TemporaryFolder()
    scratch.write("", to: "\u{1B}[31m\n")
    let error = try #require(refusalToCreate(at: scratch.path + "/\u{1B}[31m\n"))
    #expect(error.description.contains("\\u{1b}[31m\\n"))
  }

  @Test("runs without a name are numbered")
  func numbered() throws {
    let scratch = TemporaryFolder()
    let parent = scratch.path + "/runs"
    let names = try (0..<3).map { _ in try RunFolder.create(in: parent, options: options()).path }
    #expect(names == ["\(parent)/dcgan", "\(parent)/dcgan-2", "\(parent)/dcgan-3"])
    // A gap is not filled: the largest number stays that of the newest.
    #expect(rename("\(parent)/dcgan", "\(parent)/old") == 0)
    #expect(try RunFolder.create(in: parent, options: options()).path == "\(parent)/dcgan-4")
  }

  @Test("without a folder the only run of a recipe goes on; of several none is chosen, and they are listed")
  func onlyDefault() throws {
    let scratch = TemporaryFolder()
    let parent = scratch.path + "/runs"
    func only(_ recipe: String?) throws -> String { try RunFolder.onlyDefault(recipe: recipe, in: parent) }
    #expect(try only("dcgan") == "\(parent)/dcgan" && only(nil) == parent)
    let first = try RunFolder.create(in: parent, options: options()).path
    // A folder that was only claimed holds no run.
    #expect(try RunFolder.claimDefault(recipe: "dcgan", in: parent) == "\(parent)/dcgan-2")
    #expect(try only("dcgan") == first && only(nil) == first)
    let other = try RunFolder.create(in: parent, options: Options.resolve(recipe: "dcgan64")).path
    #expect(try only("dcgan") == first && only("dcgan64") == other)
    #expect(throws: RunFolderError.self) { try only(nil) }

    // A run counts by the recipe that it is of, wherever it lies.
    #expect(rename(other, "\(parent)/mine") == 0)
    #expect(try only("dcgan64") == "\(parent)/mine")

    _ = try RunFolder.create(in: parent, options: options())
    #expect(mkdir("\(first)/checkpoints/step-00000300", 0o755) == 0)
    scratch.write("{}", to: "runs/dcgan/checkpoints/step-00000300/manifest.json")
    let error = try #require(throws: RunFolderError.self) { try only("dcgan") }
    #expect(error.kind == .ambiguous && error.exitStatus == .usage)
    let expected = """
      there are 2 runs to resume: dcgan at step 300 and dcgan-3 without a checkpoint, \(parent); \
      name one, such as --run \(parent)/dcgan-3
      """
    #expect(error.description == expected)

    // One that is done is not meant, but named.
    RunStatus(.done, step: 400).write(in: "\(parent)/dcgan-3")
    let later = try #require(throws: RunFolderError.self) { try only("dcgan") }
    #expect(
      later.description.contains("dcgan at step 300 and dcgan-3 done without a checkpoint")
        && later.description.hasSuffix("--run \(parent)/dcgan"), "\(later)")
  }

  @Test("of many runs to resume the line lists a few and the number of the others")
  func manyRuns() throws {
    let scratch = TemporaryFolder()
    for _ in 0..<12 { _ = try RunFolder.create(in: scratch.path, options: options()) }
    let error = try #require(throws: RunFolderError.self) {
      try RunFolder.onlyDefault(recipe: "dcgan", in: scratch.path)
    }
    #expect(error.description.contains("12 runs") && error.description.contains(" and 4 more,"))
    #expect(error.description.hasSuffix("/dcgan-12"))
  }

  @Test("a run goes on with what the weights do not depend on, and its file says so")
  func resume() throws {
    let scratch = TemporaryFolder()
    _ = try RunFolder.create(at: scratch.path, options: options())
    #expect(rmdir(scratch.path + "/samples") == 0)
    var run = try RunFolder.reopen(at: scratch.path)
    #expect(try run.options == options())
    let later = try options("steps=900", "threads=2", "log.every=1", "data=pottery", "checkpoint.every=5")
    try run.resume(with: later)
    #expect(run.options == later)
    #expect(try Options.read(path: run.optionsPath) == later)
    #expect(access(run.samplesPath, F_OK) == 0)
  }

  @Test("what a killed process was writing goes when the run goes on, not before")
  func leftovers() throws {
    let scratch = TemporaryFolder()
    _ = try RunFolder.create(at: scratch.path, options: options())
    let names = ["status.json.tmp-node-12-3", "samples/step-00000005.png.tmp-node-12-4"]
    for name in names + ["samples/mine.tmp-1"] { scratch.write("", to: name) }
    var run = try RunFolder.reopen(at: scratch.path)
    for name in names { #expect(access(scratch.path(of: name), F_OK) == 0) }
    try run.resume(with: run.options)
    for name in names { #expect(access(scratch.path(of: name), F_OK) != 0, "\(name)") }
    #expect(access(scratch.path(of: "samples/mine.tmp-1"), F_OK) == 0)
  }

  @Test("a run of another recipe is refused with the keys that differ, and is not touched")
  func differentRecipe() throws {
    let scratch = TemporaryFolder()
    _ = try RunFolder.create(at: scratch.path, options: options())
    var run = try RunFolder.reopen(at: scratch.path)
    let other = try Options.resolve(recipe: "dcgan64", overrides: ["seed=9", "batch=128"])
    let error = try #require(throws: RunFolderError.self) { try run.resume(with: other) }
    #expect(error.kind == .differentRecipe && error.exitStatus == .configuration)
    let expected = """
      the run of recipe dcgan was begun with other options: size 32 → 64, channels 1 → 3 and seed 0 → 9, \
      \(scratch.path); resume it with its own options (`lockstep train --help` lists the keys that may change), \
      or choose another --run
      """
    #expect(error.description == expected)
    #expect(try Options.read(path: run.optionsPath) == options())
  }

  @Test("other data are named before the number of samples that follows from them")
  func differentData() throws {
    let scratch = TemporaryFolder()
    _ = try RunFolder.create(at: scratch.path + "/run", options: options())
    let run = try RunFolder.reopen(at: scratch.path + "/run")
    let other = try options("data=/elsewhere")
    let error = try #require(throws: RunFolderError.self) { try run.checkResume(with: other) }
    #expect(
      error.description.contains("other options: data pottery → /elsewhere and dataset.count 60000 → none,"))
    // Data that only lie elsewhere are no reason.
    let path = scratch.path + "/other"
    _ = try RunFolder.create(at: path, options: options("data=/here"))
    let moved = try RunFolder.reopen(at: path)
    let seed = try options("data=/elsewhere", "seed=9")
    let difference = try #require(throws: RunFolderError.self) { try moved.checkResume(with: seed) }
    #expect(difference.description.contains("other options: seed 0 → 9,"))
  }

  @Test("what holds no run cannot be resumed, what is damaged is said to be")
  func nothing() throws {
    let scratch = TemporaryFolder()
    for path in [scratch.path, scratch.path + "/missing"] {
      let error = try #require(refusalToReopen(at: path))
      #expect(error.kind == .nothingToResume && error.exitStatus == .inputMissing)
    }
    #expect(access(scratch.path + "/.lock", F_OK) != 0)
    scratch.write("recipe: [", to: "options.yaml")
    let error = try #require(refusalToReopen(at: scratch.path))
    #expect(error.kind == .damaged && error.exitStatus == .badData)
    #expect(error.description.contains("options.yaml:"))
  }
}

extension Options {
  fileprivate static var quickstart: Options {
    do { return try Options.resolve(recipe: "dcgan") } catch { preconditionFailure("\(error)") }
  }
}

@Suite("A run folder is locked as long as its process lives")
struct RunFolderLockTests {
  @Test("a second opener is refused and told who has the folder")
  func refused() throws {
    let scratch = TemporaryFolder()
    let first = try RunFolder.create(at: scratch.path, options: options())
    let own = try #require(refusalToReopen(at: scratch.path))
    #expect(own.description.contains("in use by \(RunOwner.current)"))
    // Who has the folder may be called anything.
    let file = try #require(fopen(scratch.path + "/.lock", "r+"))
    fputs("\(RunOwner(host: "node7\u{1B}", process: 4711, job: "12"))\n", file)
    fclose(file)
    for refusal in [refusalToReopen(at: scratch.path), refusalToCreate(at: scratch.path)] {
      let error = try #require(refusal)
      #expect(error.kind == .locked && error.exitStatus == .cannotCreate)
      #expect(error.description.contains("in use by host node7\\u{1b}, pid 4711, job 12, \(scratch.path);"))
    }
    withExtendedLifetime(first) {}
  }

  @Test("the lock goes with the value that holds it")
  func released() throws {
    let scratch = TemporaryFolder()
    for _ in 0..<3 { _ = try? RunFolder.create(at: scratch.path, options: options()) }
    _ = try RunFolder.reopen(at: scratch.path)
    _ = try RunFolder.reopen(at: scratch.path)
  }

  @Test("this process is named by host, process and job")
  func current() {
    #expect(RunOwner.current.process == getpid())
    #expect(!RunOwner.current.host.isEmpty)
    #expect(RunOwner(host: "a", process: 1, job: nil).description == "host a, pid 1")
  }

  // flock(1) belongs to util-linux, which a minimal system may lack.
  @Test("a killed process leaves no lock behind", .enabled(if: access("/usr/bin/flock", X_OK) == 0))
  func killed() throws {
    let scratch = TemporaryFolder()
    _ = try RunFolder.create(at: scratch.path, options: options())
    let words = ["/usr/bin/flock", "-o", scratch.path + "/.lock", "/bin/sleep", "20"]
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    #expect(posix_spawn(&child, words[0], nil, nil, &arguments, nil) == 0)
    var sawLock = false
    for _ in 0..<500 where !sawLock {
      sawLock = refusalToReopen(at: scratch.path)?.kind == .locked
      if !sawLock { usleep(10_000) }
    }
    #expect(sawLock)
    #expect(kill(child, SIGKILL) == 0)
    var status: Int32 = 0
    #expect(waitpid(child, &status, 0) == child)
    // A process that another test spawns meanwhile holds a copy of every descriptor until it executes.
    var isReopened = false
    for _ in 0..<500 where !isReopened {
      isReopened = refusalToReopen(at: scratch.path) == nil
      if !isReopened { usleep(10_000) }
    }
    #expect(isReopened)
  }

  @Test("a lock file that is a link is not followed")
  func link() throws {
    let scratch = TemporaryFolder()
    scratch.write("precious", to: "target")
    #expect(mkdir(scratch.path + "/run", 0o755) == 0)
    #expect(symlink("../target", scratch.path + "/run/.lock") == 0)
    let error = try #require(refusalToCreate(at: scratch.path + "/run"))
    #expect(error.kind == .notWritable)
    var status = stat()
    #expect(stat(scratch.path + "/target", &status) == 0 && status.st_size == "precious".utf8.count)
  }
}
