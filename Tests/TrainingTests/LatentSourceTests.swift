import Datasets
import Models
import TensorCore
import Testing
import Training

@Suite("Latents are functions of their key and place")
struct LatentSourceTests {
  /// Images, or volumes, whose values say which sample they are of, and where.
  struct Numbered: ImageDataset {
    let name = "numbers"
    let labelCount = 0
    let fingerprint = DataFingerprint(String(repeating: "0", count: 64))!
    var count = 5
    var sampleShape: Shape = [8, 8, 1]

    func read(_ index: Int, into pixels: UnsafeMutablePointer<Float>) throws(DatasetError) -> Int32 {
      for place in 0..<sampleShape.count {
        pixels[place] = Float(index + 1) / 8 + Float(place) / Float(16 * sampleShape.count)
      }
      return -1
    }
  }

  static func model(_ rule: ContextRule = ContextRule(.box, hidden: 0.25), axes: Int = 2) -> any Model {
    Pix2Pix(
      Pix2Pix.Configuration(
        size: 8, axes: axes, channels: 1, generatorFeatures: 2, discriminatorFeatures: 2, context: rule))
  }

  static func source(
    seed: UInt64 = 3, purpose: KeyedNoise.Purpose = .samples, turn: Int = 0
  ) -> LatentSource {
    LatentSource(of: model(), cutting: Numbered(), seed: seed, purpose: purpose, turn: turn)
  }

  @Test("without a context they are the normal numbers of the key")
  func noise() throws {
    let model = EngineRank.makeState().model
    let source = LatentSource(of: model, seed: 9, purpose: .measurement, turn: 1)
    let all = KeyedNoise(seed: 9, purpose: .measurement, turn: 1).normal([8, model.latentCount])
    let drawn = try source.draw(3..<6)
    #expect(
      drawn.latents.shape == [3, model.latentCount] && drawn.latents.scalars == all.rows(3..<6).scalars)
    #expect(drawn.originals == nil && source.count == nil)
  }

  @Test("contexts are the same in parts of any length, beyond the end of the data too")
  func parts() throws {
    let source = Self.source()
    let whole = try source.draw(0..<12)
    for starts in [[0, 1, 12], [0, 4, 5, 11, 12]] {
      let parts = try zip(starts, starts.dropFirst()).map { try source.draw($0..<$1) }
      #expect(Tensor.concatenated(parts.map(\.latents)).scalars == whole.latents.scalars)
      #expect(Tensor.concatenated(parts.compactMap(\.originals)).scalars == whole.originals?.scalars)
    }
  }

  @Test("a context has the values of its original where it knows them, and every sample is cut in its turn")
  func originals() throws {
    let drawn = try Self.source().draw(0..<10)
    let originals = try #require(drawn.originals)
    let contexts = drawn.latents.reshaped([10, 8, 8, 2])
    let (values, masks) = (contexts.channels(0..<1).scalars, contexts.channels(1..<2).scalars)
    for (place, original) in originals.scalars.enumerated() {
      #expect(values[place] == (masks[place] == 1 ? original : 0))
    }
    #expect(masks.count { $0 == 0 } == 10 * 16)
    let samples = (0..<10).map { Int(originals.rows($0..<$0 + 1).scalars[0] * 8) - 1 }
    #expect(samples.prefix(5).sorted() == [0, 1, 2, 3, 4] && samples.suffix(5) == samples.prefix(5))
    // The second time a sample is cut elsewhere.
    #expect(masks.prefix(5 * 64) != masks.suffix(5 * 64))
  }

  @Test("another seed, purpose or turn cuts elsewhere")
  func keys() throws {
    let latents = try [
      Self.source(), Self.source(), Self.source(seed: 4), Self.source(purpose: .measurement),
      Self.source(turn: 1),
    ].map { try $0.draw(0..<5).latents.scalars }
    #expect(latents[0] == latents[1])
    #expect(Set(latents).count == 4)
  }

  @Test("a person's contexts come in their order, and there are no more")
  func given() throws {
    let contexts = KeyedNoise(seed: 1, purpose: .synthetic, turn: 0).normal([4, 8, 8, 2])
    let source = LatentSource(contexts: contexts)
    let drawn = try source.draw(1..<3)
    #expect(source.count == 4 && drawn.originals == nil)
    #expect(drawn.latents.shape == [2, 128] && drawn.latents.scalars == contexts.rows(1..<3).scalars)
  }
}
