import Datasets
import Testing

@Suite("Mixtures of Gaussians")
struct MixtureTests {
  @Test("the modes are those of the definitions")
  func modes() {
    let ring = GaussianMixture.modes(of: .ring)
    #expect(ring.centres.count == 8 && ring.deviation == 0.01)
    #expect(Set(ring.centres).count == 8)
    for centre in ring.centres { #expect(abs((centre * centre).sum() - 1) < 1e-6) }
    // Neighbours are 45 degrees apart.
    for index in 0..<8 {
      let product = (ring.centres[index] * ring.centres[(index + 1) % 8]).sum()
      #expect(abs(product - Float(0.5).squareRoot()) < 1e-6)
    }
    let grid = GaussianMixture.modes(of: .grid)
    #expect(Set(grid.centres).count == 25 && grid.deviation == 0.05)
    for centre in grid.centres {
      #expect([-4, -2, 0, 2, 4].contains(centre.x) && [-4, -2, 0, 2, 4].contains(centre.y))
    }
  }

  @Test("points are normal around the mode that is their label", arguments: GaussianMixture.Kind.allCases)
  func points(kind: GaussianMixture.Kind) throws {
    let data = GaussianMixture(kind, count: 20_000)
    var (sum, squares, far) = (SIMD2<Float>.zero, SIMD2<Float>.zero, 0)
    for index in 0..<data.count {
      let (point, label) = try data.sample(index)
      #expect(label == Int32(index % data.labelCount))
      let offset = (SIMD2(point[0], point[1]) - data.modes.centres[Int(label)]) / data.modes.deviation
      sum += offset
      squares += offset * offset
      if (offset * offset).sum() > 9 { far += 1 }
    }
    let (mean, variance) = (sum / 20_000, squares / 20_000)
    #expect(abs(mean.x) < 0.03 && abs(mean.y) < 0.03)
    #expect(abs(variance.x - 1) < 0.04 && abs(variance.y - 1) < 0.04)
    // Outside three deviations lies e^-4.5 of a normal distribution of the plane.
    #expect(abs(Double(far) / 20_000 - 0.0111) < 0.003)
  }

  @Test("a shorter data set is the beginning of a longer one, and each has its fingerprint")
  func counts() throws {
    let (short, long) = (GaussianMixture(.ring, count: 10), GaussianMixture(.ring))
    #expect(long.count == 100_000)
    for index in 0..<10 { #expect(try short.sample(index).pixels == long.sample(index).pixels) }
    let all = [short, long, GaussianMixture(.grid)].map(\.fingerprint)
    #expect(Set(all).count == 3)
    #expect(GaussianMixture(.ring, count: 10).fingerprint == short.fingerprint)
  }

  @Test("a model of images is told that points are none")
  func unsuitable() {
    #expect(throws: DatasetError.self) {
      try Datasets.open(DatasetRequest(source: "ring", size: 32, channels: 1))
    }
  }
}
