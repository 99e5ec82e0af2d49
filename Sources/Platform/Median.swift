extension Array where Element: Comparable {
  /// The middle element by size, of an even number the larger of both.
  /// - Precondition: there is one.
  package var median: Element { sorted()[count / 2] }
}
