public import TensorCore

/// What a model that completes samples is shown of one, its *context* (Pathak et al. 2016, "Context
/// Encoders"): the values, 0 where they are hidden, and behind them a mask, 1 where the value is known
/// exactly, 0 where it is not.
///
/// A cut is a function of the sample and of its row of uniform numbers alone, to the bit on every machine:
/// where a plane lies is computed exactly, and means are added up in one order.
public struct ContextRule: Hashable, Sendable {
  /// What is hidden of a sample, or what stands for it.
  public enum Kind: String, CaseIterable, Sendable {
    /// A square, or a cube, somewhere in the sample is hidden (inpainting).
    case box
    /// What lies on one side of a line, or a plane, of any direction is hidden (a sherd of a vessel).
    case piece
    /// Each block of places has its mean (super-resolution).
    case coarse
    /// Each channel has the mean of the channels (colourisation).
    case grey
    /// One half of a pair of images is shown, and the other is to be made (image translation).
    case pair
  }

  /// What is hidden, or what stands for it.
  public let kind: Kind
  /// The share of the places that `box` and `piece` hide, as near as their shapes come to it.
  public let hidden: Float
  /// The places a side of a block of `coarse`.
  public let factor: Int
  /// The half that is shown of a `pair`.
  public let shown: PairHalf

  /// - Precondition: `hidden` lies between 0 and 1, and `factor` is at least 2.
  public init(_ kind: Kind, hidden: Float = 0.5, factor: Int = 4, shown: PairHalf = .left) {
    precondition(hidden > 0 && hidden < 1, "a part of a sample is hidden and a part is known")
    precondition(factor >= 2, "a block has several places a side")
    (self.kind, self.hidden, self.factor, self.shown) = (kind, hidden, factor, shown)
  }

  /// The uniform numbers that a cut takes of a sample: those of a direction, which are the most.
  public static let noiseCount = 3 * numbersPerComponent
  /// The sum of four is nearly normal, so that directions are nearly isotropic.
  private static let numbersPerComponent = 4

  /// Whether values that are shown are those of the sample.
  public var keepsKnown: Bool { kind == .box || kind == .piece }

  /// Contexts of samples.
  /// - Parameters:
  ///   - samples: `[N, size, size, C]`, or `[N, size, size, size, C]`; pairs `[N, size, 2 size, C]`.
  ///   - noise: `[N, noiseCount]` of `KeyedNoise.Purpose.contexts`.
  /// - Returns: `[N, size…, C + 1]`.
  /// - Precondition: a block of `coarse` divides the side; samples of `grey` have 3 channels.
  public func callAsFunction(_ samples: Tensor, noise: Tensor) -> Tensor {
    if kind == .pair { return context(showing: samples.half(shown)) }
    let (count, frame) = (samples.shape[0], Frame(samples.shape))
    precondition(noise.shape == [count, Self.noiseCount], "\(noise.shape) of \(count) samples")
    precondition(kind != .coarse || frame.side.isMultiple(of: factor), "blocks fill a side")
    precondition(kind != .grey || frame.channels == 3, "grey is what colours have in common")
    let (length, width) = (frame.places * frame.channels, frame.places * (frame.channels + 1))
    return Tensor(samples.shape.replacingChannels(by: frame.channels + 1)) { result in
      withUnsafePointers(samples, noise) { samples, noise in
        ComputeThreads.run(jobs: count) { sample in
          cut(
            samples + sample * length, frame, noise + sample * Self.noiseCount, to: result + sample * width)
        }
      }
    }
  }

  private func cut(
    _ sample: UnsafePointer<Float>, _ frame: Frame, _ noise: UnsafePointer<Float>,
    to result: UnsafeMutablePointer<Float>
  ) {
    switch kind {
    case .box:
      let side = frame.boxSide(share: Double(hidden))
      let origin = box(of: side, in: frame, noise)
      frame.write(sample, to: result) { place in
        let offset = place &- origin
        return any((offset .< 0) .| (offset .>= side))
      }
    case .piece:
      let direction = direction(frame, noise)
      let threshold = frame.threshold(along: direction, share: Double(hidden))
      frame.write(sample, to: result) { frame.projection(of: $0, on: direction) <= threshold }
    case .coarse: frame.writeMeans(of: sample, factor: factor, to: result)
    case .grey: frame.writeGrey(of: sample, to: result)
    case .pair: preconditionFailure("a half of a pair is shown whole")
    }
  }

  /// The first place of a box, each as likely.
  private func box(of side: Int, in frame: Frame, _ noise: UnsafePointer<Float>) -> SIMD3<Int> {
    func start(_ axis: Int) -> Int {
      min(Int(noise[axis] * Float(frame.side - side + 1)), frame.side - side)
    }
    return SIMD3(start(0), start(1), frame.isVolume ? start(2) : 0)
  }

  /// Sums of uniform numbers less their mean. They are multiples of 2⁻²⁴, which `Double` adds exactly.
  private func direction(_ frame: Frame, _ noise: UnsafePointer<Float>) -> SIMD3<Double> {
    func component(_ axis: Int) -> Double {
      let count = Self.numbersPerComponent
      return (0..<count).reduce(-Double(count) / 2) { $0 + Double(noise[axis * count + $1]) }
    }
    return SIMD3(component(0), component(1), frame.isVolume ? component(2) : 0)
  }
}

