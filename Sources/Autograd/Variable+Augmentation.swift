public import TensorCore

/// Linear maps of images that differ from sample to sample, differentiable to any order.
extension Variable {
  /// Each image of `[N, H, W, C]` mirrored, turned and shifted.
  public func placed(_ placements: [PixelPlacement], border: PixelPlacement.Border) -> Variable {
    tape.record(value.placed(placements, border: border), from: [self]) {
      [$0.upstream.unplaced(placements, border: border)]
    }
  }

  /// The adjoint of ``placed(_:border:)``.
  public func unplaced(_ placements: [PixelPlacement], border: PixelPlacement.Border) -> Variable {
    tape.record(value.unplaced(placements, border: border), from: [self]) {
      [$0.upstream.placed(placements, border: border)]
    }
  }

  /// Each image of `[N, …, C]` with its values changed.
  public func recoloured(_ changes: [ColourChange]) -> Variable {
    tape.record(value.recoloured(changes), from: [self]) {
      [$0.upstream.recoloured(changes.map(\.linear))]
    }
  }

  /// Each image of `[N, H, W, C]` with zeros in a box.
  public func erased(_ boxes: [PixelBox]) -> Variable {
    tape.record(value.erased(boxes), from: [self]) { [$0.upstream.erased(boxes)] }
  }
}
