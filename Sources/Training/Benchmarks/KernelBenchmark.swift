package import Models
import Platform
import TensorCore

/// Times the convolutions of a model on one core beside the core's peak: the rate of a large matrix product,
/// OpenBLAS's or Lockstep's own, whichever is faster. OpenBLAS does not know every processor.
///
/// Peak and layers alternate in one process, because a machine's speed drifts within minutes. The same
/// weights are used in all calls, so what a kernel derives from them is derived once, as it is once an update
/// in training.
package struct KernelBenchmark {
  /// The rates of one layer in GFLOP/s: medians over the runs, counting the arithmetic of the definition.
  package struct Row {
    package let layer: ConvolutionShape
    package var forward = 0.0
    package var inputGradient = 0.0
    package var weightGradient = 0.0
  }

  /// GFLOP/s of a product of 1024 x 1024 matrices over the runs.
  package struct Rates {
    package let median: Double
    package let slowest: Double
    package let fastest: Double

    init(_ rates: [Double]) {
      median = rates.median
      slowest = rates.min() ?? 0
      fastest = rates.max() ?? 0
    }

    /// Between the fastest and the slowest run, in per cent of the median.
    var spread: Double { (fastest - slowest) / median * 100 }
  }

  /// The rate of OpenBLAS.
  package let openBLAS: Rates
  /// The rate of Lockstep's matrix product.
  package let own: Rates
  /// What the layers are held against.
  package var peak: Double { max(openBLAS.median, own.median) }
  /// One row a layer; none if only the peak was asked for.
  package let rows: [Row]
  private let samples: Int
  private let runs: Int

  /// Times `layers` for micro-batches of `samples`, `runs` times.
  package init(_ layers: [ConvolutionShape], samples: Int, runs: Int) {
    ComputeThreads.count = 1
    let matrix = Self.noise([1024, 1024])
    let operands = layers.map { Operands($0, samples: samples) }
    var products: [[Double]] = [[], []]
    var rates = layers.map { _ in [[Double]](repeating: [], count: 3) }
    for _ in 0..<runs {
      let flops = 2.0 * 1024 * 1024 * 1024
      products[0].append(Self.rate(flops: flops) { _ = BLASLibrary.product(matrix, matrix) })
      products[1].append(Self.rate(flops: flops) { _ = matrix.matrixProduct(matrix) })
      for (index, layer) in layers.enumerated() {
        let flops = layer.flops * Double(samples)
        rates[index][0].append(Self.rate(flops: flops, operands[index].forward))
        rates[index][1].append(Self.rate(flops: flops, operands[index].inputGradient))
        rates[index][2].append(Self.rate(flops: flops, operands[index].weightGradient))
      }
    }
    (openBLAS, own) = (Rates(products[0]), Rates(products[1]))
    rows = zip(layers, rates).map { layer, rates in
      Row(
        layer: layer, forward: rates[0].median, inputGradient: rates[1].median,
        weightGradient: rates[2].median)
    }
    self.samples = samples
    self.runs = runs
  }

  /// What a layer's three kernels work on.
  private struct Operands {
    let layer: ConvolutionShape
    let large: Tensor
    let small: Tensor
    let weight: Tensor

    init(_ layer: ConvolutionShape, samples: Int) {
      self.layer = layer
      large = noise(Shape([samples] + layer.largeExtents + [layer.largeChannels]))
      small = noise(Shape([samples] + layer.smallExtents + [layer.smallChannels]))
      weight = noise(layer.weightShape)
    }

    func convolve() { _ = large.convolved(with: weight, layer.geometry) }

    func scatter() {
      _ = Tensor.convolutionInputGradient(
        small, weight: weight, layer.geometry, inputExtents: layer.largeExtents)
    }

    func forward() { layer.isTransposed ? scatter() : convolve() }
    func inputGradient() { layer.isTransposed ? convolve() : scatter() }
    func weightGradient() {
      _ = Tensor.convolutionWeightGradient(input: large, upstream: small, layer.geometry)
    }
  }

  private static func noise(_ shape: Shape) -> Tensor {
    KeyedNoise(seed: 0, purpose: .synthetic, turn: 0).normal(shape)
  }

  /// GFLOP/s of work that is repeated for a twentieth of a second, after one call that warms up.
  private static func rate(flops: Double, _ work: () -> Void) -> Double {
    work()
    var calls = 0
    let start = ContinuousClock.now
    var elapsed = 0.0
    repeat {
      work()
      calls += 1
      elapsed = (ContinuousClock.now - start).seconds
    } while elapsed < 0.05
    return flops * Double(calls) / elapsed * 1e-9
  }
}

