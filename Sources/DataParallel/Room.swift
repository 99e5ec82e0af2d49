import TensorCore

/// Storage that is given out piece by piece, from its beginning on.
struct Room {
  private let storage: TensorStorage
  private var used = 0

  init(_ storage: TensorStorage) { self.storage = storage }

  /// The next `count` elements.
  mutating func take(_ count: Int) -> UnsafeMutablePointer<Float> {
    precondition(used + count <= storage.count, "\(used + count) elements in a room of \(storage.count)")
    defer { used += count }
    return storage.pointer + used
  }
}
