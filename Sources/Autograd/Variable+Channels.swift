import TensorCore

/// Channels side by side.
extension Variable {
  /// The channels of both, those of `other` last: `[…, a]` and `[…, b]` to `[…, a + b]`.
  /// - Precondition: the other extents are equal.
  public func appendingChannels(_ other: Variable) -> Variable {
    recorder(with: other).record(value.appendingChannels(other.value), from: [self, other]) { step in
      let (a, b) = (step.inputs[0].shape.channels, step.inputs[1].shape.channels)
      return [
        step.needs[0] ? step.upstream.channels(0..<a) : nil,
        step.needs[1] ? step.upstream.channels(a..<(a + b)) : nil,
      ]
    }
  }

  /// Some of the channels: `[…, C]` to `[…, range.count]`.
  /// - Precondition: `range` lies within the channels.
  public func channels(_ range: Range<Int>) -> Variable {
    tape.record(value.channels(range), from: [self]) {
      [$0.upstream.placingChannels(at: range.lowerBound, of: $0.inputs[0].shape.channels)]
    }
  }

  /// The adjoint of ``channels(_:)``: these channels from `start` on among `count`, zeros elsewhere.
  /// - Precondition: they fit.
  public func placingChannels(at start: Int, of count: Int) -> Variable {
    tape.record(value.placingChannels(at: start, of: count), from: [self]) {
      [$0.upstream.channels(start..<(start + $0.inputs[0].shape.channels))]
    }
  }
}
