import Models

extension ContextRule {
  /// What a model is shown of a sample.
  var text: String {
    switch kind {
    case .box: "all but a box of about \(share) of the places"
    case .piece: "one side of a plane, without about \(share) of the places"
    case .coarse: "the mean of each block of \(factor) places a side"
    case .grey: "the mean of the three channels"
    case .pair: "the \(shown.rawValue) half of a pair"
    }
  }

  /// In as many digits as tell it.
  private var share: String { "\(hidden)" }

  /// What a context is, in the layout of PyTorch, for the card of an export.
  var card: String {
    switch kind {
    case .box, .piece:
      "Channels: the values from -1 to 1, 0 where unknown, then a mask, 1 where known. Here all is unknown."
    case .coarse:
      "Channels: of each block of \(factor) a side the mean, from -1 to 1, at each place, then a mask of zeros."
    case .pair: "Channels: the \(shown.rawValue) half of a pair, from -1 to 1, then a mask of zeros."
    case .grey: "Channels: the mean of red, green and blue, from -1 to 1, three times, then a mask of zeros."
    }
  }
}
