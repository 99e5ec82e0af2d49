import Autograd
import Checkpoints
import Datasets
import Foundation
import MessagePassing
import Models
import Platform
import Quality
import Synchronization
import TensorCore
import TestSupport
import Testing
import Training

@Suite("Spaces of features that networks span")
struct FeatureSpaceTests {
  private static func vessels(count: Int = 300) throws -> any ImageDataset {
    try Datasets.open(DatasetRequest(source: "pottery", size: 16, channels: 1, count: count))
  }

  /// A classifier's weights, by their bits, and its accuracy.
  private struct Trained: Equatable, Sendable {
    let sha256: String
    let accuracy: Double
  }

  /// What each of as many ranks has trained.
  private static func trained(ranks: Int, steps: Int) throws -> [Trained] {
    try ThreadCommunicator.results(size: ranks) { communicator in
      let result = try ClassifierTraining.train(Self.vessels(), steps: steps, over: communicator)
      return Trained(
        sha256: SHA256.digest(of: [result.network.store.flatValues]), accuracy: result.accuracy)
    }.map { try $0.get() }
  }

  private static let reference = Result { try trained(ranks: 1, steps: 12)[0] }

  @Test(
    "a classifier has the same bits on 1, 2, 3 and 4 ranks, and where there are too many to share",
    arguments: [2, 3, 4, 17])
  func sameBits(ranks: Int) throws {
    let reference = try Self.reference.get()
    #expect(try Self.trained(ranks: ranks, steps: 12) == Array(repeating: reference, count: ranks))
  }

