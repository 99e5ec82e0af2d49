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

/// F(4, 2) at the points 0, −1, ½, 2 and ∞, whose error is two thirds of that at 0, ±1, 2 and ∞.
enum FourOutputsTwoTaps: WinogradMaps {
  enum Input: LineTransform {
    @inline(__always) static var inputs: Int { 5 }
    @inline(__always) static var outputs: Int { 5 }
    @inline(__always) static func apply(_ d: (Int) -> Vector, _ v: (Int, Vector) -> Void) {
      let (d0, d1, d2, d3, d4) = (d(0), d(1), d(2), d(3), d(4))
      v(0, (d0 + d3).adding(-1.5, d1 + d2))
      v(1, (d1 + d3).adding(-2.5, d2))
      v(2, (d3 - d2).adding(-2, d1))
      v(3, d3.adding(0.5, d2 - d1))
      v(4, (d1 + d4).adding(-1.5, d2 + d3))
    }
  }

  enum Kernel: LineTransform {
    @inline(__always) static var inputs: Int { 2 }
    @inline(__always) static var outputs: Int { 5 }
    @inline(__always) static func apply(_ g: (Int) -> Vector, _ u: (Int, Vector) -> Void) {
      let (g0, g1) = (g(0), g(1))
      u(0, g0)
      u(1, (g1 - g0) * (2 / 9))
      u(2, g0.adding(0.5, g1) * (-8 / 9))
      u(3, g0.adding(2, g1) * (1 / 9))
      u(4, g1)
    }
  }

  enum Output: LineTransform {
    @inline(__always) static var inputs: Int { 5 }
    @inline(__always) static var outputs: Int { 4 }
    @inline(__always) static func apply(_ m: (Int) -> Vector, _ y: (Int, Vector) -> Void) {
      let (m0, m1, m2, m3, m4) = (m(0), m(1), m(2), m(3), m(4))
      y(0, (m0 + m1) + (m2 + m3))
      y(1, m2.adding(4, m3).adding(-2, m1) * 0.5)
      y(2, m1.adding(0.25, m2.adding(16, m3)))
      y(3, (m4 - m1).adding(0.125, m2.adding(64, m3)))
    }
  }

  enum Upstream: LineTransform {
    @inline(__always) static var inputs: Int { 4 }
    @inline(__always) static var outputs: Int { 5 }
    @inline(__always) static func apply(_ y: (Int) -> Vector, _ a: (Int, Vector) -> Void) {
      let (y0, y1, y2, y3) = (y(0), y(1), y(2), y(3))
      a(0, y0)
      a(1, (y0 + y2) - (y1 + y3))
      a(2, y0.adding(0.5, y1).adding(0.25, y2.adding(0.5, y3)))
      a(3, y0.adding(2, y1).adding(4, y2.adding(2, y3)))
      a(4, y3)
    }
  }

  enum Gradient: LineTransform {
    @inline(__always) static var inputs: Int { 5 }
    @inline(__always) static var outputs: Int { 2 }
    @inline(__always) static func apply(_ m: (Int) -> Vector, _ g: (Int, Vector) -> Void) {
      let (m0, m1, m2, m3, m4) = (m(0), m(1), m(2), m(3), m(4))
      g(0, m0.adding(1 / 9, m3.adding(-2, m1).adding(-8, m2)))
      g(1, m4.adding(2 / 9, (m1 + m3).adding(-2, m2)))
    }
  }
}
