/// The path of a generator over the last checks: the centre of its fakes in the first principal components of
/// the data, in units of the data's spread. A generator that chases the discriminator round a cycle of modes
/// comes back to where it was.
package struct WatchPath: Equatable, Sendable {
  /// Places that are remembered.
  static let length = 16
  /// Coordinates of a place.
  static let dimensions = 4
  /// The farthest that the path has to have been from a place to come back to it.
  private static let reach = 0.2
  /// What is near, as a share of how far it has been.
  private static let nearness = 0.25
  /// The average's share of a new check.
  private static let share = 0.1

  /// Places seen, at most ``length`` of which are remembered.
  package var count = 0
  /// The remembered places, the oldest first, the last ones being the last ``dimensions`` numbers.
  package var values = [Double](repeating: 0, count: length * dimensions)
  /// The share of checks at which the path is back at a place, by exponential averages.
  package var returns = 0.0
  /// The checks since it was last where it is; 0 if it was not.
  package var period = 0.0
  /// The distance from the place before.
  package var step = 0.0

  package init() {}

  /// Whether the path is a loop.
  package var isCircling: Bool { returns >= 0.25 }

  /// Goes on to a place.
  package mutating func add(_ centre: [Double]) {
    let place = Array((centre + [Double](repeating: 0, count: Self.dimensions)).prefix(Self.dimensions))
    let known = min(count, Self.length)
    let places = (Self.length - known..<Self.length).map {
      Array(values[$0 * Self.dimensions..<($0 + 1) * Self.dimensions])
    }
    step = places.last.map { Self.distance($0, place) } ?? 0
    period = 0
    for (index, old) in places.enumerated().reversed() {
      let farthest = places[(index + 1)...].reduce(0) { max($0, Self.distance($1, old)) }
      guard farthest >= Self.reach, Self.distance(place, old) <= Self.nearness * farthest else { continue }
      period = Double(places.count - index)
      break
    }
    returns += Self.share * ((period > 0 ? 1 : 0) - returns)
    values = Array(values.dropFirst(Self.dimensions)) + place
    count = min(count + 1, Self.length)
  }

  private static func distance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }
}
