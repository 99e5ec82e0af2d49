import Autograd
import Glibc
import Models
import Networks
import TensorCore
import Testing
import Training

@Suite("Denoising diffusion")
struct DiffusionTests {
  private static func configuration(classes: Int, guidance: Float) -> Diffusion.Configuration {
    Diffusion.Configuration(
      size: 16, channels: 2, features: 6, blocks: 2, classes: classes, samplingSteps: 3, guidance: guidance)
  }

  /// A model whose weights are all drawn anew: of the initial ones some are zero, which would hide errors.
  private static func made(classes: Int = 0, guidance: Float = 1) -> Diffusion {
    let model = Diffusion(configuration(classes: classes, guidance: guidance))
    _ = RunState(model: model, optimizers: model.networks.map { _ in Adam() }, seed: 1)
    for store in [model.networks[0].store, model.networks[0].average!] {
      let drawn = KeyedNoise(seed: 9, purpose: .synthetic, turn: 0).normal([store.count])
      for parameter in store.parameters {
        let fanIn = Float(parameter.shape.count / parameter.shape[0])
        let values = Tensor(viewOf: drawn, from: parameter.range.lowerBound, shape: parameter.shape)
        store.set(
          parameter,
          to: parameter.shape.rank == 1
            ? values.multiplied(by: 0.3).adding(0.5)
            : values.multiplied(by: 1 / fanIn.squareRoot()))
      }
    }
    return model
  }

  /// A seed that leaves some of four samples without their classes, and not all.
  private static let seedWithDropout: UInt64 = (1...).first { seed in
    let told = microBatch(seed: seed).noise(for: .classDropout, length: 1).scalars.map { $0 >= 0.1 }
    return Set(told).count == 2
  }!

  private static func microBatch(count: Int = 4, parts: Int = 1, seed: UInt64 = 2) -> MicroBatch {
    let images = KeyedNoise(seed: 3, purpose: .synthetic, turn: 0).normal([count, 16, 16, 2]).tanh()
    return MicroBatch(
      index: 0, parts: parts, draw: MicroBatch.Draw(step: 0), images: images,
      labels: (0..<count).map { Int32($0 % 3) }, seed: seed)
  }

