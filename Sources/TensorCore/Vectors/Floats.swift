/// Eight floats, at any address.
@inline(__always)
func load(_ pointer: UnsafePointer<Float>) -> SIMD8<Float> {
  UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Float>.self)
}

@inline(__always)
func store(_ vector: SIMD8<Float>, to pointer: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(pointer).storeBytes(of: vector, as: SIMD8<Float>.self)
}

/// Copies floats between blocks that do not overlap.
@inline(__always)
func copyFloats(_ source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>, _ count: Int) {
  @inline(__always) func copy<V>(_: V.Type, at index: Int) {
    UnsafeMutableRawPointer(destination + index)
      .storeBytes(of: UnsafeRawPointer(source + index).loadUnaligned(as: V.self), as: V.self)
  }
  var index = 0
  if count >= 8 {
    while index &+ 16 <= count {
      copy(SIMD8<Float>.self, at: index)
      copy(SIMD8<Float>.self, at: index &+ 8)
      index &+= 16
    }
    if index &+ 8 <= count { copy(SIMD8<Float>.self, at: index) }
    // What remains is copied along with some of what was.
    if index < count { copy(SIMD8<Float>.self, at: count &- 8) }
  } else if count >= 4 {
    copy(SIMD4<Float>.self, at: 0)
    if count > 4 { copy(SIMD4<Float>.self, at: count &- 4) }
  } else {
    while index < count {
      copy(Float.self, at: index)
      index &+= 1
    }
  }
}

/// Writes zeros.
@inline(__always)
func clear(_ destination: UnsafeMutablePointer<Float>, _ count: Int) {
  var to = UnsafeMutableRawPointer(destination)
  var remaining = count
  while remaining >= 8 {
    to.storeBytes(of: .zero, as: SIMD8<Float>.self)
    to += 32
    remaining &-= 8
  }
  while remaining > 0 {
    to.storeBytes(of: 0, as: Float.self)
    to += 4
    remaining &-= 1
  }
}

/// The lanes of a vector added one after another; `SIMD.sum` promises no order.
@inline(__always)
func sumInOrder<Lanes: SIMD>(_ lanes: Lanes) -> Lanes.Scalar where Lanes.Scalar: FloatingPoint {
  var sum = lanes[0]
  for lane in 1..<Lanes.scalarCount { sum += lanes[lane] }
  return sum
}
