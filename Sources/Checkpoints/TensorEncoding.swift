/// How the Float32 tensors of a file lie in it.
public enum TensorEncoding: Equatable, Sendable {
  /// As themselves: what `safetensors.torch.load_file` and `load_state_dict` take.
  case values
  /// As four byte planes: a `U8` tensor of shape [4, …]. Plane *i* holds bits 8i to 8i+7 of every element,
  /// after a turn by one bit to the left, which leaves the exponent in plane 3 and the sign in plane 0.
  case planes
  /// As four byte planes of the difference to the tensor of the same name in another file of the generation
  /// that lies there as itself: of the bit patterns as integers, modulo 2^32, then 0, -1, 1, -2, … as 0, 1,
  /// 2, 3, ….
  case difference(from: String)
}

extension TensorEncoding {
  private static let encodingKey = "lockstep.encoding"
  private static let baseKey = "lockstep.difference_from"
  private static let planesName = "planes"

  /// What the file's header says of it.
  var metadata: [String: String] {
    switch self {
    case .values: [:]
    case .planes: [Self.encodingKey: Self.planesName]
    case .difference(let base): [Self.encodingKey: Self.planesName, Self.baseKey: base]
    }
  }

  /// Takes out of a header's `metadata` what ``metadata`` puts in; nil for an encoding that is not known.
  init?(taking metadata: inout [String: String]) {
    let encoding = metadata.removeValue(forKey: Self.encodingKey)
    let base = metadata.removeValue(forKey: Self.baseKey)
    switch (encoding, base) {
    case (nil, nil): self = .values
    case (Self.planesName, nil): self = .planes
    case (Self.planesName, let base?): self = .difference(from: base)
    default: return nil
    }
  }
}

/// Floats as four byte planes and back. In floats side by side one byte in four is an exponent, which takes
/// few values, and three are nearly noise: each plane by itself tells an entropy coder which is which.
enum BytePlanes {
  /// Writes one plane of `values`, or of their difference to `base`. Plane by plane, because that is how they
  /// lie in a file: what a plane needs of the others is computed again, which costs less than memory for all
  /// of them.
  /// - Precondition: `base` has as many elements; `plane` has a byte for each.
  static func encode(
    _ values: UnsafeBufferPointer<Float>, base: UnsafeBufferPointer<Float>?, plane number: Int,
    into plane: UnsafeMutableBufferPointer<UInt8>
  ) {
    let count = values.count
    precondition(plane.count == count && (base?.count ?? count) == count, "a byte of every element")
    let shift = UInt32(8 * number)
    if let base {
      for index in 0..<count {
        let difference = Int32(bitPattern: values[index].bitPattern &- base[index].bitPattern)
        let word = UInt32(bitPattern: (difference &<< 1) ^ (difference &>> 31))
        plane[index] = UInt8(truncatingIfNeeded: word &>> shift)
      }
    } else {
      for index in 0..<count {
        let bits = values[index].bitPattern
        plane[index] = UInt8(truncatingIfNeeded: (bits &<< 1 | bits &>> 31) &>> shift)
      }
    }
  }

  /// The inverse of ``encode(_:base:plane:into:)``, of all planes.
  static func decode(
    _ planes: UnsafeBufferPointer<UInt8>, base: UnsafeBufferPointer<Float>?,
    into values: UnsafeMutableBufferPointer<Float>
  ) {
    let count = values.count
    precondition(planes.count == 4 * count && (base?.count ?? count) == count, "four planes of every element")
    for index in 0..<count {
      var word = UInt32(planes[index]) | UInt32(planes[count + index]) &<< 8
      word |= UInt32(planes[2 * count + index]) &<< 16 | UInt32(planes[3 * count + index]) &<< 24
      let bits: UInt32
      if let base {
        bits = base[index].bitPattern &+ (word &>> 1 ^ (0 &- (word & 1)))
      } else {
        bits = word &>> 1 | word &<< 31
      }
      values[index] = Float(bitPattern: bits)
    }
  }
}
