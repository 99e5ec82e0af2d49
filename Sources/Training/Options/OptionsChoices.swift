public import DataParallel
public import Datasets
import Platform
import TensorCore

/// When a run is done.
public enum RunLength: Sendable, Equatable {
  /// After this many steps.
  case steps(Int)
  /// After this many passes over the data set; a fraction is allowed.
  case epochs(Double)

  /// Steps of the whole run: `ceil(epochs * samples / batch)`, at least 1.
  ///
  /// - Parameters:
  ///   - samples: the number of samples in one epoch, at least 1.
  ///   - batch: the global batch, at least 1.
  public func steps(samples: Int, batch: Int) -> Int {
    precondition(samples > 0 && batch > 0, "an epoch needs samples and a batch")
    switch self {
    case .steps(let steps): return steps
    case .epochs(let epochs):
      let steps = (epochs * Double(samples) / Double(batch)).rounded(.up)
      return max(1, Int(exactly: steps) ?? Int.max)
    }
  }

  var steps: Int? {
    guard case .steps(let steps) = self else { return nil }
    return steps
  }

  var epochs: Double? {
    guard case .epochs(let epochs) = self else { return nil }
    return epochs
  }
}

/// An update rule: what `optimizer.NETWORK.kind` may be.
public enum OptimizerKind: String, CaseIterable, OptionConvertible {
  /// Adam (Kingma and Ba 2015); AdamW (Loshchilov and Hutter 2019) with weight decay.
  case adam
  /// RMSprop (Tieleman and Hinton 2012).
  case rmsprop
  /// Stochastic gradient descent with momentum.
  case sgd

  /// Its name for people.
  var name: String {
    switch self {
    case .adam: "Adam"
    case .rmsprop: "RMSprop"
    case .sgd: "gradient descent"
    }
  }

  /// The keys under `optimizer.NETWORK.` that it reads and not all rules do.
  var keys: [String] {
    switch self {
    case .adam: ["beta1", "beta2", "epsilon"]
    case .rmsprop: ["alpha", "epsilon"]
    case .sgd: ["momentum"]
    }
  }
}

/// How many threads compute in a rank.
public enum ThreadCount: OptionConvertible {
  /// The cores of the node divided by its ranks.
  case automatic
  /// Exactly this many.
  case fixed(Int)

  /// Takes `auto` or an integer.
  public init(_ value: OptionValue) {
    switch value {
    case .automatic: self = .automatic
    case .integer(let count): self = .fixed(count)
    default: mismatch(value, ThreadCount.self)
    }
  }

  /// `auto` or the integer.
  public var optionValue: OptionValue {
    switch self {
    case .automatic: .automatic
    case .fixed(let count): .integer(count)
    }
  }

  /// Sets the threads that this rank computes with, one of so many on its node.
  package func apply(ranksOnNode: Int) {
    ComputeThreads.count = count(ranksOnNode: ranksOnNode)
    RankCores.areOwn = ComputeThreads.count * ranksOnNode <= min(Cores.onNode, Cores.usable * ranksOnNode)
  }

  /// The threads of each of so many ranks of a node.
  func count(ranksOnNode: Int) -> Int {
    switch self {
    case .automatic: Cores.threads(ranksOnNode: ranksOnNode)
    case .fixed(let count): count
    }
  }
}

/// Where samples come from.
public enum DataSource: OptionConvertible {
  /// The embedded procedural data set of vessel profiles.
  case pottery
  /// An embedded mixture of Gaussians in the plane.
  case mixture(GaussianMixture.Kind)
  /// A file or folder. A relative path is relative to the working directory.
  case path(String)

  /// Takes `pottery`, a mixture's name or a path; a folder that is itself called so is `./pottery`.
  public init(_ value: OptionValue) {
    let text = String(value)
    self =
      text == "pottery"
      ? .pottery : GaussianMixture.Kind(rawValue: text).map(DataSource.mixture) ?? .path(text)
  }

  /// The name or the path.
  public var optionValue: OptionValue {
    switch self {
    case .pottery: .text("pottery")
    case .mixture(let kind): .text(kind.rawValue)
    case .path(let path): .text(path)
    }
  }

  /// Whether the samples lie in files.
  package var isPath: Bool {
    if case .path = self { true } else { false }
  }
}

extension ResizeMode: OptionConvertible {}
extension GradientWire: OptionConvertible {}
