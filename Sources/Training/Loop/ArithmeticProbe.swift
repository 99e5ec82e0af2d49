package import Checkpoints
import Glibc
import Platform
import Quality
import TensorCore

/// What a host makes of the same numbers: ranks whose libraries or kernels round differently would part
/// without a word.
///
/// The kernels give one and the same result for AVX2 and for AVX-512. The transcendental functions are those
/// of the system's SLEEF, and the cosine of a falling step size that of its C library, of which hosts may
/// have different versions.
package enum ArithmeticProbe {
  /// SHA-256 of the results, as 64 hexadecimal digits. Takes some milliseconds, once.
  package static let digest = makeDigest()

  /// What a person is told of a generation that was computed where these results are others; nil where they
  /// are not, or where it is from before they were written down.
  package static func warning(of info: GenerationInfo) -> String? {
    guard let written = info.arithmeticSHA256, written != digest else { return nil }
    return "step \(info.step) was computed where exp, log, sin or a product round otherwise "
      + "(another version of SLEEF or of the C library?): from here on the bits are those of this machine; "
      + "go on with it where it was computed for those of an undisturbed run"
  }

  private static func makeDigest() -> String {
    let noise = KeyedNoise(seed: 1, purpose: .synthetic, turn: 0)
    let unit = noise.uniform([2, 9, 9, 33], from: 0)
    let wide = unit.adding(-0.5).multiplied(by: 20)
    // Large arguments are reduced in other ways.
    let far = unit.multiplied(by: 1000)
    let weight = noise.normal([34, 33, 3, 3], from: 0)
    let results = [
      weight, wide.exp(), unit.adding(1e-6).log(), unit.log1p(), wide.tanh(), wide.sin(), wide.cos(),
      wide.erf(), far.sin(), far.cos(),
      wide.convolved(with: weight, ConvolutionGeometry(kernel: [3, 3], stride: [1, 1], padding: [1, 1])),
      wide.reshaped([162, 33]).matrixProduct(weight.reshaped([33, 306])),
    ]
    let cosines = (0..<64).map { Glibc.cos(Double.pi * Double($0) / 64).bitPattern }
    let hash = SHA256()
    for tensor in results { hash.update(tensor) }
    cosines.withUnsafeBytes { hash.update($0) }
    return hash.digest()
  }

  /// The processor that the BLAS library computes for, and SHA-256 of what it makes of a product and of the
  /// eigenvectors of a symmetric matrix: measures of quality, and what is decided on them, depend on these to
  /// the last digit and to the sign.
  package static func blas() -> String {
    let count = 24
    let values = KeyedNoise(seed: 2, purpose: .synthetic, turn: 0).normal([count * count]).scalars.map(
      Double.init)
    let matrix = Matrix(rows: count, columns: count, values: values)
    let eigen = Moments(of: matrix).covariance.eigen(largest: 8)
    let hash = SHA256()
    for numbers in [matrix.product(matrix).values, eigen?.values ?? [], eigen?.vectors.values ?? []] {
      numbers.withUnsafeBytes { hash.update($0) }
    }
    return "\(BLASLibrary.coreName) \(hash.digest())"
  }
}
