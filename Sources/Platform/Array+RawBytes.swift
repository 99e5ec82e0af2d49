extension Array {
  /// Reads the elements as they lie in memory; the pointer is valid within `body` only. As `withUnsafeBytes`,
  /// which does not tell what `body` throws.
  package func withRawBytes<R, E>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try withUnsafeBufferPointer { elements throws(E) in try body(UnsafeRawBufferPointer(elements)) }
  }
}
