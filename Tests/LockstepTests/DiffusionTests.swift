import Testing

extension EndToEnd {
  /// A diffusion model from the command line.
  struct DiffusionTests {
    private static let small = [
      "diffusion", "batch=16", "size=16", "model.features=4", "model.samplingSteps=2", "samples.count=4",
      "ema.decay=0.5", "optimizer.denoiser.learningRate=0.01",
    ]

    private func trained(_ more: [String]) throws -> Folder {
      let folder = try Folder()
      func key(_ word: String) -> Substring { word.prefix { $0 != "=" } }
      let small = Self.small.filter { word in !more.contains { key($0) == key(word) } }
      let finished = try Lockstep.train(small + more + ["--run", "run"], ranks: 1, in: folder)
      guard finished.status == 0 else { throw Unexpected(finished) }
      return folder
    }

    @Test("the keys of sampling change samples, not weights, and a resume may change them")
    func sampling() throws {
      let (short, long) = (try trained(["steps=6"]), try trained(["steps=3"]))
      let resumed = try Lockstep.train(
        ["model.samplingSteps=5", "steps=6", "--run", "run", "--resume"], ranks: 1, in: long)
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(try Lockstep.inspect("run", in: short).hashes == Lockstep.inspect("run", in: long).hashes)
      let picture = "run/samples/step-00000006.png"
      #expect(try short.bytes(picture) != long.bytes(picture))
      let refused = try Lockstep.train(
        ["model.features=8", "steps=9", "--run", "run", "--resume"], ranks: 1, in: long)
      #expect(refused.status == 78, "\(refused.errors)")
    }

    @Test("strips and measurements take other steps by word, and guidance needs classes")
    func words() throws {
      let folder = try trained(["steps=2", "dataset.count=256"])
      let strips = try Lockstep.run(
        ["sample", "run", "--interpolate", "2", "--output", "strips.png"], in: folder)
      #expect(strips.status == 0 && folder.has("strips.png"), "\(strips.errors)")
      func measured(_ words: [String]) throws -> String {
        let evaluated = try Lockstep.run(
          ["evaluate", "run", "quality.samples=64", "--json"] + words, in: folder)
        #expect(evaluated.status == 0, "\(evaluated.errors)")
        return evaluated.output
      }
      #expect(try measured(["model.samplingSteps=2"]) == measured([]))
      #expect(try measured(["model.samplingSteps=7"]) != measured([]))
      for word in ["model.guidance=2", "model.features=8"] {
        let refused = try Lockstep.run(["sample", "run", word], in: folder)
        #expect(refused.status == 64 && refused.messages.count == 1, "\(refused.errors)")
        #expect(refused.errors.contains("the key that does is model.samplingSteps\n"), "\(refused.errors)")
      }
      let idle = try Lockstep.run(["train"] + Self.small + ["model.guidance=2", "--dry-run"], in: folder)
      #expect(
        idle.status == 78 && idle.errors.contains("samples are not asked for by class"), "\(idle.errors)")
    }

    @Test("samples are asked for by class, and guidance takes them elsewhere")
    func classes() throws {
      let folder = try trained(["steps=2", "model.condition=embedding"])
      func picture(_ class: String) throws -> [UInt8] {
        let sampled = try Lockstep.run(
          ["sample", "run", "--class", `class`, "--output", "class.png"], in: folder)
        #expect(sampled.status == 0, "\(sampled.errors)")
        return try folder.bytes("class.png")
      }
      #expect(try picture("0") != picture("1"))
      let told = try picture("1")
      func drawn(_ words: [String]) throws -> [UInt8] {
        let sampled = try Lockstep.run(
          ["sample", "run", "--class", "1", "--output", "drawn.png"] + words, in: folder)
        #expect(sampled.status == 0, "\(sampled.errors)")
        return try folder.bytes("drawn.png")
      }
      #expect(try drawn(["model.guidance=1", "model.samplingSteps=2"]) == told)
      #expect(try drawn(["model.guidance=4"]) != told)
      let nonsense = try Lockstep.run(["sample", "run", "nonsense"], in: folder)
      #expect(nonsense.status == 78 && nonsense.errors.contains("write KEY=VALUE"), "\(nonsense.errors)")
      for key in ["model.features=8", "batch=8"] {
        let refused = try Lockstep.run(["sample", "run", key], in: folder)
        #expect(refused.status == 64 && refused.messages.count == 1, "\(refused.errors)")
        #expect(refused.errors.contains("model.samplingSteps and model.guidance"), "\(refused.errors)")
      }
      let resumed = try Lockstep.train(
        ["model.guidance=4", "steps=2", "--run", "run", "--resume"], ranks: 1, in: folder)
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(try picture("1") != told)
    }

    @Test("a person's fragments are completed in several ways, the same ones for the same seed")
    func fragments() throws {
      let folder = try trained(["steps=2"])
      let values = (0..<2 * 256).flatMap { place -> [UInt8] in
        let value: Float = place % 16 < 8 ? .nan : Float(place % 3) / 2
        return (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
      }
      let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 16, 16), }"
      try folder.write(Fixtures.npy(header, values), "sherds.npy")
      func drawn(_ words: [String]) throws -> [UInt8] {
        let sampled = try Lockstep.run(
          ["sample", "run", "--context", "sherds.npy", "--count", "6", "-o", "drawn.png"] + words, in: folder)
        #expect(sampled.status == 0, "\(sampled.errors)")
        return try folder.bytes("drawn.png")
      }
      let own = try drawn([])
      #expect(try drawn(["--seed", "0"]) == own)
      #expect(try drawn(["--seed", "1"]) != own)
      #expect(try drawn(["model.resampling=3"]) != own)
      let each = try Lockstep.run(
        ["sample", "run", "--context", "sherds.npy", "--folder", "each"], in: folder)
      #expect(each.status == 0 && folder.has("each/000001.png") && !folder.has("each/000002.png"))
      for (words, advice) in [
        (["--context", "sherds.npy", "--interpolate", "2"], "leave out --interpolate"),
        (["--context", "sherds.npy", "data=pottery"], "leave out data="),
        (["model.resampling=3"], "without --context"),
      ] {
        let refused = try Lockstep.run(["sample", "run"] + words, in: folder)
        #expect(refused.status == 64 && refused.errors.contains(advice), "\(refused.errors)")
      }
    }

    @Test("to draw and to measure for longer than stallTimeout is no stall")
    func longSampling() throws {
      let slow = [
        "steps=2", "model.features=8", "model.samplingSteps=1000", "samples.every=0", "stallTimeout=1",
        "quality.every=2", "quality.samples=64", "watch.every=2", "watch.samples=16",
      ]
      #expect(throws: Never.self) { _ = try trained(slow) }
    }
  }
}
