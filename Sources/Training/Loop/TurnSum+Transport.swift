package import DataParallel
package import Models

extension TurnSum {
  /// What is wrong with a sum that is not finite.
  package struct Fault: Equatable, Sendable {
    /// The first such element.
    package let element: Int
    /// The ranks whose own sums are not finite; none if only adding them made it so.
    package let ranks: [Int]
  }

  /// What the ranks said at a turn.
  package struct Flags: Sendable, Equatable {
    /// That at least one rank had set.
    package var union: StatusFlags = []
    /// That all ranks had set.
    package var intersection: StatusFlags = []
  }

  /// What is said of the turn to the other ranks, and what of it is kept in the timeline.
  package struct Place: Sendable {
    let step: Int
    let phase: Phase
    let flags: StatusFlags
    let timeline: Timeline?

    package init(step: Int, phase: Phase, flags: StatusFlags = [], timeline: Timeline? = nil) {
      self.step = step
      self.phase = phase
      self.flags = flags
      self.timeline = timeline
    }
  }

  /// How a sum travels.
  package struct Transport: Sendable {
    /// 1 MiB.
    package static let defaultPartLength = 1 << 18

    /// Elements that travel at a time between nodes, in front of something more urgent.
    package var partLength: Int
    /// What they are between nodes.
    package var format: WireFormat
    /// The first element that travels as it is in any format, behind the gradient.
    package var exactFrom: Int
    /// Whether on one node each rank needs of a bucket's gradient only the slice that it moves. Not of one
    /// that is compressed.
    package var isScattered: Bool
    /// What compresses gradients. Nothing may be read then before everything is back and looked at, because
    /// an error memory can make a sum one that is not finite that no rank's own sums do; there is little to
    /// wait for.
    package var compression: PowerSGDSum?

    package init(
      partLength: Int = defaultPartLength, format: WireFormat = .float32, exactFrom: Int = 0,
      isScattered: Bool = false,
      compression: PowerSGDSum? = nil
    ) {
      self.partLength = partLength
      self.format = format
      self.exactFrom = exactFrom
      self.isScattered = isScattered
      self.compression = compression
    }

    /// What of a range is gradient.
    func gradient(in range: Range<Int>) -> Range<Int> { range.clamped(to: 0..<exactFrom) }

    /// What of a range travels as it is in any format.
    func rest(of range: Range<Int>) -> Range<Int> { range.clamped(to: exactFrom..<Int.max) }
  }
}
