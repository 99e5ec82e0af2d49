import Autograd
import FiniteDifferences
import TensorCore

extension DerivativeCase {
  /// Channels side by side. A product with the input makes the second derivative other than zero.
  static let channels: [DerivativeCase] = {
    var n = Numbers(seed: 12)
    let (x, y) = (n.between(-2, 2, [2, 3, 4]), n.between(-2, 2, [2, 3, 2]))
    return [
      DerivativeCase("appendingChannels", [x, y]) { $0[0].squared().appendingChannels($0[1]).squared() },
      DerivativeCase("appendingChannels to a constant", [y]) {
        $0[0].constant(x).appendingChannels($0[0].squared()).squared()
      },
      DerivativeCase("channels", [x]) { $0[0].squared().channels(1..<3).squared() },
      DerivativeCase("placingChannels", [y]) { $0[0].squared().placingChannels(at: 2, of: 5).squared() },
    ]
  }()
}
