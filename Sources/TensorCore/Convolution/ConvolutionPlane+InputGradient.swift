extension ConvolutionPlane {
  /// `result` = the derivative of the convolution with respect to its input, applied to `upstream`.
  func inputGradient(
    upstream: UnsafePointer<Float>, weight: Tensor, result: UnsafeMutablePointer<Float>,
    by algorithm: ConvolutionAlgorithm, _ kernels: KernelTable
  ) {
    if case .winograd(let form) = algorithm {
      winogradInputGradient(form, upstream: upstream, weight: weight, result: result, kernels)
    } else if columnsAreCheaper {
      inputGradientByColumns(upstream: upstream, weight: weight, result: result, kernels)
    } else {
      inputGradientByPhases(upstream: upstream, weight: weight, result: result, kernels)
    }
  }

  /// Compares the lanes that either algorithm fills, in the same units on every processor, as the choice is
  /// part of the result's definition. A fold adds each column to the result, at about eight lanes' cost.
  private var columnsAreCheaper: Bool {
    func lanes(_ count: Int) -> Int { (count + 15) / 16 * 16 }
    let byPhases =
      phases.reduce(0) { $0 + $1.grid.product * $1.taps.product }
      * outputChannels * lanes(inputChannels)
    let columns = output.product * taps * inputChannels
    let byColumns = output.product * outputChannels * lanes(taps * inputChannels) + 8 * columns
    return byColumns < byPhases
  }

  private func inputGradientByPhases(
    upstream: UnsafePointer<Float>, weight: Tensor, result: UnsafeMutablePointer<Float>,
    _ kernels: KernelTable
  ) {
    let phases = phases
    if phases.contains(where: { $0.taps.product == 0 }) {
      // A stride beyond the kernel: some input pixels are touched by no output pixel.
      result.update(repeating: 0, count: images * input.product * inputChannels)
    }
    let packed = weight.packed(.convolution(PackedWeightsForm(.phases, self, kernels)), kernels) {
      phaseWeights
    }
    var weights = UnsafePointer(packed.pointer)
    let dense = PatchProduct.Placement.dense(input, channels: inputChannels)
    var products: [PatchProduct] = []
    for phase in phases where phase.taps.product > 0 {
      if phase.grid.product > 0 {
        let placement = PatchProduct.Placement(
          base: phase.first.z * dense.z + phase.first.y * dense.y + phase.first.x * dense.x,
          image: dense.image, z: dense.z * stride.z, y: dense.y * stride.y, x: dense.x * stride.x)
        let patches = Patches(
          images: images, source: output, channels: outputChannels, taps: phase.taps, step: .one,
          origin: phase.origin, grid: phase.grid)
        products.append(
          PatchProduct(
            patches: patches, activation: upstream, weights: weights, columns: inputChannels,
            result: result, placement: placement))
      }
      weights += kernels.panels(inputChannels).packedCount(depth: phase.taps.product * outputChannels)
    }
    PatchProduct.run(products, kernels)
  }

  /// The input pixels at one residue of the stride along each axis. They see the same taps, at whole
  /// distances in the upstream gradient, so that their gradient is a convolution of it without stride.
  struct Phase {
    /// Taps that fall on this phase.
    let taps: Triple
    /// The first input pixel.
    let first: Triple
    /// Input pixels.
    let grid: Triple
    /// The upstream pixel under the first input pixel's last tap, which is the first in row-major order.
    let origin: Triple
  }

  /// The residues of the stride along each axis.
  var residues: [Triple] { stride.places }

  /// Taps of each residue along each axis.
  private func tapCounts(_ residue: Triple) -> Triple {
    kernel.zip(residue) { max($0 - $1, 0) }.zip(stride) { ($0 + $1 - 1) / $1 }
  }

  var phases: [Phase] {
    residues.map { residue in
      let taps = tapCounts(residue)
      // The least pixel with (pixel + padding) mod stride = residue.
      let first = residue.zip(padding) { $0 - $1 }.zip(stride) { ($0 % $1 + $1) % $1 }
      let grid = input.zip(first) { max($0 - $1, 0) }.zip(stride) { ($0 + $1 - 1) / $1 }
      let under = first.zip(padding) { $0 + $1 }.zip(stride) { $0 / $1 }
      return Phase(taps: taps, first: first, grid: grid, origin: under.zip(taps) { $0 - ($1 - 1) })
    }
  }

  /// The taps along one axis that meet a residue of its stride, in the order of the upstream pixels.
  func descendingTaps(_ count: Int, _ residue: Int, _ stride: Int) -> [Int] {
    (0..<count).reversed().map { residue + $0 * stride }
  }

  /// The kernel positions that each phase with taps sees, in the order of the upstream pixels.
  private var phaseTaps: [[Int]] {
    residues.compactMap { residue in
      let count = tapCounts(residue)
      guard count.product > 0 else { return nil }
      return descendingTaps(count.z, residue.z, stride.z).flatMap { z in
        descendingTaps(count.y, residue.y, stride.y).flatMap { y in
          descendingTaps(count.x, residue.x, stride.x).map { tapIndex(z, y, $0) }
        }
      }
    }
  }

  /// A matrix for each phase. Depth: the phase's taps, then output channels. Columns: input channels.
  private var phaseWeights: PackedWeights {
    let phaseTaps = phaseTaps
    var places = [(matrix: Int, index: Int)](repeating: (0, 0), count: taps)
    for (matrix, taps) in phaseTaps.enumerated() {
      for (index, tap) in taps.enumerated() { places[tap] = (matrix, index) }
    }
    return PackedWeights(
      depths: phaseTaps.map { $0.count * outputChannels },
      rows: (0..<outputChannels).flatMap { output in
        places.enumerated().map { tap, place in
          PackedWeights.Row(
            source: output * inputChannels * taps + tap, matrix: place.matrix,
            depth: place.index * outputChannels + output)
        }
      },
      columns: (0..<inputChannels).map { $0 * taps })
  }
}
