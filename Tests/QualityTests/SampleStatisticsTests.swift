import Foundation
import Quality
import TensorCore
import Testing

@Suite("What samples are worth, on points that can be counted")
struct SampleStatisticsTests {
  private func points(_ values: [[Double]]) -> Matrix {
    Matrix(rows: values.count, columns: values[0].count, values: values.flatMap { $0 })
  }

  @Test("the kernel distance is the unbiased sum over pairs, written out")
  func kernel() {
    let x = points([[1, 0], [0, 1], [2, 1]])
    let y = points([[0, 0], [1, 1]])
    func k(_ a: [Double], _ b: [Double]) -> Double { pow((a[0] * b[0] + a[1] * b[1]) / 2 + 1, 3) }
    let (xs, ys) = ([[1.0, 0], [0, 1], [2, 1]], [[0.0, 0], [1, 1]])
    var expected = 0.0
    for i in 0..<3 { for j in 0..<3 where i != j { expected += k(xs[i], xs[j]) / 6 } }
    for i in 0..<2 { for j in 0..<2 where i != j { expected += k(ys[i], ys[j]) / 2 } }
    for a in xs { for b in ys { expected -= k(a, b) / 3 } }
    #expect(abs(KernelDistance.between(x, y) - expected) < 1e-12)
  }

  @Test("precision, recall, density and coverage count neighbourhoods")
  func neighbourhoods() {
    // Neighbourhoods of one neighbour: radius 1 around 0, 1 and 3 (2 around 3 to its neighbour at 1).
    let real = points([[0], [1], [3]])
    let fake = points([[0.5], [10], [10.5]])
    let scores = NeighbourhoodScores(real: real, fake: fake, neighbours: 1)
    #expect(scores.precision == 1.0 / 3 && scores.density == 2.0 / 3 && scores.coverage == 2.0 / 3)
    // The fake at 0.5 has its neighbour at 10, so all real samples are near it.
    #expect(scores.recall == 1)
  }

