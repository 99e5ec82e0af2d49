import DataParallel
package import Models
import TensorCore

/// A model family: its keys, the model that it makes of options, and what is known of that before it is made.
///
/// Where the rest of the program has to know which family it has before it, it asks here.
protocol FamilyDefinition: Sendable {
  /// What it adds to the table of options.
  var options: ModelFamilyOptions { get }

  /// A model as the options describe it, with uninitialised parameters.
  func makeModel(_ options: Options) -> any Model

  /// The least memory, in bytes, that the model takes of a rank which computes `samples` samples of a step.
  /// - Parameters:
  ///   - microBatch: the samples of a micro-batch.
  ///   - acrossNodes: whether gradients travel between nodes.
  func bytesPerRank(_ options: Options, samples: Int, microBatch: Int, acrossNodes: Bool) -> Double

  /// Whether samples are points of the plane instead of images; not, unless it says so.
  var modelsPoints: Bool { get }

  /// Whether samples are volumes of `size` voxels a side instead of images; not, unless it says so.
  var modelsVolumes: Bool { get }

  /// The weights of all networks, without their averages.
  func weightCount(_ options: Options) -> Double

  /// The convolutions of the networks; none unless it says so.
  func convolutions(_ options: Options) -> [ConvolutionShape]

  /// The model for people, such as `dcgan 32x32x1`, which is what it is unless the family says otherwise.
  func description(_ options: Options) -> String
}

extension FamilyDefinition {
  var modelsPoints: Bool { false }

  var modelsVolumes: Bool { false }

  /// Axes of a sample that have `size` places.
  var axes: Int { modelsVolumes ? 3 : 2 }

  func convolutions(_ options: Options) -> [ConvolutionShape] { [] }

  func description(_ options: Options) -> String {
    let extents = options.modelsVolumes ? options.sampleShape.extents.dropLast() : options.sampleShape.extents
    return "\(options.family.rawValue) \(extents.map(String.init).joined(separator: "x"))"
  }
}

extension Options {
  /// A model as the options describe it, with uninitialised parameters.
  package func makeModel() -> any Model { family.definition.makeModel(self) }

  /// The weights of all networks, without their averages.
  package var weightCount: Double { family.definition.weightCount(self) }

  /// The least memory, in bytes, that a rank needs which computes `samples` samples of a step.
  /// - Parameter acrossNodes: whether gradients travel between nodes.
  package func bytesPerRank(samples: Int, acrossNodes: Bool) -> Double {
    let model = family.definition.bytesPerRank(
      self, samples: samples, microBatch: batch / microBatches, acrossNodes: acrossNodes)
    // An error for each weight, and what becomes the next one while a turn is under way.
    let errors = wire == .powersgd && acrossNodes ? 4 * 2 * weightCount : 0
    // Contexts and originals stand beside samples.
    let shape = sampleShape
    let cell = context == nil ? shape.count : 2 * shape.count + shape.rows * (shape.channels + 1)
    let picture = 4 * Double(self.samples.count) * Double(cell)
    return model + replayBytes + errors + picture
  }

  /// Whether samples are points of the plane, in units of their own.
  var modelsPoints: Bool { family.definition.modelsPoints }

  /// Whether samples are volumes of ``size`` voxels a side.
  var modelsVolumes: Bool { family.definition.modelsVolumes }

  /// The shape of a sample, `[H, W, C]`, or of a volume `[D, H, W, C]`.
  var sampleShape: Shape {
    Shape(Array(repeating: size, count: family.definition.axes) + [channels])
  }

  /// The convolutions of the model's networks.
  package var convolutions: [ConvolutionShape] { family.definition.convolutions(self) }

  /// The model for people, such as `dcgan 32x32x1`.
  package var modelDescription: String { family.definition.description(self) }
}
