public import TensorCore

extension Augmentation {
  /// Uniform numbers that a sample's changes are made of, whatever the transformations: a multiple of four,
  /// so that samples share no block of the generator.
  public static let numbersPerSample = 24

  /// The places of a sample's numbers.
  private enum Place {
    /// The first switch; one for each case of ``Transform``, in order.
    static let switches = 0
    static let flip = 8
    static let rotation = 9
    static let right = 10
    static let down = 11
    static let centreRight = 12
    static let centreDown = 13
    /// Pairs, of which a uniform transformation uses the first number and a normal one both.
    static let brightness = 14
    static let saturation = 16
    static let contrast = 18
  }

  /// What uniform numbers in (0, 1) do to samples.
  /// - Parameters:
  ///   - uniform: `[n, numbersPerSample]`.
  ///   - probability: of each transformation of each sample.
  public func changes(of uniform: Tensor, probability: Float, height: Int, width: Int) -> Changes {
    let count = uniform.shape[0]
    precondition(uniform.shape == [count, Self.numbersPerSample], "24 numbers a sample")
    let numbers = uniform.scalars
    func number(_ sample: Int, _ place: Int) -> Float { numbers[sample * Self.numbersPerSample + place] }
    let order = Transform.allCases
    func isOn(_ transform: Transform, _ sample: Int) -> Bool {
      guard transforms.contains(transform), let place = order.firstIndex(of: transform) else { return false }
      return number(sample, Place.switches + place) < probability
    }
    let brightness = factors(.brightness, uniform, Place.brightness)
    let saturation = factors(.saturation, uniform, Place.saturation)
    let contrast = factors(.contrast, uniform, Place.contrast)

    var changes = Changes(placements: [], colours: [], boxes: [])
    for sample in 0..<count {
      var placement = PixelPlacement()
      if isOn(.flip, sample) { placement.isMirrored = number(sample, Place.flip) >= 0.5 }
      if isOn(.rotation, sample) { placement.quarterTurns = Int(number(sample, Place.rotation) * 4) }
      if isOn(.translation, sample) {
        placement.right = shift(number(sample, Place.right), width)
        placement.down = shift(number(sample, Place.down), height)
      }
      changes.placements.append(placement)
      changes.colours.append(
        colour(
          brightness: isOn(.brightness, sample) ? brightness[sample] : 0,
          saturation: isOn(.saturation, sample) ? saturation[sample] : 1,
          contrast: isOn(.contrast, sample) ? contrast[sample] : 1))
      changes.boxes.append(
        isOn(.cutout, sample)
          ? PixelBox(
            rows: cut(number(sample, Place.centreDown), height),
            columns: cut(number(sample, Place.centreRight), width)) : .none)
    }
    return changes
  }

  /// The offset or factor of a colour transformation for each sample, were it switched on.
  private func factors(_ transform: Transform, _ uniform: Tensor, _ place: Int) -> [Float] {
    let count = uniform.shape[0]
    guard transforms.contains(transform) else { return [] }
    func column(_ place: Int) -> Tensor {
      Tensor([count]) { result in
        uniform.withUnsafePointer { numbers in
          for sample in 0..<count { result[sample] = numbers[sample * Self.numbersPerSample + place] }
        }
      }
    }
    guard kind == .ada else {
      let numbers = column(place).scalars
      switch transform {
      case .brightness: return numbers.map { $0 - 0.5 }
      case .saturation: return numbers.map { 2 * $0 }
      default: return numbers.map { $0 + 0.5 }
      }
    }
    // Box and Muller's transform, and 2^x as e^(x ln 2).
    let radii = column(place).log().multiplied(by: -2).squareRoot()
    let cosines = column(place + 1).multiplied(by: 2 * Float.pi).cos()
    let normal = radii * cosines
    let doubling: Float = 0.693_147_2
    switch transform {
    case .brightness: return normal.multiplied(by: 0.2).scalars
    case .saturation: return normal.multiplied(by: doubling).exp().scalars
    default: return normal.multiplied(by: 0.5 * doubling).exp().scalars
    }
  }

  /// A shift by at most an eighth of the side. DiffAugment draws from the whole numbers of that range, ADA
  /// rounds a number of it.
  private func shift(_ uniform: Float, _ side: Int) -> Int {
    guard kind == .diffaugment else {
      return Int(((uniform * 2 - 1) * 0.125 * Float(side)).rounded(.toNearestOrEven))
    }
    let longest = Int(Float(side) * 0.125 + 0.5)
    return Int(uniform * Float(2 * longest + 1)) - longest
  }

  /// The part of a side that a cutout of half of it covers. DiffAugment centres it on a pixel or behind the
  /// last, ADA anywhere; what sticks out is cut off.
  private func cut(_ uniform: Float, _ side: Int) -> Range<Int> {
    guard kind == .diffaugment else {
      // Pixels whose middle is less than a quarter of the side from the centre.
      let first = Int(((uniform - 0.25) * Float(side) - 0.5).rounded(.down)) + 1
      let end = Int(((uniform + 0.25) * Float(side) - 0.5).rounded(.up))
      return max(first, 0)..<min(end, side)
    }
    let length = Int(Float(side) * 0.5 + 0.5)
    let start = Int(uniform * Float(side + 1 - length % 2)) - length / 2
    return max(start, 0)..<min(start + length, side)
  }

  /// Brightness, saturation and contrast in DiffAugment's order, or ADA's brightness, contrast and
  /// saturation, as one map. Saturation leaves what all channels have in common, so the two orders differ in
  /// what brightness becomes alone.
  private func colour(brightness: Float, saturation: Float, contrast: Float) -> ColourChange {
    var change = ColourChange()
    change.own = contrast * saturation
    change.pixelMean = contrast * (1 - saturation)
    change.imageMean = kind == .diffaugment ? 1 - contrast : 0
    change.offset = kind == .diffaugment ? brightness : contrast * brightness
    return change
  }
}
