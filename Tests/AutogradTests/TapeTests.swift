import Autograd
import TensorCore
import Testing

@Suite("Tapes and parameter stores")
struct TapeTests {
  private struct Network {
    let first = Parameter([2], .constant(2))
    let unused = Parameter([3], .constant(3))
    let last = Parameter([1, 2], .constant(5))
    let statistics = Buffer([2], initialValue: 1)
    let store: ParameterStore

    init(_ name: String = "network") {
      store = ParameterStore(
        name: name, parameters: [("first", first), ("unused", unused), ("last", last)],
        buffers: [("statistics", statistics)])
      store.initialize(seed: 1, firstOrdinal: 0)
    }
  }

  @Test("a constant gets no gradient, and neither does what comes of constants alone")
  func constants() {
    let tape = Tape()
    let x = tape.watch(Tensor(3))
    let c = tape.constant(Tensor(2))
    let y = x * c
    let gradients = tape.gradients(of: y, withRespectTo: [x, c])
    #expect(gradients[0]?.value.scalar == 2)
    #expect(gradients[1] == nil)
    #expect(!(c * c).isRecorded && y.isRecorded && !y.constant(y.value).isRecorded)
    #expect(tape.gradients(of: c * c, withRespectTo: [x])[0] == nil)
    #expect(tape.gradients(of: x.constant(x.value) * x, withRespectTo: [x])[0]?.value.scalar == 3)
  }

  @Test("a gradient is nil where the output does not depend on the variable, and one for itself")
  func independence() {
    let tape = Tape()
    let x = tape.watch(Tensor(3))
    let other = tape.watch(Tensor(4))
    let y = x.squared()
    let later = tape.watch(Tensor(5))
    let gradients = tape.gradients(of: y, withRespectTo: [other, x, later, y])
    #expect(gradients.map { $0?.value.scalar } == [nil, 6, nil, 1])
  }

  @Test("a gradient is recorded only if asked for")
  func recording() throws {
    let tape = Tape()
    let x = tape.watch(Tensor(3))
    let y = x * x * x
    let plain = try #require(tape.gradients(of: y, withRespectTo: [x])[0])
    let recorded = try #require(tape.gradients(of: y, withRespectTo: [x], createGraph: true)[0])
    #expect(!plain.isRecorded && plain.value.scalar == 27)
    let second = try #require(tape.gradients(of: recorded, withRespectTo: [x], createGraph: true)[0])
    #expect(second.value.scalar == 18)
    #expect(tape.gradients(of: second, withRespectTo: [x])[0]?.value.scalar == 6)
  }

