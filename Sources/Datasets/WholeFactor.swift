/// By how much samples are enlarged or reduced so that their longest side is at most a size: by the largest
/// whole factor that fits, or by a whole factor that divides every side.
struct WholeFactor: Sendable {
  /// The side of the box of source values that one value averages.
  let box: Int
  /// The side of the box of values that one source value fills.
  let repeats: Int

  /// Nil for sides that are larger than `size` by no whole factor.
  /// - Precondition: all are positive.
  init?(sides: [Int], size: Int) {
    let longest = sides.max()!
    guard longest > size else {
      (box, repeats) = (1, size / longest)
      return
    }
    (box, repeats) = (longest / size, 1)
    let box = box
    guard longest == box * size, sides.allSatisfy({ $0.isMultiple(of: box) }) else { return nil }
  }

  /// A side after it.
  func side(_ side: Int) -> Int { side / box * repeats }

  /// What it does to samples: nothing, `scaled`, `padded` or both.
  func changes(sides: [Int], size: Int) -> [String] {
    (box > 1 || repeats > 1 ? ["scaled"] : []) + (side(sides.min()!) < size ? ["padded"] : [])
  }

  /// The size nearest to `size` that such sides are reduced to.
  static func nearestSize(sides: [Int], to size: Int) -> Int {
    let boxes = (1...sides.min()!).filter { box in sides.allSatisfy { $0.isMultiple(of: box) } }
    return boxes.map { sides.max()! / $0 }.min { abs($0 - size) < abs($1 - size) }!
  }
}