  @Test("parameters have names by their places, and the average has the same")
  func names() {
    let network = Self.made().networks[0]
    let names = network.store.parameterNames
    #expect(
      names.prefix(5) == [
        "embedding.0.weight", "embedding.0.bias", "embedding.2.weight", "embedding.2.bias", "stem.weight",
      ])
    #expect(names.contains("down.1.0.shortcut.weight") && names.contains("up.0.1.modulation.bias"))
    #expect(!names.contains("down.0.0.shortcut.weight"), "equal channels need none")
    #expect(names.suffix(4) == ["norm.weight", "norm.bias", "head.weight", "head.bias"])
    #expect(network.average?.parameterNames == names)
  }

  @Test(
    "the loss is the error of v, computed by its formula and with the network's in Float64",
    arguments: [0, 3])
  func loss(classes: Int) {
    let model = Self.made(classes: classes)
    let microBatch = Self.microBatch(seed: Self.seedWithDropout)
    let isTold = microBatch.noise(for: .classDropout, length: 1).scalars.map { $0 >= 0.1 }
    let network = ReferenceUNet(model.networks[0].store, waves: 6)
    let noise = microBatch.noise(for: .latents, length: 512).scalars.map(Double.init)
    let uniforms = microBatch.noise(for: .times, length: 1).scalars.map(Double.init)
    let images = microBatch.images.scalars.map(Double.init)
    var errors: [Double] = []
    for sample in 0..<4 {
      let time = (Double(sample) + uniforms[sample]) / 4
      let (signal, deviation) = (cos(time * .pi / 2), sin(time * .pi / 2))
      let places = sample * 512..<(sample + 1) * 512
      let (x, e) = (Array(images[places]), Array(noise[places]))
      let noisy = zip(x, e).map { signal * $0 + deviation * $1 }
      let predicted = network(
        ReferenceImage(side: 16, channels: 2, values: noisy), time: time,
        label: isTold[sample] ? sample % 3 : 3
      ).values
      let squares = zip(predicted, zip(x, e)).map { predicted, pair in
        let error = predicted - (signal * pair.1 - deviation * pair.0)
        return error * error
      }
      errors.append(squares.reduce(0, +) / 512)
    }
    let expected = [
      errors.reduce(0, +) / 4, (errors[0] + errors[1]) / 2, (errors[2] + errors[3]) / 2,
    ]
    let evaluation = model.evaluate(model.phases[0], on: microBatch)
    for (statistic, expected) in zip(evaluation.statistics, expected) {
      #expect(abs(Double(statistic[0]) - expected) < 1e-4 * expected, "\(statistic) and \(expected)")
    }
    #expect(evaluation.statistics.count == 3 && evaluation.loss.value.scalar == evaluation.statistics[0][0])
  }

  @Test(
    "samples are DDIM's of what is predicted without a class and of what the class adds, in Float64",
    arguments: [(classes: 0, guidance: 1), (classes: 3, guidance: 1), (classes: 3, guidance: 2.5)])
  func guidance(classes: Int, guidance: Double) {
    let model = Self.made(classes: classes, guidance: Float(guidance))
    let network = ReferenceUNet(model.networks[0].store, waves: 6)
    let latents = KeyedNoise(seed: 3, purpose: .synthetic, turn: 1).normal([1, model.latentCount])
    var z = latents.scalars.map(Double.init)
    for step in [3, 2, 1] {
      let (time, next) = (Double(step) / 3, Double(step - 1) / 3)
      let (signal, noise) = (cos(time * .pi / 2), sin(time * .pi / 2))
      let image = ReferenceImage(side: 16, channels: 2, values: z)
      let (told, untold) = (
        network(image, time: time, label: 1).values, network(image, time: time, label: 3).values
      )
      z = z.indices.map { place in
        let v = untold[place] + guidance * (told[place] - untold[place])
        let x = min(max(signal * z[place] - noise * v, -1), 1)
        return cos(next * .pi / 2) * x + sin(next * .pi / 2) * (z[place] - signal * x) / noise
      }
    }
    let samples = model.sample(latents: latents, classes: classes > 0 ? [1] : [], isAveraged: true)
    #expect(zip(samples.scalars, z).allSatisfy { abs(Double($0) - $1) < 2e-3 })
    #expect(model.classCount == classes && model.samples(latents).shape == samples.shape)
  }

  @Test("gradients reach every parameter, and samples are images in [-1, 1] of which none knows another")
  func gradientsAndSamples() {
    let model = Self.made(classes: 3)
    let evaluation = model.evaluate(model.phases[0], on: Self.microBatch(seed: Self.seedWithDropout))
    let store = model.networks[0].store
    let gradient = evaluation.loss.tape.gradients(of: evaluation.loss, forParametersOf: store).scalars
    for parameter in store.parameters {
      #expect(
        parameter.range.contains { gradient[$0] != 0 } && parameter.range.allSatisfy { gradient[$0].isFinite }
      )
    }
    let latents = KeyedNoise(seed: 3, purpose: .synthetic, turn: 1).normal([3, model.latentCount])
    let samples = model.samples(latents)
    #expect(samples.shape == [3, 16, 16, 2] && samples.scalars.allSatisfy { abs($0) <= 1 })
    #expect(Set(samples.scalars).count > 100)
    #expect(model.samples(latents.rows(1..<2), classes: [1]).scalars == samples.rows(1..<2).scalars)
  }

  @Test("the times of a part are one in each of as many equal intervals as it has samples")
  func times() {
    let microBatch = Self.microBatch(count: 8, parts: 2)
    let times = microBatch.stratifiedTimes().scalars
    for (sample, time) in times.enumerated() {
      #expect(Int(time * 4) == sample % 4, "\(time)")
    }
    #expect(Set(times).count == 8 && times == microBatch.stratifiedTimes().scalars)
  }

  @Test("the schedule goes from the image alone to noise alone, with the variance of one")
  func schedule() {
    #expect(CosineSchedule.coefficients(at: 0) == (signal: 1, deviation: 0))
    let last = CosineSchedule.coefficients(at: 1)
    #expect(abs(last.signal) < 1e-6 && last.deviation == 1)
    let (signals, deviations) = CosineSchedule.coefficients(
      at: Tensor((0...64).map { Float($0) / 64 }, shape: [65]))
    for (signal, deviation) in zip(signals.scalars, deviations.scalars) {
      #expect(abs(signal * signal + deviation * deviation - 1) < 1e-6)
    }
    for (one, next) in zip(signals.scalars, signals.scalars.dropFirst()) { #expect(next < one) }
    #expect(abs(signals.scalars[32] - Float(0.5).squareRoot()) < 1e-6)
  }

  /// v by the best denoiser of pixels that are N(mean, deviation²).
  private static func velocity(_ z: Double, _ time: Double, mean: Double, deviation: Double) -> Double {
    let (signal, noise) = (cos(time * .pi / 2), sin(time * .pi / 2))
    let variance = deviation * deviation
    let x = mean + signal * variance * (z - signal * mean) / (signal * signal * variance + noise * noise)
    return signal * (z - signal * x) / noise - noise * x
  }

  private static func samples(_ noise: Tensor, steps: Int, mean: Double, deviation: Double) -> [Float] {
    DDIM.samples(of: noise, steps: steps) { noisy, time in
      Tensor(
        noisy.scalars.map {
          Float(velocity(Double($0), Double(time), mean: mean, deviation: deviation))
        }, shape: noisy.shape)
    }.scalars
  }

  @Test("with the best denoiser of a normal distribution DDIM maps noise to that distribution")
  func normalData() {
    let noise = KeyedNoise(seed: 5, purpose: .synthetic, turn: 0).normal([500])
    for (z, x) in zip(noise.scalars, Self.samples(noise, steps: 1000, mean: 0.2, deviation: 0.1)) {
      #expect(abs(x - (0.2 + 0.1 * z)) < 2e-3, "\(z) becomes \(x)")
    }
    // One step is the mean of all that noise may become.
    for x in Self.samples(noise, steps: 1, mean: 0.2, deviation: 0.1) { #expect(abs(x - 0.2) < 1e-5) }
  }

  @Test(
    "its steps are those of the paper's equation 12 in Float64, cut off where no image is",
    arguments: [2, 7, 25])
  func steps(count: Int) {
    let noise = KeyedNoise(seed: 5, purpose: .synthetic, turn: 1).normal([200])
    let (mean, deviation) = (0.8, 0.3)
    let samples = Self.samples(noise, steps: count, mean: mean, deviation: deviation)
    var cut = 0
    for (start, sample) in zip(noise.scalars, samples) {
      var z = Double(start)
      for step in (1...count).reversed() {
        let (time, next) = (Double(step) / Double(count), Double(step - 1) / Double(count))
        let (signal, noise) = (cos(time * .pi / 2), sin(time * .pi / 2))
        let v = Self.velocity(z, time, mean: mean, deviation: deviation)
        let x = min(max(signal * z - noise * v, -1), 1)
        if abs(x) == 1 { cut += 1 }
        // The paper's √ᾱ and √(1 - ᾱ) are the signal's and the noise's shares.
        z = cos(next * .pi / 2) * x + sin(next * .pi / 2) * (z - signal * x) / noise
      }
      #expect(abs(Double(sample) - z) < 1e-4 && abs(sample) <= 1)
    }
    #expect(cut > 0)
  }
}