  @Test("kernel distance and neighbourhoods of more rows than a block are those of all pairs, one by one")
  func blocks() {
    let (n, m, d, k) = (600, 300, 3, NeighbourhoodScores.neighbours)
    let values = KeyedNoise(seed: 6, purpose: .synthetic, turn: 0).normal([n + m, d]).scalars.map(Double.init)
    let rows = (0..<n + m).map { row in
      (0..<d).map { 1.2 * values[row * d + $0] + (row < n ? 0 : 1.5) }
    }
    let (xs, ys) = (Array(rows[..<n]), Array(rows[n...]))
    #expect(n > 2 * Moments.block && m > Moments.block)
    func square(_ a: [Double], _ b: [Double]) -> Double {
      let (x, y, z) = (a[0] - b[0], a[1] - b[1], a[2] - b[2])
      return x * x + y * y + z * z
    }
    func kernel(_ a: [Double], _ b: [Double]) -> Double {
      pow((a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / 3 + 1, 3)
    }
    func within(_ a: [[Double]]) -> Double {
      var sum = 0.0
      for i in a.indices { for j in a.indices where i != j { sum += kernel(a[i], a[j]) } }
      return sum / Double(a.count * (a.count - 1))
    }
    var between = 0.0
    for x in xs { for y in ys { between += kernel(x, y) } }
    let expected = within(xs) + within(ys) - 2 * between / Double(n * m)
    #expect(abs(KernelDistance.between(points(xs), points(ys)) - expected) < 1e-9, "\(expected)")

    func reach(_ a: [[Double]]) -> [Double] {
      a.indices.map { i in a.indices.filter { $0 != i }.map { square(a[i], a[$0]) }.sorted()[k - 1] }
    }
    let (realReach, fakeReach) = (reach(xs), reach(ys))
    var pairs: [(real: Int, fake: Int)] = []
    var isRecalled = [Bool](repeating: false, count: n)
    for i in 0..<n {
      for j in 0..<m {
        let distance = square(xs[i], ys[j])
        if distance < realReach[i] { pairs.append((i, j)) }
        if distance < fakeReach[j] { isRecalled[i] = true }
      }
    }
    let scores = NeighbourhoodScores(real: points(xs), fake: points(ys))
    #expect(scores.precision == Double(Set(pairs.map(\.fake)).count) / Double(m))
    #expect(scores.coverage == Double(Set(pairs.map(\.real)).count) / Double(n))
    #expect(scores.density == Double(pairs.count) / (Double(k) * Double(m)))
    #expect(scores.recall == Double(isRecalled.count { $0 }) / Double(n))
    #expect([scores.precision, scores.recall, scores.coverage].allSatisfy { 0.1 < $0 && $0 < 1 })
  }

  @Test("samples of one place have no spread, and the effective rank counts the directions")
  func diversity() {
    let one = Diversity(of: points([[1, 2], [1, 2], [1, 2]]))
    #expect(one.spread == 0 && one.effectiveRank == 1 && one.centre == [1, 2])
    let line = Diversity(of: points([[0, 0], [1, 1], [2, 2]]))
    #expect(abs(line.effectiveRank - 1) < 1e-6)
    let square = Diversity(of: points([[1, 1], [1, -1], [-1, 1], [-1, -1]]))
    #expect(abs(square.effectiveRank - 2) < 1e-9)
    // Two independent samples are √(2 · (4/3 + 4/3)) apart, in the root mean square.
    #expect(abs(square.spread - (16.0 / 3).squareRoot()) < 1e-12)
    #expect(abs(square.shift(from: one) - 5.0.squareRoot()) < 1e-12)
    #expect(Diversity(of: points([[0, .nan], [1, 2]])).spread == .infinity)
  }

  private static func memorisation(of fakes: Matrix, in training: Matrix) -> Memorisation {
    Memorisation(
      nearest: fakes.nearestSquaredDistances(in: training),
      yardstick: Memorisation.Yardstick(training: training))
  }

  @Test("copies of training samples are found out, new samples are not")
  func memorisation() {
    let values = KeyedNoise(seed: 4, purpose: .synthetic, turn: 0).normal([800, 4]).scalars.map(Double.init)
    let all = Matrix(rows: 800, columns: 4, values: values)
    let training = all.rows(0..<400)
    let new = Self.memorisation(of: all.rows(400..<800), in: training)
    #expect(new.copies < 0.04 && (0.8...1.25).contains(new.distanceRatio ?? 0))
    let nearly = training.rows(0..<100).values.map { $0 + 1e-6 }
    let copied = Self.memorisation(of: Matrix(rows: 100, columns: 4, values: nearly), in: training)
    #expect(copied.copies == 1 && (copied.distanceRatio ?? 1) < 1e-3)
    // As well where a tenth of the training samples are there twice.
    let doubled = Matrix.stacked([training.rows(0..<380), training.rows(0..<20)], columns: 4)
    let among = Self.memorisation(of: Matrix(rows: 100, columns: 4, values: nearly), in: doubled)
    #expect(among.copies == 1)
  }

  @Test("a copy is what lies nearer than a hundredth of the training samples do, which are counted on a line")
  func threshold() {
    // Gaps that grow by 1, so that the nearest others are at 1, 1, 2, 3, … 299.
    var place = 0.0
    let line = (0..<300).map { index -> [Double] in
      place += Double(index)
      return [place]
    }
    let yardstick = Memorisation.Yardstick(training: points(line))
    #expect(yardstick.threshold == 9 && yardstick.median == 150)
    let nearest: [Double] = [0, 4, 8.75, 9, 9.25, 16, 150 * 150, 1e6]
    let compared = Memorisation(nearest: nearest, yardstick: yardstick)
    #expect(compared.copies == 3.0 / 8 && compared.distanceRatio == (9.25).squareRoot() / 150)
  }

  @Test("distances have no ratio to those of training samples that are equal up to rounding")
  func equalSamples() {
    let values = KeyedNoise(seed: 4, purpose: .synthetic, turn: 0).normal([9, 40]).scalars.map(Double.init)
    let all = Matrix(rows: 9, columns: 40, values: values)
    let equal = Matrix.stacked(Array(repeating: all.rows(0..<1), count: 20), columns: 40)
    #expect(Self.memorisation(of: all.rows(1..<9), in: equal).distanceRatio == nil)
    let zeros = Matrix(rows: 20, columns: 40, values: Array(repeating: 0, count: 800))
    #expect(Self.memorisation(of: all.rows(1..<9), in: zeros).distanceRatio == nil)
  }

  @Test("a mode is covered by one fake, and the divergence is that of the shares from the data's")
  func coverage() {
    let even = ModeCoverage(modes: [0, 1, 2, 3, 3, 2, 1, 0], shares: [0.25, 0.25, 0.25, 0.25, 0])
    #expect(even.covered == 4 && even.count == 5 && abs(even.reverseKL) < 1e-12)
    let half = ModeCoverage(modes: [0, 0, 1, 1], shares: [0.25, 0.25, 0.25, 0.25])
    #expect(half.covered == 2 && abs(half.reverseKL - log(2)) < 1e-12)
    let skewed = ModeCoverage(modes: [0, 0, 0, 1], shares: [0.5, 0.5])
    #expect(abs(skewed.reverseKL - (0.75 * log(1.5) + 0.25 * log(0.5))) < 1e-12)
    #expect(ModeCoverage(modes: [0, 2], shares: [0.5, 0.5, 0]).reverseKL == .infinity)
  }

  @Test("large images are averaged over boxes, and values end between 0 and 1; points stay what they are")
  func input() {
    let input = PrincipalComponents.Input([64, 64, 1])
    #expect(input.box == 2 && input.count == 1024)
    #expect(PrincipalComponents.Input([28, 28, 1]).box == 1)
    #expect(PrincipalComponents.Input([32, 32, 3]).count == 768)
    let image = Tensor(
      (0..<4096).map { $0 % 2 == 0 ? -1 : ($0 / 64 % 2 == 0 ? 1 : 0) }, shape: [1, 64, 64, 1])
    #expect(input.vectors(of: image).values.allSatisfy { $0 == 0.375 })
    let points = PrincipalComponents.Input([1, 1, 2], isRaw: true)
    #expect(points.vectors(of: Tensor([3, -2], shape: [1, 1, 1, 2])).values == [3, -2])
  }

  @Test(
    "no size leaves a handful of values, and sizes that boxes divide keep theirs",
    arguments: [
      (37, 1, 2, 361), (31, 3, 2, 768), (46, 3, 3, 768), (16, 3, 1, 768), (28, 3, 2, 588), (64, 3, 4, 768),
      (128, 1, 4, 1024), (256, 3, 16, 768), (40, 3, 4, 300),
    ])
  func boxes(size: Int, channels: Int, box: Int, count: Int) {
    let input = PrincipalComponents.Input([size, size, channels])
    #expect(input.box == box && input.count == count)
  }

  @Test("an incomplete box is the mean of the pixels that it has")
  func incompleteBoxes() {
    // 37 = 18 · 2 + 1: a last column of boxes of 2 x 1, a last row of 1 x 2, and a single pixel in the
    // corner.
    let input = PrincipalComponents.Input([37, 37, 1])
    var pixels = [Float](repeating: -1, count: 37 * 37)
    pixels[36] = 1
    pixels[36 * 37] = 1
    pixels[36 * 37 + 1] = 0
    pixels[37 * 37 - 1] = 0.5
    pixels[0] = 1
    let values = input.vectors(of: Tensor(pixels, shape: [1, 37, 37, 1])).values
    #expect(values.count == 361)
    let expected = [0: 0.25, 18: 0.5, 18 * 19: 0.75, 360: 0.75]
    #expect(values.indices.allSatisfy { values[$0] == expected[$0] ?? 0 })
  }

  @Test(
    "a volume's boxes are cubes that divide its sides where they can",
    arguments: [(8, 1, 512), (16, 2, 512), (20, 2, 1000), (32, 4, 512), (33, 4, 729), (64, 8, 512)])
  func cubes(size: Int, box: Int, count: Int) {
    let input = PrincipalComponents.Input([size, size, size, 1])
    #expect(input.box == box && input.count == count)
  }

  @Test("a cube of voxels becomes its mean, and no voxel of another one enters it")
  func cubeMeans() {
    let input = PrincipalComponents.Input([32, 32, 32, 1])
    var voxels = [Float](repeating: -1, count: 2 * 32 * 32 * 32)
    // Of the second volume 16 of the 64 voxels of the cube at (1, 2, 3) of 8 x 8 x 8: its last layer.
    for y in 8..<12 { for x in 12..<16 { voxels[((32 + 7) * 32 + y) * 32 + x] = 1 } }
    let values = input.vectors(of: Tensor(voxels, shape: [2, 32, 32, 32, 1])).values
    let cube = 512 + (1 * 8 + 2) * 8 + 3
    #expect(values.count == 1024 && values.indices.allSatisfy { values[$0] == ($0 == cube ? 0.25 : 0) })
  }

  @Test(
    "volumes that are no cubes have the bits of sums over a box's layers from the top, each line by line",
    arguments: [([2, 3, 5, 1], 1), ([12, 9, 14, 1], 2)])
  func volumeBits(extents: [Int], box: Int) {
    let input = PrincipalComponents.Input(Shape(extents))
    let volumes = KeyedNoise(seed: 7, purpose: .synthetic, turn: 0).normal(Shape([2] + extents))
    let voxels = volumes.scalars
    let (depth, height, width) = (extents[0], extents[1], extents[2])
    var expected: [Double] = []
    for volume in 0..<2 {
      for top in stride(from: 0, to: depth, by: box) {
        for back in stride(from: 0, to: height, by: box) {
          for left in stride(from: 0, to: width, by: box) {
            var (sum, count) = (0.0, 0.0)
            for z in top..<min(top + box, depth) {
              for y in back..<min(back + box, height) {
                for x in left..<min(left + box, width) {
                  sum += Double(voxels[((volume * depth + z) * height + y) * width + x])
                  count += 1
                }
              }
            }
            expected.append(sum * (0.5 / count) + 0.5)
          }
        }
      }
    }
    #expect(input.box == box && input.vectors(of: volumes).values == expected)
  }

  @Test(
    "images have the bits of sums over a box's lines from the top, each from the left",
    arguments: [[37, 37, 1], [40, 24, 4], [64, 64, 3]])
  func imageBits(extents: [Int]) {
    let input = PrincipalComponents.Input(Shape(extents))
    let (height, width, channels, box) = (extents[0], extents[1], extents[2], input.box)
    let images = KeyedNoise(seed: 7, purpose: .synthetic, turn: 0).normal(Shape([2] + extents))
    let pixels = images.scalars
    var expected: [Double] = []
    for image in 0..<2 {
      for top in stride(from: 0, to: height, by: box) {
        for left in stride(from: 0, to: width, by: box) {
          for channel in 0..<channels {
            var (sum, count) = (0.0, 0.0)
            for y in top..<min(top + box, height) {
              for x in left..<min(left + box, width) {
                sum += Double(pixels[((image * height + y) * width + x) * channels + channel])
                count += 1
              }
            }
            expected.append(sum * (0.5 / count) + 0.5)
          }
        }
      }
    }
    #expect(box > 1 && input.vectors(of: images).values == expected)
  }

  @Test("features of moments are the moments of features")
  func features() throws {
    let pixels = KeyedNoise(seed: 5, purpose: .synthetic, turn: 0).uniform([90, 4, 4, 1])
    let input = PrincipalComponents.Input([4, 4, 1])
    let vectors = input.vectors(of: pixels)
    let space = try #require(
      PrincipalComponents(input, moments: Moments(of: vectors.rows(0..<50)), count: 6))
    let direct = Moments(of: space.features(of: pixels))
    let derived = space.features(of: Moments(of: vectors))
    #expect(zip(direct.mean, derived.mean).allSatisfy { abs($0 - $1) < 1e-9 })
    #expect(zip(direct.covariance.values, derived.covariance.values).allSatisfy { abs($0 - $1) < 1e-9 })
  }
}
