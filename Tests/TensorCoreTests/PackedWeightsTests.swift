import TensorCore
import Testing

@Suite("Packed weights")
struct PackedWeightsTests {
  private let geometry = ConvolutionGeometry(kernel: [3, 3], stride: [2, 2], padding: [1, 1])

  @Test("a weight that is overwritten in place is packed anew, for every kernel")
  func overwrittenWeightIsPackedAnew() {
    var numbers = TestNumbers(seed: 3)
    let parameters = TensorStorage(count: 40 * 24 * 9)
    let weight = Tensor(viewOf: parameters, offset: 0, shape: [40, 24, 3, 3])
    let x = numbers.tensor([2, 9, 9, 24])
    let y = numbers.tensor([2, 5, 5, 40])
    for _ in 0..<3 {
      let values = numbers.tensor(weight.shape)
      values.withUnsafePointer { parameters.pointer.update(from: $0, count: parameters.count) }
      parameters.invalidateDerived()
      // `values` has storage of its own and so no packed form.
      #expect(x.convolved(with: weight, geometry).scalars == x.convolved(with: values, geometry).scalars)
      #expect(
        Tensor.convolutionInputGradient(y, weight: weight, geometry, inputExtents: [9, 9]).scalars
          == Tensor.convolutionInputGradient(y, weight: values, geometry, inputExtents: [9, 9]).scalars)
    }
  }

  @Test("an unchanged weight is packed once")
  func unchangedWeightIsPackedOnce() {
    var numbers = TestNumbers(seed: 4)
    let weight = numbers.tensor([8, 8, 3, 3])
    let x = numbers.tensor([1, 5, 5, 8])
    _ = x.convolved(with: weight, geometry)
    let packed = weight.storage.derived.map { ObjectIdentifier($0.storage) }
    #expect(packed.count == 1)
    _ = x.convolved(with: weight, geometry)
    #expect(weight.storage.derived.map { ObjectIdentifier($0.storage) } == packed)
  }

  @Test("a weight is packed anew if elements of it are overwritten, not if others are")
  func overwrittenElements() {
    var numbers = TestNumbers(seed: 6)
    let count = 8 * 8 * 9
    let buffer = TensorStorage(count: 2 * count)
    numbers.tensor([2 * count]).withUnsafePointer { buffer.pointer.update(from: $0, count: 2 * count) }
    let first = Tensor(viewOf: buffer, offset: 0, shape: [8, 8, 3, 3])
    let second = Tensor(viewOf: buffer, offset: count, shape: [8, 8, 3, 3])
    let x = numbers.tensor([1, 5, 5, 8])
    func versions() -> [Int] {
      [first, second].map { weight in
        _ = x.convolved(with: weight, geometry)
        return buffer.derived.first { $0.source.lowerBound == weight.offset }!.version
      }
    }
    let before = versions()
    #expect(before == [buffer.version, buffer.version])
    for index in count..<2 * count { buffer.pointer[index] += 1 }
    buffer.invalidateDerived(in: count..<count + 1)
    let stale = buffer.derived.map { $0.version != buffer.version ? $0.source.lowerBound : -1 }
    #expect(stale.sorted() == [-1, count])
    for weight in [first, second] {
      #expect(
        x.convolved(with: weight, geometry).scalars == x.convolved(with: weight.copied(), geometry).scalars)
    }
    #expect(versions() == before)
  }

  @Test("two weights of one parameter buffer do not take each other's packed form")
  func weightsOfOneBufferAreTold() {
    var numbers = TestNumbers(seed: 5)
    let buffer = numbers.tensor([2 * 8 * 8 * 9])
    let first = Tensor(viewOf: buffer.storage, offset: 0, shape: [8, 8, 3, 3])
    let second = Tensor(viewOf: buffer.storage, offset: 8 * 8 * 9, shape: [8, 8, 3, 3])
    let x = numbers.tensor([1, 5, 5, 8])
    for weight in [first, second] {
      #expect(
        x.convolved(with: weight, geometry).scalars == x.convolved(with: weight.copied(), geometry).scalars)
    }
  }
}
