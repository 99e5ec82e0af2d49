import TensorCore
import Testing

@Suite("Adam")
struct AdamTests {
  private struct Buffers {
    let parameters, gradient, first, second, average: TensorStorage

    init(count: Int, seed: UInt64) {
      func storage(_ numbers: inout TestNumbers) -> TensorStorage { numbers.tensor([count]).storage }
      var numbers = TestNumbers(seed: seed)
      parameters = storage(&numbers)
      gradient = storage(&numbers)
      first = storage(&numbers)
      second = storage(&numbers)
      average = storage(&numbers)
      for index in 0..<count { second.pointer[index].magnitudeOnly() }
    }

    func apply(_ rule: Adam, step: Int, decay: Double?, range: Range<Int>) {
      let start = range.lowerBound
      rule.apply(
        to: parameters.pointer + start, gradient: gradient.pointer + start,
        firstMoment: first.pointer + start, secondMoment: second.pointer + start,
        average: decay.map { MovingAverage(average.pointer + start, share: Float(1 - $0)) },
        count: range.count, step: step)
    }

    var bits: [[UInt32]] {
      [parameters, first, second, average].map { storage in
        (0..<storage.count).map { storage.pointer[$0].bitPattern }
      }
    }
  }

  @Test(
    "three steps agree with the paper's formulas in Double", arguments: [0.5, 0.9], [nil, 0.999] as [Double?])
  func agreesWithFormulas(_ beta1: Double, _ decay: Double?) {
    let count = 21
    let buffers = Buffers(count: count, seed: 31)
    func doubles(_ storage: TensorStorage) -> [Double] { (0..<count).map { Double(storage.pointer[$0]) } }
    var (p, m, v) = (doubles(buffers.parameters), doubles(buffers.first), doubles(buffers.second))
    var average = doubles(buffers.average)
    let g = doubles(buffers.gradient)
    var (power1, power2) = (1.0, 1.0)
    let rule = Adam(learningRate: 0.01, beta1: beta1, beta2: 0.99, epsilon: 1e-6, weightDecay: 0.1)
    for step in 1...3 {
      buffers.apply(rule, step: step, decay: decay, range: 0..<count)
      power1 *= beta1
      power2 *= 0.99
      for index in 0..<count {
        m[index] = beta1 * m[index] + (1 - beta1) * g[index]
        v[index] = 0.99 * v[index] + 0.01 * g[index] * g[index]
        p[index] *= 1 - 0.01 * 0.1
        p[index] -=
          0.01 * (m[index] / (1 - power1)) / ((v[index] / (1 - power2)).squareRoot() + 1e-6)
        if let decay { average[index] = decay * average[index] + (1 - decay) * p[index] }
      }
    }
    for (storage, expected) in [
      (buffers.parameters, p), (buffers.first, m), (buffers.second, v), (buffers.average, average),
    ] {
      #expect(zip(doubles(storage), expected).allSatisfy { abs($0 - $1) < 2e-6 })
    }
  }

  @Test("the correction of the root has the bits of a division", arguments: [1, 2, 3, 10, 999, 20_000])
  func correctionIsDivision(_ step: Int) {
    let count = 8 * 5000
    let buffers = Buffers(count: count, seed: 35)
    // Every magnitude that a square has, and what is beyond.
    for index in 0..<count {
      buffers.second.pointer[index] = Float(bitPattern: UInt32(index) * 53_681 % 0x7f80_0000)
      buffers.parameters.pointer[index] = 0
      buffers.gradient.pointer[index] = 0
      buffers.first.pointer[index] = 1
    }
    buffers.second.pointer[3] = .infinity
    buffers.second.pointer[4] = 0
    let before = (0..<count).map { buffers.second.pointer[$0] }
    let rule = Adam(learningRate: 0.01, beta1: 0.5, epsilon: 1e-8)
    buffers.apply(rule, step: step, decay: nil, range: 0..<count)
    let power = { (base: Double) in (0..<step).reduce(1.0) { product, _ in product * base } }
    let root = Float((1 - power(0.999)).squareRoot())
    let stepSize = Float(-(0.01 / (1 - power(0.5))))
    let expected = before.map { v in stepSize * 0.5 / ((v * 0.999).squareRoot() / root + 1e-8) }
    #expect((0..<count).allSatisfy { buffers.parameters.pointer[$0] == expected[$0] })
  }

  @Test("updating two parts of a buffer equals updating it whole", arguments: [1, 8, 13, 100])
  func partsEqualWhole(_ boundary: Int) {
    let rule = Adam(learningRate: 2e-4, beta1: 0.5)
    let (whole, parts) = (Buffers(count: 203, seed: 32), Buffers(count: 203, seed: 32))
    whole.apply(rule, step: 7, decay: 0.999, range: 0..<203)
    parts.apply(rule, step: 7, decay: 0.999, range: 0..<boundary)
    parts.apply(rule, step: 7, decay: 0.999, range: boundary..<203)
    #expect(whole.bits == parts.bits)
  }

  @Test("elements outside of the range stay as they are")
  func othersStay() {
    let (touched, untouched) = (Buffers(count: 40, seed: 33), Buffers(count: 40, seed: 33))
    touched.apply(Adam(learningRate: 0.1), step: 1, decay: 0.9, range: 11..<22)
    for (changed, original) in zip(touched.bits, untouched.bits) {
      #expect(Array(changed[..<11]) == Array(original[..<11]))
      #expect(Array(changed[22...]) == Array(original[22...]))
      #expect(changed != original)
    }
  }

  @Test("a gradient is scaled as it is read")
  func gradientScale() {
    let (scaled, plain) = (Buffers(count: 19, seed: 34), Buffers(count: 19, seed: 34))
    for index in 0..<19 { scaled.gradient.pointer[index] *= 4 }
    let rule = Adam(learningRate: 0.1)
    plain.apply(rule, step: 2, decay: nil, range: 0..<19)
    rule.apply(
      to: scaled.parameters.pointer, gradient: scaled.gradient.pointer, gradientScale: 0.25,
      firstMoment: scaled.first.pointer, secondMoment: scaled.second.pointer, count: 19, step: 2)
    #expect(scaled.bits == plain.bits)
  }
}

extension Float {
  fileprivate mutating func magnitudeOnly() { self = magnitude }
}
