/// How far real and generated samples share their neighbourhoods: precision and recall (Kynkäänniemi et al.
/// 2019, eq. 1 and 2), density and coverage (Naeem et al. 2020, eq. 3 and 4), all by the distance to the k-th
/// neighbour, whose neighbourhood holds what is nearer than that, as in Naeem et al.'s program.
public struct NeighbourhoodScores: Equatable, Sendable {
  /// The share of fakes within the neighbourhood of a real sample.
  public let precision: Double
  /// The share of real samples within the neighbourhood of a fake.
  public let recall: Double
  /// The mean number of real neighbourhoods that a fake lies in, over k; not bounded by 1.
  public let density: Double
  /// The share of real samples whose neighbourhood holds a fake.
  public let coverage: Double

  /// The neighbours of a neighbourhood, as in Naeem et al.
  public static let neighbours = 5

  /// The scores of fakes, `[m, d]`, against real samples, `[n, d]`.
  /// - Parameter noteProgress: called after every ``Moments/block`` rows, with all of the other matrix.
  /// - Precondition: both have more than `k` rows.
  public init(
    real: Matrix, fake: Matrix, neighbours k: Int = NeighbourhoodScores.neighbours,
    noteProgress: () -> Void = {}
  ) {
    precondition(min(real.rows, fake.rows) > k, "more samples than neighbours")
    let realReach = Self.reach(real, k, noteProgress)
    let fakeReach = Self.reach(fake, k, noteProgress)
    var realHit = [Bool](repeating: false, count: real.rows)
    var realCovered = realHit
    var fakeHits = [Int](repeating: 0, count: fake.rows)
    real.forEachBlock { start, part in
      let distances = part.squaredDistances(to: fake)
      noteProgress()
      for index in 0..<part.rows {
        let row = start + index
        for column in 0..<fake.rows {
          let distance = distances[index, column]
          if distance < realReach[row] {
            fakeHits[column] += 1
            realCovered[row] = true
          }
          if distance < fakeReach[column] { realHit[row] = true }
        }
      }
    }
    let (n, m) = (Double(real.rows), Double(fake.rows))
    precision = Double(fakeHits.count { $0 > 0 }) / m
    recall = Double(realHit.count { $0 }) / n
    density = Double(fakeHits.reduce(0, +)) / (Double(k) * m)
    coverage = Double(realCovered.count { $0 }) / n
  }

  /// The squared distance of every row to its k-th neighbour among the others.
  private static func reach(_ samples: Matrix, _ k: Int, _ noteProgress: () -> Void) -> [Double] {
    var reach: [Double] = []
    samples.forEachBlock { start, part in
      let distances = part.squaredDistances(to: samples)
      noteProgress()
      for row in 0..<part.rows {
        var nearest = [Double](repeating: .infinity, count: k)
        for column in 0..<samples.rows where column != start + row {
          var place = k
          let distance = distances[row, column]
          while place > 0 && distance < nearest[place - 1] { place -= 1 }
          guard place < k else { continue }
          nearest.removeLast()
          nearest.insert(distance, at: place)
        }
        reach.append(nearest[k - 1])
      }
    }
    return reach
  }
}
