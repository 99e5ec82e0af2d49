import Models

/// Why samples cannot be drawn as asked for.
package enum SamplingError: Error, Equatable, CustomStringConvertible {
  /// The model is not asked by class.
  case noClasses
  /// The samples are points of the plane, not images.
  case noImages
  /// There is no class of that number.
  case noClass(Int, of: Int)

  /// `what, where; what to do next`.
  package var description: String {
    switch self {
    case .noClasses: "the model was trained without model.condition and knows no classes; leave out --class"
    case .noImages: "the samples are points, not images; leave out --folder, or take --tensors"
    case .noClass(let number, let count):
      "the model has no class \(number); its classes are 0 to \(count - 1), or leave out --class for all"
    }
  }

  static func check(_ number: Int, of model: any Model) throws(SamplingError) {
    guard model.classCount > 0 else { throw .noClasses }
    guard 0..<model.classCount ~= number else { throw .noClass(number, of: model.classCount) }
  }
}