  @Test("a sum or a mean along an axis that there is not is refused")
  func axes() async {
    await #expect(processExitsWith: .failure) {
      _ = Tape().watch(Tensor([1, 2], shape: [2])).sum(along: [1])
    }
    await #expect(processExitsWith: .failure) {
      _ = Tape().watch(Tensor([1, 2], shape: [2])).mean(along: [-2])
    }
  }

  @Test("the contributions of every use of a variable are added")
  func fanOut() {
    let tape = Tape()
    let x = tape.watch(Tensor(2))
    let shared = x * 3
    let y = shared * shared + shared + x
    #expect(tape.gradients(of: y, withRespectTo: [x])[0]?.value.scalar == 40)
  }

  @Test("gradients for a network lie in the order of its flat buffer, zero for a parameter that is not used")
  func flatOrder() {
    let network = Network()
    defer { withExtendedLifetime(network.store) {} }
    let tape = Tape(watching: [network.store])
    // Used in another order than declared.
    let last = tape.variable(for: network.last) * tape.constant(Tensor([10, 20], shape: [2]))
    let first = tape.variable(for: network.first) * tape.constant(Tensor([1, 2], shape: [2]))
    let sum = (last + first).sum()
    #expect(sum.value.scalar == 156)
    #expect(tape.gradients(of: sum, forParametersOf: network.store).scalars == [1, 2, 0, 0, 0, 10, 20])
    #expect(network.last.range == 5..<7)
  }

  @Test("a parameter used twice gets the sum of both gradients")
  func reuse() {
    let network = Network()
    defer { withExtendedLifetime(network.store) {} }
    let tape = Tape(watching: [network.store])
    let sum = (tape.variable(for: network.first) * tape.variable(for: network.first)).sum()
    #expect(tape.gradients(of: sum, forParametersOf: network.store).scalars == [4, 4, 0, 0, 0, 0, 0])
  }

  @Test("the parameters of a network that is not watched are constants, and its gradient is zero")
  func unwatched() {
    let (trained, other) = (Network(), Network("other"))
    defer { withExtendedLifetime((trained.store, other.store)) {} }
    let tape = Tape(watching: [trained.store])
    let constant = tape.variable(for: other.first)
    #expect(!constant.isRecorded)
    let loss = (tape.variable(for: trained.first) * constant).sum()
    #expect(tape.gradients(of: loss, forParametersOf: other.store).scalars == [Float](repeating: 0, count: 7))
    #expect(tape.gradients(of: loss, forParametersOf: trained.store).scalars == [2, 2, 0, 0, 0, 0, 0])
    let detached = (constant * constant).sum()
    #expect(tape.gradients(of: detached, forParametersOf: trained.store).scalars.allSatisfy { $0 == 0 })
  }

  @Test("an update waits for the first read and completes once")
  func waitAtFirstUse() {
    let network = Network()
    defer { withExtendedLifetime(network.store) {} }
    var completions = 0
    network.store.update { _ in
      completions += 1
      network.store.set(network.first, to: Tensor([7, 8], shape: [2]))
      return true
    }
    _ = network.store.parameterNames
    _ = network.first.shape
    _ = Tape(watching: [network.store])
    #expect(completions == 0, "nothing has read a parameter")
    #expect(network.first.value.scalars == [7, 8])
    #expect(network.first.value.scalars == [7, 8])
    network.store.settle()
    #expect(completions == 1)
  }

  @Test("an update that completes in parts is told which elements are read, until it is complete")
  func partsAtFirstUse() {
    let network = Network()
    defer { withExtendedLifetime(network.store) {} }
    var reads: [Range<Int>?] = []
    network.store.update { elements in
      reads.append(elements)
      network.store.values.pointer[1] = Float(reads.count)
      network.store.values.invalidateDerived(in: 0..<2)
      // What the update reads itself is as it is.
      _ = network.unused.value
      return elements == nil
    }
    #expect(network.first.value.scalars == [2, 1])
    #expect(network.last.value.scalars == [5, 5])
    #expect(network.first.value.scalars == [2, 3])
    _ = network.store.flatValues
    _ = network.last.value
    #expect(reads == [0..<2, 5..<7, 0..<2, nil])
  }

  @Test("gradients are told as soon as they are final, in reverse order of first use")
  func finalGradients() {
    let network = Network()
    defer { withExtendedLifetime(network.store) {} }
    let tape = Tape(watching: [network.store])
    let first = tape.variable(for: network.first)
    let last = tape.variable(for: network.last).reshaped([2])
    let middle = first * last
    // Used first and last: final at the end.
    let loss = (middle * middle + first).sum()
    let expected = tape.gradients(of: loss, forParametersOf: network.store).scalars
    var told: [(Range<Int>, [Float])] = []
    let flat = TensorStorage(count: network.store.count)
    tape.writeGradients(of: loss, forParametersOf: network.store, to: flat) { range in
      told.append((range, Array(UnsafeBufferPointer(start: flat.pointer, count: flat.count)[range])))
    }
    #expect(told.map(\.0) == [2..<5, 5..<7, 0..<2])
    #expect(told.allSatisfy { $1 == Array(expected[$0]) })
    #expect(expected == [101, 101, 0, 0, 0, 40, 40])
  }

  @Test(
    "whatever reads or writes a parameter or buffer completes a pending update first",
    arguments: ["parameter", "buffer", "tape", "flat", "flat buffers", "write", "state", "another update"])
  func everyReadWaits(reader: String) {
    let network = Network()
    defer { withExtendedLifetime(network.store) {} }
    var completions = 0
    network.store.update { _ in
      completions += 1
      return true
    }
    switch reader {
    case "parameter": _ = network.last.value
    case "buffer": _ = network.statistics.value
    case "tape": _ = Tape().variable(for: network.last)
    case "flat": _ = network.store.flatValues
    case "flat buffers": _ = network.store.flatBuffers
    case "write": network.store.withValues { $0[0] = 1 }
    case "state": _ = network.store.stateDictionary
    default: network.store.update { _ in true }
    }
    #expect(completions == 1)
  }

  @Test("a value read before an update keeps its version stamp apart from the updated one")
  func updatesInvalidate() {
    let network = Network()
    defer { withExtendedLifetime(network.store) {} }
    let version = network.store.values.version
    network.store.withValues { $0[0] = 9 }
    #expect(network.store.values.version != version)
    #expect(network.first.value.scalars[0] == 9)
  }

  @Test("a copied network has the values and buffers of the original, in storage of its own")
  func copies() {
    let (source, target) = (Network(), Network("copy"))
    defer { withExtendedLifetime((source.store, target.store)) {} }
    source.store.set(source.first, to: Tensor([7, 8], shape: [2]))
    source.store.set(source.statistics, to: Tensor([3, 4], shape: [2]))
    target.store.copy(from: source.store)
    source.store.set(source.first, to: Tensor([0, 0], shape: [2]))
    #expect(target.first.value.scalars == [7, 8])
    #expect(target.statistics.value.scalars == [3, 4])
    #expect(target.store.stateDictionary.map(\.name) == ["first", "unused", "last", "statistics"])
  }
}
