/// Reads samples of text back: the character of a row is the one whose column is the lightest.
package struct TextRows: Sendable {
  private let characters: [Unicode.Scalar]
  /// The height and width of a sample.
  private let size: Int
  /// The column of the first character; the columns of all stand in the middle.
  private let first: Int

  /// - Parameters:
  ///   - characters: those of the text that samples were drawn from, see ``ImageDataset/characters``.
  ///   - size: the height and width of a sample.
  /// Nil if there are no characters, or more than a row has columns.
  package init?(characters: String, size: Int) {
    self.characters = Array(characters.unicodeScalars)
    self.size = size
    guard (1...max(size, 1)).contains(self.characters.count) else { return nil }
    first = (size - self.characters.count) / 2
  }

  /// The text of one sample, a character a row; of equal columns the first counts.
  /// - Parameter image: `size * size * channels` values, rows from the top, channels innermost; channels are
  ///   added up.
  package func text(of image: UnsafePointer<Float>, channels: Int) -> String {
    var text = ""
    for row in 0..<size {
      var lightest = (column: 0, value: -Float.infinity)
      for column in characters.indices {
        let pixel = image + (row * size + first + column) * channels
        let value = (0..<channels).reduce(0) { $0 + pixel[$1] }
        if value > lightest.value { lightest = (column, value) }
      }
      text.unicodeScalars.append(characters[lightest.column])
    }
    return text
  }
}
