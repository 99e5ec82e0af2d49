import Testing

extension EndToEnd {
  /// The weights of short runs, as they were recorded: what an earlier program began, this one goes on with
  /// bit by bit.
  ///
  /// Where arithmetic changes on purpose, change `Arithmetic.version`, so that no run of before is resumed,
  /// and record anew.
  struct RecordedBitsTests {
    struct Run: CustomTestStringConvertible, Sendable {
      let words: String
      /// The first digits of the weights' SHA-256.
      let weights: String
      var testDescription: String { words }
    }

    private static let runs = [
      Run(words: "dcgan batch=16 steps=2", weights: "24ab54f505a538eb"),
      Run(words: "dcgan64 batch=8 steps=1", weights: "71cb2eccd20d5198"),
      Run(words: "wgan-gp batch=16 steps=1", weights: "effd6f81a3bfac8d"),
      Run(
        words: "dcgan batch=16 steps=3 augment.kind=diffaugment spectralNorm=true "
          + "instanceNoise.deviation=0.1 replay.size=16 minibatch.deviation=true microBatches=2",
        weights: "0d3ac761f6089e22"),
      Run(
        words: "dcgan batch=16 steps=3 augment.kind=ada augment.probability=0.5 loss=hinge r1.weight=1 "
          + "r1.every=2 model.condition=projection",
        weights: "28b1c78ec6cb9b2b"),
      Run(
        words: "ring batch=32 steps=20 dragan.weight=1 instanceNoise.deviation=0.1 "
          + "optimizer.generator.kind=rmsprop optimizer.discriminator.kind=sgd "
          + "optimizer.discriminator.momentum=0.9",
        weights: "8db8720eafcea3b2"),
      Run(words: "sngan batch=16 steps=2", weights: "e44373736f352368"),
      Run(words: "voxel-gan batch=16 steps=1", weights: "4ee161c72a03d11f"),
      Run(
        words: "voxel-gan batch=16 steps=2 spectralNorm=false loss=nonSaturating model.condition=auxiliary",
        weights: "e527633344044216"),
      Run(words: "inpainting batch=16 steps=2", weights: "a84e6f932f59bff1"),
      Run(words: "completion batch=16 steps=1", weights: "e356ef7cc5a33009"),
      Run(words: "vae batch=32 steps=4", weights: "9e577927b7fece0c"),
      Run(words: "diffusion batch=16 steps=2", weights: "fb2ca4025d8859e0"),
      Run(words: "diffusion batch=16 steps=2 model.condition=embedding", weights: "97ebb925c08ae4ed"),
      Run(words: "flow-ring batch=32 steps=20", weights: "44e4f8d87af1ef4d"),
      Run(words: "flow batch=32 steps=4", weights: "4157bd46fa93f128"),
    ]

    @Test("short runs end with the recorded bits", arguments: runs)
    func bits(run: Run) throws {
      let folder = try Folder()
      let words = run.words.split(separator: " ").map(String.init) + ["samples.count=1", "--run", "run"]
      let finished = try Lockstep.train(words, ranks: 1, in: folder)
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(try Lockstep.inspect("run", in: folder).weightsSha256.prefix(16) == run.weights)
    }
  }
}
