/// F(2, 2) at the points 0, 1 and ∞.
enum TwoOutputsTwoTaps: WinogradMaps {
  enum Input: LineTransform {
    @inline(__always) static var inputs: Int { 3 }
    @inline(__always) static var outputs: Int { 3 }
    @inline(__always) static func apply(_ d: (Int) -> Vector, _ v: (Int, Vector) -> Void) {
      let (d0, d1, d2) = (d(0), d(1), d(2))
      v(0, d0 - d1)
      v(1, d1)
      v(2, d2 - d1)
    }
  }

  enum Kernel: LineTransform {
    @inline(__always) static var inputs: Int { 2 }
    @inline(__always) static var outputs: Int { 3 }
    @inline(__always) static func apply(_ g: (Int) -> Vector, _ u: (Int, Vector) -> Void) {
      let (g0, g1) = (g(0), g(1))
      u(0, g0)
      u(1, g0 + g1)
      u(2, g1)
    }
  }

  enum Output: LineTransform {
    @inline(__always) static var inputs: Int { 3 }
    @inline(__always) static var outputs: Int { 2 }
    @inline(__always) static func apply(_ m: (Int) -> Vector, _ y: (Int, Vector) -> Void) {
      let (m0, m1, m2) = (m(0), m(1), m(2))
      y(0, m0 + m1)
      y(1, m1 + m2)
    }
  }

  /// A = G and Aᵀ = Gᵀ: outputs and taps are alike.
  typealias Upstream = Kernel
  typealias Gradient = Output
}

/// F(4, 2) at the points ±5/4, ±3/8 and ∞.
///
/// Of all points with short binary fractions these have nearly the smallest error: an output's variance grows
/// with Σ A² |G|² |B|² over the points, in one dimension 8.9 at worst and 5.6 on average, where 0, ±1, 2 and
/// ∞ give 32 and 13. The signs of pairs leave few operations.
enum FourOutputsTwoTaps: WinogradMaps {
  /// The two positive points and their powers, all exact.
  @inline(__always) private static var a: Float { 5 / 4 }
  @inline(__always) private static var a2: Float { 25 / 16 }
  @inline(__always) private static var a3: Float { 125 / 64 }
  @inline(__always) private static var b: Float { 3 / 8 }
  @inline(__always) private static var b2: Float { 9 / 64 }
  @inline(__always) private static var b3: Float { 27 / 512 }

  enum Input: LineTransform {
    @inline(__always) static var inputs: Int { 5 }
    @inline(__always) static var outputs: Int { 5 }
    @inline(__always) static func apply(_ d: (Int) -> Vector, _ v: (Int, Vector) -> Void) {
      let (d0, d1, d2, d3, d4) = (d(0), d(1), d(2), d(3), d(4))
      let (evenA, oddA) = (d2.adding(-b2, d0), d3.adding(-b2, d1))
      let (evenB, oddB) = (d2.adding(-a2, d0), d3.adding(-a2, d1))
      v(0, oddA.adding(a, evenA))
      v(1, oddA.adding(-a, evenA))
      v(2, oddB.adding(b, evenB))
      v(3, oddB.adding(-b, evenB))
      v(4, d4.adding(-(a2 + b2), d2).adding(a2 * b2, d0))
    }
  }

  enum Kernel: LineTransform {
    @inline(__always) static var inputs: Int { 2 }
    @inline(__always) static var outputs: Int { 5 }
    @inline(__always) static func apply(_ g: (Int) -> Vector, _ u: (Int, Vector) -> Void) {
      let (g0, g1) = (g(0), g(1))
      // ±(g0 ± a g1) / 2a(a² − b²), and the same with a and b exchanged.
      let odd = g1 * (32 / 91)
      u(0, odd.adding(128 / 455, g0))
      u(1, odd.adding(-128 / 455, g0))
      u(2, (-odd).adding(-256 / 273, g0))
      u(3, (-odd).adding(256 / 273, g0))
      u(4, g1)
    }
  }

  enum Output: LineTransform {
    @inline(__always) static var inputs: Int { 5 }
    @inline(__always) static var outputs: Int { 4 }
    @inline(__always) static func apply(_ m: (Int) -> Vector, _ y: (Int, Vector) -> Void) {
      let (m0, m1, m2, m3, m4) = (m(0), m(1), m(2), m(3), m(4))
      let (evenA, oddA, evenB, oddB) = (m0 + m1, m0 - m1, m2 + m3, m2 - m3)
      y(0, evenA + evenB)
      y(1, (oddB * b).adding(a, oddA))
      y(2, (evenB * b2).adding(a2, evenA))
      y(3, m4.adding(b3, oddB).adding(a3, oddA))
    }
  }

  enum Upstream: LineTransform {
    @inline(__always) static var inputs: Int { 4 }
    @inline(__always) static var outputs: Int { 5 }
    @inline(__always) static func apply(_ y: (Int) -> Vector, _ z: (Int, Vector) -> Void) {
      let (y0, y1, y2, y3) = (y(0), y(1), y(2), y(3))
      let (evenA, oddA) = (y0.adding(a2, y2), y1.adding(a2, y3))
      let (evenB, oddB) = (y0.adding(b2, y2), y1.adding(b2, y3))
      z(0, evenA.adding(a, oddA))
      z(1, evenA.adding(-a, oddA))
      z(2, evenB.adding(b, oddB))
      z(3, evenB.adding(-b, oddB))
      z(4, y3)
    }
  }

  enum Gradient: LineTransform {
    @inline(__always) static var inputs: Int { 5 }
    @inline(__always) static var outputs: Int { 2 }
    @inline(__always) static func apply(_ m: (Int) -> Vector, _ g: (Int, Vector) -> Void) {
      let (m0, m1, m2, m3, m4) = (m(0), m(1), m(2), m(3), m(4))
      g(0, ((m0 - m1) * (128 / 455)).adding(-256 / 273, m2 - m3))
      g(1, m4.adding(32 / 91, (m0 + m1) - (m2 + m3)))
    }
  }
}
