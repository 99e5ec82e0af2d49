/// F(2, 3) at the points 0, ±1 and ∞.
enum TwoOutputsThreeTaps: WinogradMaps {
  enum Input: LineTransform {
    @inline(__always) static var inputs: Int { 4 }
    @inline(__always) static var outputs: Int { 4 }
    @inline(__always) static func apply(_ d: (Int) -> Vector, _ v: (Int, Vector) -> Void) {
      let (d0, d1, d2, d3) = (d(0), d(1), d(2), d(3))
      v(0, d0 - d2)
      v(1, d2 + d1)
      v(2, d2 - d1)
      v(3, d3 - d1)
    }
  }

  enum Kernel: LineTransform {
    @inline(__always) static var inputs: Int { 3 }
    @inline(__always) static var outputs: Int { 4 }
    @inline(__always) static func apply(_ g: (Int) -> Vector, _ u: (Int, Vector) -> Void) {
      let (g0, g1, g2) = (g(0), g(1), g(2))
      let (even, odd) = ((g0 + g2) * 0.5, g1 * 0.5)
      u(0, g0)
      u(1, even + odd)
      u(2, even - odd)
      u(3, g2)
    }
  }

  enum Output: LineTransform {
    @inline(__always) static var inputs: Int { 4 }
    @inline(__always) static var outputs: Int { 2 }
    @inline(__always) static func apply(_ m: (Int) -> Vector, _ y: (Int, Vector) -> Void) {
      let (m0, m1, m2, m3) = (m(0), m(1), m(2), m(3))
      y(0, m0 + (m1 + m2))
      y(1, m3 + (m1 - m2))
    }
  }

  enum Upstream: LineTransform {
    @inline(__always) static var inputs: Int { 2 }
    @inline(__always) static var outputs: Int { 4 }
    @inline(__always) static func apply(_ y: (Int) -> Vector, _ z: (Int, Vector) -> Void) {
      let (y0, y1) = (y(0), y(1))
      z(0, y0)
      z(1, y0 + y1)
      z(2, y0 - y1)
      z(3, y1)
    }
  }

  enum Gradient: LineTransform {
    @inline(__always) static var inputs: Int { 4 }
    @inline(__always) static var outputs: Int { 3 }
    @inline(__always) static func apply(_ m: (Int) -> Vector, _ g: (Int, Vector) -> Void) {
      let (m0, m1, m2, m3) = (m(0), m(1), m(2), m(3))
      let (even, odd) = ((m1 + m2) * 0.5, (m1 - m2) * 0.5)
      g(0, m0 + even)
      g(1, odd)
      g(2, m3 + even)
    }
  }
}

/// F(4, 3) at the points 0, ±3/2, ±11/16 and ∞.
///
/// Of all points 0, ±a, ±b with short binary fractions these have nearly the smallest error: an output's
/// variance grows with Σ A² |G|² |B|² over the points, in one dimension 22 at worst and 14 on average, where
/// 0, ±1, ±2 and ∞ give 94 and 32.
enum FourOutputsThreeTaps: WinogradMaps {
  /// The two positive points and their powers, all exact.
  @inline(__always) private static var a: Float { 3 / 2 }
  @inline(__always) private static var a2: Float { 9 / 4 }
  @inline(__always) private static var a3: Float { 27 / 8 }
  @inline(__always) private static var b: Float { 11 / 16 }
  @inline(__always) private static var b2: Float { 121 / 256 }
  @inline(__always) private static var b3: Float { 1331 / 4096 }

  /// What the row of 0 is multiplied by: 1 / (a² b²).
  @inline(__always) private static var zeroShare: Float { 1024 / 1089 }
  /// 1 / 2(a² − b²), of which the rows of ±a and, negated, ±b have this, a or b in the denominator, and its
  /// square.
  @inline(__always) private static var share: Float { 128 / 455 }
  @inline(__always) private static var shareA: Float { 256 / 1365 }
  @inline(__always) private static var shareA2: Float { 512 / 4095 }
  @inline(__always) private static var shareB: Float { 2048 / 5005 }
  @inline(__always) private static var shareB2: Float { 32768 / 55055 }

