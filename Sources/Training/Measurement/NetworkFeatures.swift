import Autograd
package import Models
package import Quality
package import TensorCore

/// What the last hidden layer of a network says of images. A network of one channel looks at each channel of
/// an image of several alone: their features stand one behind the other, and their classes make up one mode,
/// as the digits of a number do.
package struct NetworkFeatures: FeatureSpace {
  /// What logs call it.
  package let name: String
  private let network: Classifier
  /// Parts of a sample that the network looks at alone.
  private let parts: Int
  private let weight: Matrix?
  private let bias: [Double]

  /// - Parameter channels: of the images.
  /// - Precondition: the network takes images of one channel or of as many.
  package init(_ network: Classifier, named name: String, channels: Int) {
    precondition([1, channels].contains(network.configuration.channels), "images of \(channels) channels")
    self.name = name
    self.network = network
    parts = channels / network.configuration.channels
    let decision = network.decision
    weight = decision.map {
      Matrix(
        rows: $0.weight.shape[0], columns: $0.weight.shape[1], values: $0.weight.scalars.map(Double.init))
    }
    bias = decision?.bias.scalars.map(Double.init) ?? []
  }

  /// The features of all parts.
  package var count: Int { parts * network.configuration.features }

  /// Classes to the power of the parts.
  package var modeCount: Int {
    network.configuration.classes == 0 ? 0 : (0..<parts).reduce(1) { count, _ in count * bias.count }
  }

  /// The features of images, `[N, H, W, C]` in [-1, 1].
  package func features(of samples: Tensor) -> Matrix {
    let features = network.features(of: Tape(mode: .inference).constant(separated(samples))).value
    return Matrix(rows: samples.shape[0], columns: count, values: features.scalars.map(Double.init))
  }

  /// One image for each channel, `[N · C, H, W, 1]`, where the network takes one.
  private func separated(_ samples: Tensor) -> Tensor {
    guard parts > 1 else { return samples }
    let (count, height, width) = (samples.shape[0], samples.shape[1], samples.shape[2])
    let places = height * width
    let parts = parts
    return Tensor([count * parts, height, width, 1]) { result in
      samples.withUnsafePointer { source in
        for sample in 0..<count {
          for part in 0..<parts {
            let target = result + (sample * parts + part) * places
            let own = source + sample * places * parts + part
            for place in 0..<places { target[place] = own[place * parts] }
          }
        }
      }
    }
  }

  /// The most likely class of each part, the first part's foremost; of equals the first.
  package func modes(of features: Matrix) -> [Int] {
    guard let weight else { preconditionFailure("\(name) knows no modes") }
    let split = Matrix(rows: features.rows * parts, columns: weight.columns, values: features.values)
    let scores = split.product(weight, transposingOther: true)
    return (0..<features.rows).map { row in
      (0..<parts).reduce(0) { mode, part in
        var best = (class: 0, score: -Double.infinity)
        for index in bias.indices {
          let score = scores[row * parts + part, index] + bias[index]
          if score > best.score { best = (index, score) }
        }
        return mode * bias.count + best.class
      }
    }
  }
}
