import MessagePassing

extension NodeMemory {
  /// The most elements of a vector, in whole cache lines, of which a segment has room for so many blocks.
  func blockLength(rooms: Int) -> Int {
    let length = segmentBytes / 4 / rooms / SlicePlan.alignment * SlicePlan.alignment
    precondition(length > 0, "a segment has no room for \(rooms) blocks")
    return length
  }
}
