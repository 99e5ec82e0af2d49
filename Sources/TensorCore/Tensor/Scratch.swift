/// Room for what a kernel computes on its way, from the blocks of ``TensorStorage``. It has no owner that the
/// compiler could end early while a pointer is in use: who takes it gives it back.
struct Scratch {
  /// The first element.
  let pointer: UnsafeMutablePointer<Float>
  private let size: SizeClass

  /// Uninitialised room for `count` elements, until ``end()``.
  init(count: Int) { (pointer, size) = FreeList.take(count) }

  /// `count` zeros.
  init(zeros count: Int) {
    self.init(count: count)
    clear(pointer, count)
  }

  /// Gives the room back; nothing may use the pointer any more.
  func end() { FreeList.give(pointer, size) }
}
