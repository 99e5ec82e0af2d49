import CProcessor

/// Convolutions with so few output channels that a vector of them would be mostly empty: dot products along
/// the depth instead. A discriminator's last layer is one.
extension ConvolutionPlane {
  /// Whether ``thinForward(input:weight:result:_:)`` is used. By the shape alone, as the order of a sum
  /// follows.
  var isThin: Bool { outputChannels <= 3 && taps * inputChannels >= DotProduct.chains }

  /// `result` = the convolution of `input`. Each element is ``DotProduct/chains`` interleaved chains of
  /// products, in the order of ``forward(input:weight:result:_:)``, added pairwise.
  func thinForward(
    input: UnsafePointer<Float>, weight: Tensor, result: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    let patches = forwardPatches
    let depth = patches.depth
    let length = DotProduct.paddedLength(depth)
    let packed = weight.packed(.convolution(PackedWeightsForm(.rows, self, kernels))) { weight, known in
      let packed = known ?? TensorStorage(count: outputChannels * length)
      packRows(weight, to: packed.pointer, length: length)
      return packed
    }
    ComputeThreads.split(patches.rows, grain: 8) { rows in
      // Patches that stay in the second-level cache until all output channels have met them.
      let blockRows = max(16_384 / length, 1)
      let block = Scratch(count: blockRows * length)
      defer { block.end() }
      var first = rows.lowerBound
      while first < rows.upperBound {
        let next = min(first + blockRows, rows.upperBound)
        patches.pack(input, rows: first..<next, depths: 0..<depth, to: block.pointer, stride: length)
        for row in first..<next {
          let patch = block.pointer + (row - first) * length
          clear(patch + depth, length - depth)
          for output in 0..<outputChannels {
            result[row * outputChannels + output] = DotProduct.of(
              patch, packed.pointer + output * length, length: length)
          }
        }
        first = next
      }
    }
  }

  /// `[output channels, taps, input channels]`, each output channel followed by zeros.
  private func packRows(
    _ weight: UnsafePointer<Float>, to packed: UnsafeMutablePointer<Float>, length: Int
  ) {
    for output in 0..<outputChannels {
      let target = packed + output * length
      var source = weight + output * inputChannels * taps
      for input in 0..<inputChannels {
        var element = target + input
        for tap in 0..<taps {
          element.pointee = source[tap]
          element += inputChannels
        }
        source += taps
      }
      clear(target + inputChannels * taps, length - inputChannels * taps)
    }
  }
}

extension ConvolutionPlane {
  /// `result` = the weight gradient: every pixel's patch, times its upstream gradient, is added to the sums.
  /// The same chains as in ``weightGradient(_:result:by:_:)``.
  func thinWeightGradient(_ terms: [WeightGradientOperands], result: UnsafeMutablePointer<Float>) {
    let patches = forwardPatches
    let depth = patches.depth
    ComputeThreads.split(depth, grain: 64) { range in
      let sums = Scratch(zeros: outputChannels * range.count)
      defer { sums.end() }
      let blockRows = 16
      let block = Scratch(count: blockRows * range.count)
      defer { block.end() }
      for term in terms {
        for first in Swift.stride(from: 0, to: patches.rows, by: blockRows) {
          let rows = first..<min(first + blockRows, patches.rows)
          patches.pack(term.input, rows: rows, depths: range, to: block.pointer, stride: range.count)
          for row in rows {
            for output in 0..<outputChannels {
              add(
                block.pointer + (row - first) * range.count,
                times: term.upstream[row * outputChannels + output],
                to: sums.pointer + output * range.count, range.count)
            }
          }
        }
      }
      for output in 0..<outputChannels {
        let target = result + output * depth
        let source = sums.pointer + output * range.count
        var (tap, channel) = (range.lowerBound / inputChannels, range.lowerBound % inputChannels)
        for index in 0..<range.count {
          target[channel &* taps &+ tap] = source[index]
          channel &+= 1
          if channel == inputChannels { (tap, channel) = (tap &+ 1, 0) }
        }
      }
    }
  }

  /// `sums += factor · values`, fused.
  private func add(
    _ values: UnsafePointer<Float>, times factor: Float, to sums: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    let factors = SIMD8(repeating: factor)
    var index = 0
    while index &+ 8 <= count {
      store(lockstep_fma8(load(values + index), factors, load(sums + index)), to: sums + index)
      index &+= 8
    }
    while index < count {
      sums[index].addProduct(values[index], factor)
      index &+= 1
    }
  }
}

/// Σ a·b in a fixed number of interleaved chains.
enum DotProduct {
  /// Four vectors of eight, enough to hide the latency of an addition.
  static let chains = 32

  static func paddedLength(_ length: Int) -> Int { (length + chains - 1) / chains * chains }

  /// - Precondition: `length` is a multiple of ``chains``.
  static func of(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, length: Int) -> Float {
    typealias Vector = SIMD8<Float>
    var (sum0, sum1, sum2, sum3) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
    var left = UnsafeRawPointer(a)
    var right = UnsafeRawPointer(b)
    var remaining = length
    @inline(__always) func adding(_ sum: Vector, _ offset: Int) -> Vector {
      lockstep_fma8(
        left.loadUnaligned(fromByteOffset: offset, as: Vector.self),
        right.loadUnaligned(fromByteOffset: offset, as: Vector.self), sum)
    }
    while remaining > 0 {
      sum0 = adding(sum0, 0)
      sum1 = adding(sum1, 32)
      sum2 = adding(sum2, 64)
      sum3 = adding(sum3, 96)
      left += 128
      right += 128
      remaining &-= chains
    }
    let eight = (sum0 + sum1) + (sum2 + sum3)
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
  }
}