  @Test("a classifier of this version has the weights that were recorded")
  func recorded() throws {
    #expect(ClassifierTraining.version == 1)
    #expect(
      try Self.reference.get().sha256 == "a17abce6d8f55fe8c51ff5074b3dc2bb9f3379834a8a264ed2dcf1b08a42788b")
  }

  @Test("a classifier's training and what is measured by it look at samples, which is a sign of life")
  func signs() throws {
    func looked(_ work: () throws -> Void) rethrows -> Int {
      let before = Reading.samples.load(ordering: .relaxed)
      try work()
      return Reading.samples.load(ordering: .relaxed) - before
    }
    let (data, world) = (try Self.vessels(), SoloCommunicator())
    // Two updates and 30 samples that are held out; all samples and eight of them.
    #expect(try looked { _ = try ClassifierTraining.train(data, steps: 2, over: world) } >= 2 * 128 + 30)
    #expect(
      try looked {
        _ = try QualityReference(components: 2, samples: 8, of: data, isRaw: false, over: world)
      } >= 308)
  }

  @Test("a part of data whose classes take turns shows all of them")
  func takingTurns() throws {
    // Eight modes by turns around the circle: every eighth point is of one.
    let ring = try Datasets.open(DatasetRequest(source: "ring", size: 1, channels: 2, count: 1000))
    let reference = try QualityReference(
      components: 2, samples: 125, of: ring, isRaw: true, over: SoloCommunicator())
    let signs = Set(
      (0..<reference.real.rows).map { row in (0..<2).map { reference.real[row, $0] > 0 } })
    #expect(signs.count == 4)
  }

  @Test("samples are asked for by class as often as the data have it, among the first of them too")
  func classShares() {
    let model = VAE(VAE.Configuration(size: 8, channels: 1, hidden: 4, latent: 2))
    #expect(model.classes(of: 10, shares: []).isEmpty)
    let conditional = ConvolutionalGAN(
      ConvolutionalGAN.Configuration(
        size: 8, channels: 1, generatorFeatures: 2, discriminatorFeatures: 2,
        condition: ClassCondition(.projection, classes: 3, depth: 2)))
    let classes = conditional.classes(of: 400, shares: [0.5, 0.25, 0.25])
    #expect((0..<3).map { index in classes.count { $0 == index } } == [200, 100, 100])
    let first = classes.prefix(100)
    #expect((0..<3).allSatisfy { index in first.count { $0 == index } > 10 })
  }

  /// Vessels, and which of them were read.
  private final class Noting: ImageDataset {
    private let base: any ImageDataset
    let reads = Mutex<[Int]>([])

    init(_ base: any ImageDataset) { self.base = base }

    var name: String { base.name }
    var count: Int { base.count }
    var sampleShape: Shape { base.sampleShape }
    var labelCount: Int { base.labelCount }
    var fingerprint: DataFingerprint { base.fingerprint }

    func read(_ index: Int, into pixels: UnsafeMutablePointer<Float>) throws(DatasetError) -> Int32 {
      reads.withLock { $0.append(index) }
      return try base.read(index, into: pixels)
    }
  }

  @Test("it learns: vessels that it never saw are told apart far better than by chance")
  func learns() throws {
    let data = Noting(try Self.vessels())
    let accuracy = try ClassifierTraining.train(data, steps: 80, over: SoloCommunicator()).accuracy
    #expect(accuracy > 0.5 && accuracy <= 1)
    let reads = data.reads.withLock { $0 }
    let (seen, judged) = (Set(reads.prefix(80 * ClassifierTraining.batch)), Set(reads.suffix(30)))
    #expect(seen.count == 270 && judged.count == 30 && seen.isDisjoint(with: judged))
  }

  @Test(
    "a kept classifier is taken for the data, resizing and length it was trained for, if no byte is another")
  func stored() throws {
    let data = try Self.vessels()
    let result = try ClassifierTraining.train(data, steps: 2, over: SoloCommunicator())
    let bytes = StoredClassifier(result, for: data).encoded
    let cropped = StoredClassifier(result, for: data, resize: .crop).encoded
    for (bytes, own) in [(bytes, ResizeMode.none), (cropped, .crop)] {
      for resize in ResizeMode.allCases {
        let stored = StoredClassifier(decoding: bytes, steps: 2, for: data, resize: resize)
        #expect((stored != nil) == (resize == own), "\(resize) of \(own)")
      }
    }
    let again = try #require(StoredClassifier(decoding: bytes, steps: 2, for: data))
    #expect(again.network.store.flatValues.scalars == result.network.store.flatValues.scalars)
    #expect(again.encoded == bytes)
    #expect(StoredClassifier(decoding: bytes, steps: 3, for: data) == nil)
    #expect(try StoredClassifier(decoding: bytes, steps: 2, for: Self.vessels(count: 301)) == nil)
    #expect(StoredClassifier(decoding: [], steps: 2, for: data) == nil)
    for place in [9, bytes.count / 2, bytes.count - 1] {
      var damaged = bytes
      damaged[place] ^= 1
      #expect(StoredClassifier(decoding: damaged, steps: 2, for: data) == nil, "byte \(place)")
    }
  }

  @Test("a network of one channel looks at each channel alone, and its classes make up one number")
  func channels() {
    let network = Classifier(.init(size: 8, channels: 1, classes: 3))
    network.store.initialize(seed: 1, firstOrdinal: 0)
    let grey = KeyedNoise(seed: 2, purpose: .synthetic, turn: 0).normal([6, 8, 8, 1])
    let single = NetworkFeatures(network, named: "single", channels: 1)
    let features = single.features(of: grey)
    #expect(single.count == 64 && single.modeCount == 3 && features.rows == 6)
    // Two images of three channels from the six.
    var values = [Float](repeating: 0, count: 2 * 64 * 3)
    for image in 0..<6 {
      for place in 0..<64 {
        values[(image / 3 * 64 + place) * 3 + image % 3] = grey.scalars[image * 64 + place]
      }
    }
    let stacked = NetworkFeatures(network, named: "stacked", channels: 3)
    let together = stacked.features(of: Tensor(values, shape: [2, 8, 8, 3]))
    #expect(stacked.count == 192 && stacked.modeCount == 27 && together.rows == 2)
    #expect(QualityScores.fakeCount(10, in: stacked) == 26 * 27)
    #expect(zip(together.values, features.values).allSatisfy { abs($0 - $1) < 1e-5 })
    let digits = single.modes(of: features)
    let numbers = [0, 3].map { first -> Int in
      9 * digits[first] + 3 * digits[first + 1] + digits[first + 2]
    }
    #expect(stacked.modes(of: together) == numbers)
    let logits = network.logits(of: Tape(mode: .inference).constant(grey)).value.scalars
    for (row, digit) in digits.enumerated() {
      let scores = Array(logits[3 * row..<3 * row + 3])
      #expect(scores[digit] == scores.max())
    }
  }

  /// The tensors of a network of one 4x4 convolution for images of 8 pixels.
  private func tensors(_ change: (inout [String: Shape]) -> Void = { _ in }) -> Safetensors {
    var shapes: [String: Shape] = [
      "main.0.weight": [5, 1, 4, 4], "main.0.bias": [5], "main.2.weight": [7, 5, 4, 4], "main.2.bias": [7],
      "classes.weight": [3, 7], "classes.bias": [3],
    ]
    change(&shapes)
    return Safetensors(
      shapes.keys.sorted().map { NamedTensor($0, Tensor(repeating: 0.5, shape: shapes[$0]!)) })
  }

  @Test("given weights say how wide their network is, with or without classes")
  func given() throws {
    let network = try GivenWeights.network(tensors(), path: "file", size: 8, channels: 3)
    #expect(
      network.configuration
        == Classifier.Configuration(size: 8, channels: 1, widths: [5], features: 7, classes: 3))
    #expect(network.store.flatValues.scalars.allSatisfy { $0 == 0.5 })
    let featuresOnly = tensors {
      $0["classes.weight"] = nil
      $0["classes.bias"] = nil
    }
    let plain = try GivenWeights.network(featuresOnly, path: "file", size: 8, channels: 1)
    #expect(plain.configuration.classes == 0)
    #expect(NetworkFeatures(plain, named: "weights", channels: 1).modeCount == 0)
  }

  @Test("values are compared only with those of the same metric, space and number of samples")
  func settings() throws {
    func quality(_ words: String...) throws -> Options.Quality {
      try Options.resolve(recipe: "dcgan", overrides: ["quality.every=1"] + words).quality
    }
    let before = Convergence.after(3, step: 1, try quality(), margin: 0, before: nil)
    let next = Convergence.after(
      4, step: 2, try quality("stop.patience=1", "stop.margin=0.5"), margin: 0, before: before)
    #expect(next?.best.step == 1 && next?.misses == 1)
    for word in [
      "quality.components=32", "quality.samples=512", "quality.metric=kernel", "quality.space=classifier",
    ] {
      let other = Convergence.after(4, step: 2, try quality(word), margin: 0, before: before)
      #expect(other?.best.step == 2 && other?.misses == 0, "\(word)")
    }
    // Principal components do not read it, so nothing begins anew.
    let idle = Convergence.after(
      4, step: 2, try quality("quality.classifierSteps=7"), margin: 0, before: before)
    #expect(idle?.best.step == 1 && idle?.misses == 1)
  }

  @Test("given weights are known by their content, wherever their file lies")
  func movedWeights() throws {
    let folder = TemporaryFolder()
    func write(_ name: String, _ value: Float) throws -> String {
      let path = "\(folder.path)/\(name)"
      let tensors = [
        NamedTensor("main.0.weight", Tensor(repeating: value, shape: [3, 1, 16, 16])),
        NamedTensor("main.0.bias", Tensor(repeating: value, shape: [3])),
      ]
      try Data(Safetensors(tensors).encoded()).write(to: URL(fileURLWithPath: path))
      return path
    }
    func measured(_ path: String, step: Int, before: Convergence?) throws -> Convergence? {
      let options = try Options.resolve(
        recipe: "dcgan",
        overrides: ["size=16", "quality.every=1", "quality.space=weights", "quality.weights=\(path)"])
      let reference = try FeatureSpaces.reference(
        Self.vessels(), options, folder: nil, over: SoloCommunicator()
      ) { _ in }
      return Convergence.after(
        4, step: step, options.quality, weights: reference.weightsSHA256, margin: 0, before: before)
    }
    let first = try measured(write("first", 0.5), step: 1, before: nil)
    #expect(try measured(write("moved", 0.5), step: 2, before: first)?.misses == 1)
    #expect(try measured(write("other", 0.25), step: 2, before: first)?.misses == 0)
  }

  @Test("weights without classes are refused where classes are counted")
  func classesNeeded() throws {
    let folder = TemporaryFolder()
    let path = "\(folder.path)/weights.safetensors"
    let featuresOnly = tensors {
      $0["main.2.weight"] = [7, 5, 8, 8]
      $0["classes.weight"] = nil
      $0["classes.bias"] = nil
    }
    try Data(featuresOnly.encoded()).write(to: URL(fileURLWithPath: path))
    func check(_ metric: String) throws {
      let words = [
        "quality.every=1", "quality.space=weights", "quality.weights=\(path)", "quality.metric=\(metric)",
      ]
      try FeatureSpaces.check(
        Self.vessels(), Options.resolve(recipe: "dcgan", overrides: words), rank: 0)
    }
    try check("frechet")
    let error = #expect(throws: CheckpointError.self) { try check("modes") }
    #expect(error?.description.contains("quality.metric=modes") == true, "\(error as Any)")
  }

  @Test("weights that do not fit are refused with the tensor, what it is and what it should be")
  func misfits() {
    let cases: [(named: String, size: Int, channels: Int, change: (inout [String: Shape]) -> Void)] = [
      ("main.2.weight is [7, 5, 4, 4], not [N, 5, 8, 8]", 16, 1, { _ in }),
      ("main.0.weight takes 2 channels", 8, 3, { $0["main.0.weight"] = [5, 2, 4, 4] }),
      ("main.0.weight is [5, 1, 3, 3], not [N, 1, 4, 4]", 8, 1, { $0["main.0.weight"] = [5, 1, 3, 3] }),
      ("main.2.weight is [7, 6, 4, 4], not [N, 5, 4, 4]", 8, 1, { $0["main.2.weight"] = [7, 6, 4, 4] }),
      ("classes.weight is [3, 8], not [classes, 7]", 8, 1, { $0["classes.weight"] = [3, 8] }),
      ("missing main.2.bias", 8, 1, { $0["main.2.bias"] = nil }),
      ("unexpected extra", 8, 1, { $0["extra"] = [1] }),
      ("would halve 9 pixels", 9, 1, { _ in }),
      ("there is no main.0.weight", 8, 1, { $0["main.0.weight"] = nil }),
    ]
    for (named, size, channels, change) in cases {
      let error = #expect(throws: CheckpointError.self, "\(named)") {
        _ = try GivenWeights.network(tensors(change), path: "file", size: size, channels: channels)
      }
      #expect(error?.kind == .otherModel && error?.description.contains(named) == true, "\(error as Any)")
    }
    let sound = tensors().tensors.filter { $0.name != "classes.bias" }
    let file = Safetensors(sound + [NamedTensor("classes.bias", Tensor([0, 0, .nan], shape: [3]))])
    let error = #expect(throws: CheckpointError.self) {
      _ = try GivenWeights.network(file, path: "file", size: 8, channels: 1)
    }
    #expect(error?.description.contains("a weight is not finite") == true, "\(error as Any)")
  }

  @Test(
    "copies are found among training samples that ranks share, with the same figures on any number of them")
  func neighbours() throws {
    let values = KeyedNoise(seed: 4, purpose: .synthetic, turn: 0).normal([5000, 3]).scalars.map(Double.init)
    let training = Matrix(rows: 5000, columns: 3, values: values)
    let copied = Array(values[600..<660])
    let fakes = Matrix(rows: 40, columns: 3, values: copied + copied.map { $0 + 3 })
    func found(ranks: Int) throws -> [Memorisation] {
      try ThreadCommunicator.results(size: ranks) { communicator in
        let exchange = RankExchange(communicator)
        return try TrainingNeighbours(training, over: exchange).memorisation(of: fakes, over: exchange)
      }.map { try $0.get() }
    }
    let alone = try found(ranks: 1)[0]
    #expect(alone.copies >= 0.5 && alone.copies < 0.7)
    for ranks in 2...4 { #expect(try found(ranks: ranks).allSatisfy { $0 == alone }) }
  }
}
