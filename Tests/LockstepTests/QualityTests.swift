import Checkpoints
import Foundation
import TensorCore
import Testing

extension EndToEnd {
  /// Measuring samples in the course of a run, and of a checkpoint.
  struct QualityTests {
    private static let measured = [
      "quality.every=2", "quality.samples=96", "quality.components=8", "dataset.count=600",
    ]
    private static let keys = [
      "frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage",
    ]

    /// The values of `keys` in the last line of a log, or in one object.
    private func values(_ text: Substring) throws -> [Double] {
      let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
      return try Self.keys.map { try #require(object[$0] as? Double, "\($0) in \(text)") }
    }

    @Test(
      "scores are logged at their steps, the same on 1, 2, 3 and 4 ranks and as evaluate prints them afterwards",
      .enabled(if: MPIRun.isAvailable, "mpirun is absent"))
    func worldSizes() throws {
      var logged: [[Double]] = []
      var evaluated: [[Double]] = []
      for ranks in 1...4 {
        let folder = try Folder()
        let words = ["dcgan"] + narrow + course(steps: 4, threads: 1) + Self.measured
        let finished = try Lockstep.train(words + ["--run", "run"], ranks: ranks, in: folder)
        #expect(finished.status == 0 && finished.errors.contains("Fréchet"), "\(finished.errors)")
        let lines = String(decoding: try folder.bytes("run/log.jsonl"), as: UTF8.self).split(separator: "\n")
        #expect(lines.map { $0.contains("frechet_distance") } == [false, true, false, true])
        logged.append(try values(lines[3]))
        let job = try MPIRun.start(
          [.init(ranks: 5 - ranks, words: [Lockstep.path!, "evaluate", "run", "--json"])], in: folder)
        let printed = try job.wait()
        #expect(printed.status == 0, "\(printed.errors)")
        evaluated.append(try values(printed.output[...]))
        guard ranks == 2 else { continue }
        let both = try Lockstep.run(["evaluate", "run/checkpoints/step-00000003", "run"], in: folder)
        #expect(both.status == 0, "\(both.errors)")
        let table = both.output.split(separator: "\n")
        for (number, step) in [3, 4].enumerated() {
          let start = "\(number + 1)  run/checkpoints/step-0000000\(step), step \(step),"
          #expect(table.contains { $0.hasPrefix(start) }, "\(both.output)")
        }
        let distance = table.first { $0.hasPrefix("frechet distance") }?.split(separator: " ")
        let second = distance.flatMap { $0.count == 7 ? Double($0[3]) : nil }
        #expect(second.map { abs($0 - logged[1][0]) < 1e-5 } == true, "\(both.output)")
        // The samples of a network that has hardly been trained are all alike, far from any vessel.
        #expect(both.output.contains("caution: samples that are alike"), "\(both.output)")
        let object =
          try JSONSerialization.jsonObject(with: Data(printed.output.utf8)) as? [String: Any] ?? [:]
        for (key, expected, tolerance) in [
          ("spread_ratio", 8e-5, 1e-5), ("effective_rank_ratio", 1.389, 1e-2), ("copies", 0, 0),
          ("nearest_distance_ratio", 2.527, 1e-2),
        ] {
          let value = try #require(object[key] as? Double, "\(printed.output)")
          #expect(abs(value - expected) <= tolerance, "\(key) is \(value)")
        }
        #expect(object["own_data"] as? Bool == true)
        #expect((object["caution"] as? String)?.hasPrefix("samples that are alike") == true)
        let fewer = try Lockstep.run(["evaluate", "run", "dataset.count=500", "--json"], in: folder)
        #expect(fewer.output.contains("\"own_data\":false"), "\(fewer.output)")
      }
      #expect(Set(logged).count == 1 && Set(evaluated).count == 1)
      #expect(logged[0][0] > 0.1 && zip(logged[0], evaluated[0]).allSatisfy { Float($0) == Float($1) })
    }

    @Test("evaluations are said not to compare where size, resizing or components are others, and only there")
    func comparable() throws {
      let folder = try Folder()
      try Fixtures.idx(in: folder)
      let runs = [
        ("run", 32, "crop", 4), ("small", 16, "crop", 4), ("pad", 32, "pad", 4), ("five", 32, "crop", 5),
      ]
      for (run, size, resize, components) in runs {
        let words =
          ["dcgan"] + narrow + [
            "data=digits", "steps=1", "threads=1", "samples.count=1", "size=\(size)",
            "dataset.resize=\(resize)",
            "quality.every=1", "quality.samples=64", "quality.components=\(components)", "--run", run,
          ]
        let finished = try Lockstep.train(words, ranks: 1, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
        let both = try Lockstep.run(["evaluate", "run", run], in: folder)
        #expect(both.output.contains("do not compare") == (run != "run"), "\(run): \(both.output)")
        // Data and size are known before anything is measured.
        #expect(both.errors.contains("do not compare") == (run == "small"), "\(run): \(both.errors)")
      }
    }

    @Test("the best checkpoint is kept beyond its age, named, and known after a resume")
    func best() throws {
      let folder = try Folder()
      // A generator that learns nothing: its measurements hardly differ.
      let words =
        ["dcgan"] + narrow + Self.measured + [
          "threads=2", "samples.count=1", "checkpoint.every=2", "checkpoint.keepLast=1",
          "checkpoint.keepBest=true", "optimizer.generator.learningRate=1e-12",
          "optimizer.discriminator.learningRate=1e-12", "quality.metric=frechet", "--run", "run",
        ]
      for steps in [4, 8] {
        let resume = steps == 4 ? [] : ["--resume"]
        let finished = try Lockstep.train(words + ["steps=\(steps)"] + resume, ranks: 1, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
      }
      let lines = String(decoding: try folder.bytes("run/log.jsonl"), as: UTF8.self).split(separator: "\n")
      let scores = try lines.filter { $0.contains("frechet_distance") }.map { try values($0)[0] }
      let place = try #require(scores.indices.min { scores[$0] < scores[$1] })
      let step = "step-0000000\(2 * place + 2)"
      #expect(try folder.checkpoints("run") == Array(Set([step, "step-00000008"])).sorted())
      #expect(try String(decoding: folder.bytes("run/checkpoints/best"), as: UTF8.self) == step + "\n")
      let printed = try Lockstep.run(["evaluate", "run/checkpoints/best", "--json"], in: folder)
      #expect(
        printed.status == 0 && printed.output.contains("\"step\":\(2 * place + 2),"), "\(printed.errors)")
      #expect(try Float(values(printed.output[...])[0]) == Float(scores[place]))
    }

    private static let learned = [
      "quality.every=2", "quality.samples=96", "quality.space=classifier", "quality.classifierSteps=8",
      "dataset.count=600", "quality.metric=modes",
    ]

    @Test(
      "a classifier's space gives the same scores on 1 and 3 ranks, is kept with the run, and its file is a space too",
      .enabled(if: MPIRun.isAvailable, "mpirun is absent"))
    func classifier() throws {
      let keys = Self.keys + ["modes", "reverse_kl"]
      func values(_ text: Substring) throws -> [Double] {
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
        // A divergence may be infinite, which JSON has no number for.
        return try keys.map { key -> Double in
          if key == "reverse_kl" { return object[key] as? Double ?? -1 }
          return try #require(object[key] as? Double, "\(key) in \(text)")
        }
      }
      let folder = try Folder()
      var logged: [[Double]] = []
      for ranks in [1, 3] {
        let words = ["dcgan"] + narrow + course(steps: 4, threads: 1) + Self.learned
        let finished = try Lockstep.train(words + ["--run", "run\(ranks)"], ranks: ranks, in: folder)
        #expect(
          finished.status == 0 && finished.errors.contains("of held-out samples"), "\(finished.errors)")
        let lines = String(decoding: try folder.bytes("run\(ranks)/log.jsonl"), as: UTF8.self)
          .split(separator: "\n")
        logged.append(try values(lines[3]))
      }
      #expect(logged[0] == logged[1])
      let file = "classifier.safetensors"
      let kept = try folder.bytes("run1/\(file)")
      #expect(try folder.bytes("run3/\(file)") == kept)
      let resumed = try Lockstep.train(["steps=5", "--run", "run1", "--resume"], ranks: 1, in: folder)
      #expect(resumed.status == 0 && resumed.errors.contains("from \(file)"), "\(resumed.errors)")
      let evaluated = try Lockstep.run(["evaluate", "run3", "--json"], in: folder)
      #expect(evaluated.status == 0, "\(evaluated.errors)")
      #expect(try zip(values(evaluated.output[...]), logged[0]).allSatisfy { Float($0) == Float($1) })
      let given = try Lockstep.run(
        ["evaluate", "run3", "--json", "quality.space=weights", "quality.weights=run1/\(file)"], in: folder)
      #expect(given.status == 0, "\(given.errors)")
      #expect(try values(given.output[...]) == values(evaluated.output[...]))
      #expect(given.output.contains("\"space\":\"weights\""))
      // It is the run's also from within, and no classifier of other data or another length takes its place.
      let place = "cd '\(folder.path)/run3/checkpoints'"
      let within = try Job(
        ["/bin/sh", "-c", "\(place) && exec '\(Lockstep.path!)' evaluate step-00000004"], in: folder
      ).wait()
      #expect(within.status == 0 && within.output.contains("from \(file)"), "\(within.errors)")
      for word in ["dataset.count=500", "quality.classifierSteps=4"] {
        let other = try Lockstep.run(["evaluate", "run3", word], in: folder)
        #expect(other.status == 0 && !other.output.contains("from \(file)"), "\(other.errors)")
        #expect(try folder.bytes("run3/\(file)") == kept, "\(word)")
      }
      // A file that is damaged is made again.
      try Fixtures.damage("run3/\(file)", in: folder)
      let again = try Lockstep.run(["evaluate", "run3", "--json"], in: folder)
      #expect(try values(again.output[...]) == values(evaluated.output[...]), "\(again.errors)")
      #expect(try folder.bytes("run3/\(file)") == kept)
      let misfit = try Lockstep.run(
        [
          "evaluate", "run1", "quality.space=weights",
          "quality.weights=run1/checkpoints/step-00000004/manifest.json",
        ], in: folder)
      #expect(misfit.status == 65 && misfit.messages.count == 1, "\(misfit.errors)")
    }

    @Test("spaces that cannot be are refused in one line")
    func spaces() throws {
      let folder = try Folder()
      try Fixtures.images(16, in: folder)
      let cases: [(status: Int32, named: String, words: [String])] = [
        (
          65, "have no labels to train a classifier on", ["dcgan", "data=images", "quality.space=classifier"]
        ),
        (
          66, "nowhere.safetensors",
          ["dcgan", "quality.space=weights", "quality.weights=nowhere.safetensors"]
        ),
        (78, "quality.weights=FILE", ["dcgan", "quality.space=weights"]),
        (78, "quality.space=weights too", ["dcgan", "quality.weights=file"]),
        (78, "the data are points", ["ring", "quality.space=classifier"]),
        (78, "know no modes", ["dcgan", "quality.metric=modes"]),
        (78, "quality.every too", ["ring", "stop.patience=2"]),
      ]
      for (status, named, words) in cases {
        let more = words[0] == "dcgan" ? Array(words.dropFirst()) + narrow : Array(words.dropFirst())
        let measured = words[0] == "dcgan" ? ["quality.every=1"] : []
        let run = [words[0], "steps=1", "samples.count=1"] + measured + more + ["--run", "run"]
        let finished = try Lockstep.train(run, ranks: 1, in: folder)
        #expect(finished.status == status && finished.messages.count == 1, "\(finished.errors)")
        #expect(finished.errors.contains(named), "\(finished.errors)")
      }
    }

    @Test("a run that gets no better ends, saved and done, at the same step on any ranks and across a resume")
    func converged() throws {
      let folder = try Folder()
      let still =
        ["dcgan"] + narrow + Self.measured + [
          "threads=1", "samples.count=1", "checkpoint.every=50", "optimizer.generator.learningRate=1e-12",
          "optimizer.discriminator.learningRate=1e-12", "quality.metric=frechet", "stop.patience=2",
          "stop.margin=0.5",
        ]
      let reason = "frechet has not improved on"
      for ranks in MPIRun.isAvailable ? [1, 3] : [1] {
        let words = still + ["steps=40", "--run", "run\(ranks)"]
        let finished = try Lockstep.train(words, ranks: ranks, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
        let last = try #require(finished.errors.split(separator: "\n").last)
        #expect(last.hasPrefix("done, because \(reason)") && last.contains("6/40 steps"), "\(last)")
        #expect(try folder.checkpoints("run\(ranks)") == ["step-00000006"])
        let line = String(decoding: try folder.bytes("run\(ranks)/log.jsonl"), as: UTF8.self)
          .split(separator: "\n").last
        #expect(line?.contains("\"converged\":\"\(reason)") == true)
      }
      // Interrupted between measurements, where a last one is made that does not count.
      for (steps, end) in [(3, 3), (40, 6)] {
        let words = still + ["steps=\(steps)", "--run", "cut"] + (steps == 3 ? [] : ["--resume"])
        let finished = try Lockstep.train(words, ranks: 1, in: folder)
        #expect(finished.status == 0, "\(finished.errors)")
        #expect(try Lockstep.inspect("cut", in: folder).step == end)
      }
      #expect(
        try Lockstep.inspect("cut", in: folder).hashes == Lockstep.inspect("run1", in: folder).hashes)
      let again = try Lockstep.train(["--run", "cut", "--resume"], ranks: 1, in: folder)
      #expect(again.status == 0 && again.errors.contains("done, because \(reason)"), "\(again.errors)")
      #expect(try Lockstep.inspect("cut", in: folder).step == 6)
      let more = ["stop.patience=0", "steps=8", "--run", "cut", "--resume"]
      #expect(try Lockstep.train(more, ranks: 1, in: folder).status == 0)
      #expect(try Lockstep.inspect("cut", in: folder).step == 8)
    }

    @Test(
      "a resume counts on where weights are named by a relative path, and with a key the space does not read")
    func relativeWeights() throws {
      let folder = try Folder()
      let values = KeyedNoise(seed: 5, purpose: .synthetic, turn: 0).normal([4, 1, 32, 32])
      let weights = [
        NamedTensor("main.0.weight", values), NamedTensor("main.0.bias", Tensor(repeating: 0, shape: [4])),
      ]
      try folder.write(Safetensors(weights).encoded(), "weights.safetensors")
      let words =
        ["dcgan"] + narrow + [
          "quality.every=2", "quality.samples=96", "dataset.count=600", "quality.space=weights",
          "quality.weights=weights.safetensors", "threads=2", "samples.count=1",
          "optimizer.generator.learningRate=1e-12", "optimizer.discriminator.learningRate=1e-12",
          "stop.patience=2", "stop.margin=0.5", "steps=4", "--run", "run",
        ]
      let begun = try Lockstep.train(words, ranks: 1, in: folder)
      #expect(begun.status == 0, "\(begun.errors)")
      // One measurement without improvement before, one behind: a count that began anew would end at step 10.
      for more in [[], ["quality.weights=./weights.safetensors"], ["quality.components=8"]] {
        try? FileManager.default.removeItem(atPath: "\(folder.path)/again")
        try folder.copy("run", to: "again")
        let resumed = try Lockstep.train(
          ["steps=20", "--run", "again", "--resume"] + more, ranks: 1, in: folder)
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try Lockstep.inspect("again", in: folder).step == 6, "\(more)")
      }
    }

    @Test("the best of what is not measured is refused")
    func unmeasured() throws {
      let finished = try Lockstep.run(["train", "dcgan", "checkpoint.keepBest=true"], in: Folder())
      #expect(finished.status == 78 && finished.messages.first?.contains("quality.every") == true)
    }
  }
}
