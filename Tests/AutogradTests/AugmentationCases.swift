import Autograd
import FiniteDifferences
import TensorCore

extension DerivativeCase {
  /// Maps of images. Squares before and behind make the second derivative other than zero.
  static let augmentation: [DerivativeCase] = {
    var n = Numbers(seed: 12)
    let images = n.between(-1, 1, [3, 4, 4, 2])
    var placements = [PixelPlacement](repeating: PixelPlacement(), count: 3)
    (placements[0].isMirrored, placements[0].down) = (true, 1)
    (placements[1].quarterTurns, placements[1].right) = (1, -2)
    let fixed = placements
    var changes = [ColourChange](repeating: ColourChange(), count: 3)
    (changes[0].own, changes[0].offset) = (1.5, 0.25)
    (changes[1].own, changes[1].pixelMean) = (0.5, 0.75)
    (changes[2].imageMean, changes[2].offset) = (-0.5, -0.5)
    let colours = changes
    let boxes = [
      PixelBox(rows: 0..<2, columns: 1..<4), .none, PixelBox(rows: 3..<4, columns: 0..<1),
    ]
    let borders: [PixelPlacement.Border] = [.zero, .mirrored]
    return borders.flatMap { border in
      [
        DerivativeCase("placed with border \(border)", [images]) {
          $0[0].squared().placed(fixed, border: border).squared()
        },
        DerivativeCase("unplaced with border \(border)", [images]) {
          $0[0].squared().unplaced(fixed, border: border).squared()
        },
      ]
    } + [
      DerivativeCase("recoloured", [images]) { $0[0].squared().recoloured(colours).squared() },
      DerivativeCase("erased", [images]) { $0[0].squared().erased(boxes).squared() },
    ]
  }()
}
