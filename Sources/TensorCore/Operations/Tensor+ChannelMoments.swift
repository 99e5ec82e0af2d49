extension Tensor {
  /// Mean and biased variance of every channel over all other axes: `[…, C] → [C], [C]`.
  ///
  /// Blocks of 64 rows are reduced while they are in the cache, first to their mean, then to the squared
  /// deviations from it, and merged pairwise (Chan, Golub and LeVeque, 1979); all relative to the first row,
  /// so that a mean far from zero costs no accuracy. The values are read from memory once.
  /// - Precondition: there is at least one row.
  public func channelMoments() -> (mean: Tensor, variance: Tensor) {
    precondition(shape.rows > 0, "\(shape) has no rows to take moments of")
    let channels = shape.channels
    let blocks = RowBlocks(rows: shape.rows)
    let means = Scratch(count: blocks.count * channels)
    defer { means.end() }
    let squares = Scratch(count: blocks.count * channels)
    defer { squares.end() }
    withUnsafePointer { values in
      blocks.forEach { block, rows in
        reduce(
          values, rows, means.pointer + block * channels, squares.pointer + block * channels)
      }
    }
    var counts = (0..<blocks.count).map { blocks.range($0).count }
    blocks.merge { left, right in
      let total = counts[left] + counts[right]
      let share = Float(counts[right]) / Float(total)
      let weight = Float(counts[left]) * share
      counts[left] = total
      let (mean, otherMean) = (means.pointer + left * channels, means.pointer + right * channels)
      let (square, otherSquare) = (squares.pointer + left * channels, squares.pointer + right * channels)
      for channel in 0..<channels {
        let difference = otherMean[channel] - mean[channel]
        mean[channel] += difference * share
        square[channel] += otherSquare[channel] + difference * difference * weight
      }
    }
    let scale = 1 / Float(shape.rows)
    return (
      mean: Tensor([channels]) { mean in
        withUnsafePointer { origin in
          for channel in 0..<channels { mean[channel] = origin[channel] + means.pointer[channel] }
        }
      },
      variance: Tensor([channels]) { variance in
        for channel in 0..<channels { variance[channel] = squares.pointer[channel] * scale }
      }
    )
  }

  /// The mean of a block of rows, less the first row of all, and the sums of its squared deviations.
  private func reduce(
    _ values: UnsafePointer<Float>, _ rows: Range<Int>, _ means: UnsafeMutablePointer<Float>,
    _ squares: UnsafeMutablePointer<Float>
  ) {
    let channels = shape.channels
    let first = values + rows.lowerBound * channels
    let end = values + rows.upperBound * channels
    let scale = 1 / Float(rows.count)
    ChannelGroup.forEach(channels) { group in
      let origin = group.load(values)
      var sum = ChannelGroup.Vector.zero
      var row = first
      while row < end {
        sum += group.load(row) - origin
        row += channels
      }
      let mean = sum * scale
      var square = ChannelGroup.Vector.zero
      row = first
      while row < end {
        let deviation = group.load(row) - origin - mean
        square += deviation * deviation
        row += channels
      }
      group.store(mean, to: means)
      group.store(square, to: squares)
    }
  }
}
