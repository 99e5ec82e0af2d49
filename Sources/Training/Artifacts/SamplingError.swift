package import Platform

/// Why samples cannot be drawn as asked for.
package enum SamplingError: ReportedError, Equatable, CustomStringConvertible {
  /// The model is not asked by class.
  case noClasses
  /// The samples are points of the plane, not images.
  case noImages
  /// Points have no strips.
  case noStrips
  /// There is nothing between two contexts.
  case noInterpolation
  /// The model makes samples of noise, and completes none.
  case noContext
  /// The model makes samples of contexts alone, without noise.
  case noSeed
  /// A file has fewer contexts than samples are asked for.
  case fewContexts(Int, count: Int)
  /// Of samples in a file, at a path, parts are unknown to a model that is shown less of all of a sample.
  case partial(String)
  /// The samples are images or points, not text.
  case noText
  /// There is no class of that name or number.
  case noClass(String, named: [String], count: Int)

  package var exitStatus: ExitStatus { .usage }

  /// `what, where; what to do next`.
  package var description: String {
    switch self {
    case .noClasses: "the model was trained without model.condition and knows no classes; leave out --class"
    case .noImages: "the samples are points, not images; leave out --folder, or take --tensors"
    case .noStrips: "the samples are points, all in one picture; leave out --interpolate, or give --count"
    case .noInterpolation:
      "samples are completed, and there is nothing between two contexts; leave out --interpolate"
    case .noContext: "the model makes samples of noise and completes none; leave out --context"
    case .noSeed: "--context has all that samples of this model are made of; leave out --seed"
    case .fewContexts(let contexts, let count):
      "\(Count.text(count, "sample")) of \(Count.text(contexts, "context")) in the file; "
        + "give --count=\(contexts) at most, or leave it out"
    case .partial(let path):
      "parts of the samples are unknown (\(path)), but the model is shown something of every place; "
        + "give whole samples, or train with context.kind=box or piece"
    case .noText: "the samples are not text; give --output a name that ends in .png"
    case .noClass(let name, let names, let count):
      "the model has no class \(TerminalText.escaped(name)); its classes are 0 to \(count - 1)"
        + (names.isEmpty ? "" : " or \(Prose.list(Array(names.prefix(Self.mostNames))))")
        + (names.count > Self.mostNames ? " and more" : "") + "; leave out --class for all"
    }
  }

  private static let mostNames = 12

  /// The number of the class that is asked for by name or, where no class has that name, by number.
  /// - Parameters:
  ///   - names: in the order of the classes; may be fewer than there are classes.
  ///   - count: classes of the model; 0 if it is not asked by class.
  static func number(
    ofClass name: String, named names: [String], count: Int
  ) throws(SamplingError) -> Int {
    guard count > 0 else { throw .noClasses }
    let names = Array(names.prefix(count))
    // As the file system has them, where one letter may be spelled in two ways; by the letters, where that
    // names one class.
    let spelled = names.firstIndex { $0.utf8.elementsEqual(name.utf8) }
    let equal = names.indices.filter { names[$0] == name }
    let named = spelled ?? (equal.count == 1 ? equal[0] : nil)
    guard let number = named ?? Int(name), 0..<count ~= number else {
      throw .noClass(name, named: names, count: count)
    }
    return number
  }
}