extension KernelBenchmark {
  /// One JSON object.
  package var json: String {
    JSONValue.object([
      .init("kernels", .string(KernelSet.current.rawValue)), .init("samples", .integer(samples)),
      .init("runs", .integer(runs)), .init("peak_gflops", .double(peak)),
      .init("openblas_core", .string(BLASLibrary.coreName)),
      .init("openblas_gflops", .double(openBLAS.median)),
      .init("openblas_spread_percent", .double(openBLAS.spread)),
      .init("own_gflops", .double(own.median)), .init("own_spread_percent", .double(own.spread)),
      .init(
        "layers",
        .array(
          rows.map { row in
            .object([
              .init("layer", .string(row.layer.name)),
              .init("large_channels", .integer(row.layer.largeChannels)),
              .init("small_channels", .integer(row.layer.smallChannels)),
              .init("forward_gflops", .double(row.forward)),
              .init("input_gradient_gflops", .double(row.inputGradient)),
              .init("weight_gradient_gflops", .double(row.weightGradient)),
            ])
          })),
    ]).text
  }

  /// The same as a table for people, with the share of the peak behind each rate.
  package var text: String {
    func line(_ name: String, _ rates: Rates) -> String {
      "\(name) \(Self.whole(rates.median)) GFLOP/s, 1024x1024x1024 on one core, median of \(Count.text(runs, "run")) "
        + "(spread \(Self.whole(rates.spread)) %)"
    }
    var lines = [
      line("matrix product: ", own),
      line("OpenBLAS sgemm: ", openBLAS) + ", kernels for \(BLASLibrary.coreName)",
    ]
    guard !rows.isEmpty else { return lines.joined(separator: "\n") }
    let width = max(20, 1 + (rows.map(\.layer.name.count).max() ?? 0))
    lines += [
      "\(samples) samples a call, kernels \(KernelSet.current.rawValue); GFLOP/s (% of the faster product) by the arithmetic of "
        + "the definition: over 100 % where an algorithm saves multiplications",
      Self.line("layer", width, "channels", ["forward", "input gradient", "weight gradient"]),
    ]
    lines += rows.map { row in
      let layer = row.layer
      let channels =
        layer.isTransposed
        ? "\(layer.smallChannels)-\(layer.largeChannels)" : "\(layer.largeChannels)-\(layer.smallChannels)"
      return Self.line(
        layer.name, width, channels,
        [row.forward, row.inputGradient, row.weightGradient].map {
          "\(Self.whole($0)) (\(Self.whole($0 / peak * 100)) %)"
        })
    }
    return lines.joined(separator: "\n")
  }

  private static func line(_ layer: String, _ width: Int, _ channels: String, _ cells: [String]) -> String {
    func padded(_ text: String, _ width: Int, right: Bool) -> String {
      let blanks = String(repeating: " ", count: max(0, width - text.count))
      return right ? blanks + text : text + blanks
    }
    return padded(layer, width, right: false) + padded(channels, 10, right: true)
      + cells.map { padded($0, 16, right: true) }.joined()
  }

  private static func whole(_ value: Double) -> String { "\(Int(value.rounded()))" }
}