/// The places of a sample: columns, rows and, in a volume, planes, in the order of `SIMD3`.
private struct Frame {
  let side: Int
  let planes: Int
  let channels: Int
  let isVolume: Bool

  init(_ shape: Shape) {
    precondition(shape.rank == 4 || shape.rank == 5, "\(shape) are no images and no volumes")
    (side, channels, isVolume) = (shape[1], shape.channels, shape.rank == 5)
    precondition(
      side > 1 && shape.extents.dropFirst().dropLast().allSatisfy { $0 == shape[1] },
      "the sides of \(shape) are equal")
    planes = isVolume ? side : 1
  }

  var places: Int { planes * side * side }

  /// The side of a box of about a share of the places: the one whose volume comes nearest, of at least one
  /// place and at most all but one.
  func boxSide(share: Double) -> Int {
    let aim = share * Double(places)
    func distance(_ side: Int) -> Double { abs(Double(side * side * (isVolume ? side : 1)) - aim) }
    return (1..<side).min { distance($0) < distance($1) } ?? 1
  }

  /// How far a place lies along a direction from the middle, in half places. Exact: a component has 26 bits,
  /// and no product or sum more than 53.
  @inline(__always)
  func projection(of place: SIMD3<Int>, on direction: SIMD3<Double>) -> Double {
    Double(2 &* place.x &+ 1 &- side) * direction.x + Double(2 &* place.y &+ 1 &- side) * direction.y
      + Double(2 &* place.z &+ 1 &- planes) * direction.z
  }

  /// The projection that a share of the places exceeds: midway between two of a lattice of eight a side,
  /// whose places lie in the middles of equal blocks, so that no sample is sorted whole.
  func threshold(along direction: SIMD3<Double>, share: Double) -> Double {
    let count = 8
    let lattice = Frame(side: count, isVolume: isVolume)
    var projections: [Double] = []
    projections.reserveCapacity(lattice.places)
    for plane in 0..<lattice.planes {
      for row in 0..<count {
        for column in 0..<count {
          projections.append(lattice.projection(of: SIMD3(column, row, plane), on: direction))
        }
      }
    }
    projections.sort()
    let known = Int(((1 - share) * Double(projections.count)).rounded())
    let above = min(max(known, 1), projections.count - 1)
    return (projections[above - 1] + projections[above]) * (0.5 * Double(side) / Double(count))
  }

  /// Values that are known, zeros elsewhere, and the mask.
  @inline(__always)
  func write(
    _ sample: UnsafePointer<Float>, to result: UnsafeMutablePointer<Float>,
    isKnown: (SIMD3<Int>) -> Bool
  ) {
    var (source, target) = (sample, result)
    for plane in 0..<planes {
      for row in 0..<side {
        for column in 0..<side {
          let known = isKnown(SIMD3(column, row, plane))
          for channel in 0..<channels { target[channel] = known ? source[channel] : 0 }
          target[channels] = known ? 1 : 0
          source += channels
          target += channels &+ 1
        }
      }
    }
  }

  /// The mean of each block of `factor` places a side at each of its places, added up in the order of places,
  /// and a mask of zeros.
  func writeMeans(of sample: UnsafePointer<Float>, factor: Int, to result: UnsafeMutablePointer<Float>) {
    let (blocks, width) = (side / factor, channels + 1)
    let depth = isVolume ? factor : 1
    let scale = 1 / Double(depth * factor * factor)
    let sums = UnsafeMutablePointer<Double>.allocate(capacity: blocks * channels)
    defer { sums.deallocate() }
    /// The places of `factor` rows and planes, row by row.
    func forEachRow(_ first: SIMD2<Int>, _ body: (_ place: Int) -> Void) {
      for plane in first.y..<first.y &+ depth {
        for row in first.x..<first.x &+ factor { body((plane &* side &+ row) &* side) }
      }
    }
    for plane in stride(from: 0, to: planes, by: depth) {
      for row in stride(from: 0, to: side, by: factor) {
        sums.update(repeating: 0, count: blocks * channels)
        forEachRow(SIMD2(row, plane)) { place in
          var source = sample + place &* channels
          for block in 0..<blocks {
            let sum = sums + block &* channels
            for _ in 0..<factor {
              for channel in 0..<channels { sum[channel] += Double(source[channel]) }
              source += channels
            }
          }
        }
        forEachRow(SIMD2(row, plane)) { place in
          var target = result + place &* width
          for block in 0..<blocks {
            let sum = sums + block &* channels
            for _ in 0..<factor {
              for channel in 0..<channels { target[channel] = Float(sum[channel] * scale) }
              target[channels] = 0
              target += width
            }
          }
        }
      }
    }
  }

  /// The mean of the three channels in each, and a mask of zeros.
  func writeGrey(of sample: UnsafePointer<Float>, to result: UnsafeMutablePointer<Float>) {
    for place in 0..<places {
      let (source, target) = (sample + 3 &* place, result + 4 &* place)
      let mean = (source[0] + source[1] + source[2]) * (1 / 3)
      (target[0], target[1], target[2], target[3]) = (mean, mean, mean, 0)
    }
  }
}

extension Frame {
  /// Places without values.
  private init(side: Int, isVolume: Bool) {
    (self.side, self.isVolume) = (side, isVolume)
    (planes, channels) = (isVolume ? side : 1, 0)
  }
}
