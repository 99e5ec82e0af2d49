import Datasets
import Testing

@Suite struct OrderTests {
  @Test("every epoch is a permutation", arguments: [1, 2, 3, 4, 5, 7, 8, 100, 127, 128, 129, 4097, 60_000])
  func bijection(count: Int) {
    for epoch in [0, 1, 77] {
      let permutation = EpochPermutation(count: count, seed: 9, epoch: epoch)
      #expect((0..<count).map { permutation[$0] }.sorted() == Array(0..<count))
    }
  }

  @Test("epochs and seeds have orders of their own")
  func distinct() {
    func order(_ seed: UInt64, _ epoch: Int) -> [Int] {
      let permutation = EpochPermutation(count: 1000, seed: seed, epoch: epoch)
      return (0..<1000).map { permutation[$0] }
    }
    let orders = [order(0, 0), order(0, 1), order(0, 2), order(1, 0), order(1, 1), order(1 << 63, 0)]
    #expect(Set(orders).count == orders.count)
    // Two random permutations agree in one place on average, and in more than ten with probability 1e-8.
    for first in orders.indices {
      for second in orders.indices where second > first {
        #expect(zip(orders[first], orders[second]).filter { $0 == $1 }.count <= 10)
      }
    }
  }

  @Test("over epochs every sample comes equally often at every position")
  func uniform() {
    for count in [2, 3, 5, 24] {
      let epochs = 400 * count
      var seen = [Int](repeating: 0, count: count * count)
      for epoch in 0..<epochs {
        let permutation = EpochPermutation(count: count, seed: 3, epoch: epoch)
        for position in 0..<count { seen[position * count + permutation[position]] += 1 }
      }
      // Chi-square of (count - 1)^2 degrees of freedom: mean that, standard deviation sqrt(2) (count - 1).
      let chiSquare = seen.reduce(0.0) { $0 + Double(($1 - 400) * ($1 - 400)) / 400 }
      let degrees = Double((count - 1) * (count - 1))
      #expect(chiSquare < degrees + 5 * (2 * degrees).squareRoot(), "count \(count): \(chiSquare)")
    }
  }

  @Test("all orders of a small data set occur")
  func complete() {
    let orders = Set(
      (0..<2000).map { epoch in
        let permutation = EpochPermutation(count: 4, seed: 1, epoch: epoch)
        return (0..<4).map { permutation[$0] }
      })
    #expect(orders.count == 24)
  }

  @Test("neighbours in the order are not neighbours in the data")
  func neighbours() {
    let count = 60_000
    let permutation = EpochPermutation(count: count, seed: 0, epoch: 0)
    let order = (0..<count).map { Double(permutation[$0]) / Double(count) - 0.5 }
    let correlation = zip(order, order.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } * 12 / Double(count)
    #expect(abs(correlation) < 5 / Double(count).squareRoot())
  }

  @Test("batches go on across the ends of epochs, every sample once per epoch")
  func stream() {
    let stream = SampleStream(count: 10, seed: 4)
    let indices = stream.indices(at: 0..<70)
    for epoch in 0..<7 { #expect(indices[10 * epoch..<10 * epoch + 10].sorted() == Array(0..<10)) }
    #expect(indices == (0..<70).map { EpochPermutation(count: 10, seed: 4, epoch: $0 / 10)[$0 % 10] })
    #expect(stream.indices(at: 33..<58) == Array(indices[33..<58]))
  }

  @Test("the order is the one that recorded runs used")
  func recorded() {
    #expect(
      SampleStream(count: 60_000, seed: 0).indices(at: 59_997..<60_003) == [
        23848, 5280, 7140, 20989, 46310, 55944,
      ])
    #expect(SampleStream(count: 5, seed: 42).indices(at: 0..<10) == [0, 1, 4, 2, 3, 0, 3, 1, 4, 2])
  }
}