  enum Input: LineTransform {
    @inline(__always) static var inputs: Int { 6 }
    @inline(__always) static var outputs: Int { 6 }
    @inline(__always) static func apply(_ d: (Int) -> Vector, _ v: (Int, Vector) -> Void) {
      let (d0, d1, d2, d3, d4, d5) = (d(0), d(1), d(2), d(3), d(4), d(5))
      let (evenA, oddA) = (d4.adding(-b2, d2), d3.adding(-b2, d1))
      let (evenB, oddB) = (d4.adding(-a2, d2), d3.adding(-a2, d1))
      v(0, d4.adding(-(a2 + b2), d2).adding(a2 * b2, d0))
      v(1, evenA.adding(a, oddA))
      v(2, evenA.adding(-a, oddA))
      v(3, evenB.adding(b, oddB))
      v(4, evenB.adding(-b, oddB))
      v(5, d5.adding(-(a2 + b2), d3).adding(a2 * b2, d1))
    }
  }

  enum Kernel: LineTransform {
    @inline(__always) static var inputs: Int { 3 }
    @inline(__always) static var outputs: Int { 6 }
    @inline(__always) static func apply(_ g: (Int) -> Vector, _ u: (Int, Vector) -> Void) {
      let (g0, g1, g2) = (g(0), g(1), g(2))
      let last = g2 * share
      let (evenA, evenB) = (last.adding(shareA2, g0), (-last).adding(-shareB2, g0))
      u(0, g0 * zeroShare)
      u(1, evenA.adding(shareA, g1))
      u(2, evenA.adding(-shareA, g1))
      u(3, evenB.adding(-shareB, g1))
      u(4, evenB.adding(shareB, g1))
      u(5, g2)
    }
  }

  enum Output: LineTransform {
    @inline(__always) static var inputs: Int { 6 }
    @inline(__always) static var outputs: Int { 4 }
    @inline(__always) static func apply(_ m: (Int) -> Vector, _ y: (Int, Vector) -> Void) {
      let (m0, m1, m2, m3, m4, m5) = (m(0), m(1), m(2), m(3), m(4), m(5))
      let (evenA, oddA, evenB, oddB) = (m1 + m2, m1 - m2, m3 + m4, m3 - m4)
      y(0, m0 + (evenA + evenB))
      y(1, (oddB * b).adding(a, oddA))
      y(2, (evenB * b2).adding(a2, evenA))
      y(3, m5.adding(b3, oddB).adding(a3, oddA))
    }
  }

  enum Upstream: LineTransform {
    @inline(__always) static var inputs: Int { 4 }
    @inline(__always) static var outputs: Int { 6 }
    @inline(__always) static func apply(_ y: (Int) -> Vector, _ z: (Int, Vector) -> Void) {
      let (y0, y1, y2, y3) = (y(0), y(1), y(2), y(3))
      let (evenA, oddA) = (y0.adding(a2, y2), y1.adding(a2, y3))
      let (evenB, oddB) = (y0.adding(b2, y2), y1.adding(b2, y3))
      z(0, y0)
      z(1, evenA.adding(a, oddA))
      z(2, evenA.adding(-a, oddA))
      z(3, evenB.adding(b, oddB))
      z(4, evenB.adding(-b, oddB))
      z(5, y3)
    }
  }

  enum Gradient: LineTransform {
    @inline(__always) static var inputs: Int { 6 }
    @inline(__always) static var outputs: Int { 3 }
    @inline(__always) static func apply(_ m: (Int) -> Vector, _ g: (Int, Vector) -> Void) {
      let (m0, m1, m2, m3, m4, m5) = (m(0), m(1), m(2), m(3), m(4), m(5))
      let (evenA, oddA, evenB, oddB) = (m1 + m2, m1 - m2, m3 + m4, m3 - m4)
      g(0, (m0 * zeroShare).adding(shareA2, evenA).adding(-shareB2, evenB))
      g(1, (oddA * shareA).adding(-shareB, oddB))
      g(2, m5.adding(share, evenA - evenB))
    }
  }
}
