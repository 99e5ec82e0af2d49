import TensorCore

/// What a generation says about itself beside its tensors.
public struct GenerationInfo: Equatable, Sendable {
  /// The steps that have been done.
  public var step: Int
  /// The version of the program that wrote it, such as `0.1.0`.
  public var programVersion: String
  /// The number of ranks that wrote it. Any other number may resume it.
  public var worldSize: Int
  /// The recipe's name.
  public var recipe: String
  /// A description of the model for people, such as `dcgan 32x32x1`.
  public var model: String
  /// The resolved options, as text that the program reads; nil in what formats before 2.1 have.
  public var options: String?
  /// SHA-256 of what of the options the weights depend on.
  public var optionsSHA256: String
  /// SHA-256 of what the writer's kernels and mathematical functions make of fixed numbers; nil in formats
  /// before 2.3.
  public var arithmeticSHA256: String?
  /// The fingerprint of the data set.
  public var dataFingerprint: String
  /// What the classes of the data are called, in the order of their labels; empty where they have no names.
  public var classNames: [String]
  /// The characters that the columns of one-hot text stand for; nil of other data.
  public var characters: String?
  /// SHA-256 of the float bytes of all networks, in order.
  public var weightsSHA256: String
  /// SHA-256 of everything that determines the rest of the run.
  public var stateSHA256: String
  /// Small named values that the trainer needs to go on.
  public var state: [String: StateValue]

  /// No run has more steps: what a manifest says beyond it is no number of steps.
  public static let lastStep = 1_000_000_000_000

  /// - Precondition: `step` is not negative and `worldSize` is positive.
  public init(
    step: Int, programVersion: String, worldSize: Int, recipe: String, model: String, options: String? = nil,
    optionsSHA256: String, arithmeticSHA256: String? = nil, dataFingerprint: String,
    classNames: [String] = [],
    characters: String? = nil, weightsSHA256: String, stateSHA256: String, state: [String: StateValue] = [:]
  ) {
    precondition(step >= 0 && worldSize > 0, "a generation belongs to a step and at least one rank")
    self.step = step
    self.programVersion = programVersion
    self.worldSize = worldSize
    self.recipe = recipe
    self.model = model
    self.options = options
    self.optionsSHA256 = optionsSHA256
    self.arithmeticSHA256 = arithmeticSHA256
    self.dataFingerprint = dataFingerprint
    self.classNames = classNames
    self.characters = characters
    self.weightsSHA256 = weightsSHA256
    self.stateSHA256 = stateSHA256
    self.state = state
  }
}

/// Tensors that stand in one file of a generation, such as those of the generator network.
public struct TensorFile: Sendable {
  /// The name without extension, such as `generator`: 1 to 64 of `A-Z a-z 0-9 . _ -`, not beginning with a
  /// dot.
  public let name: String
  /// The tensors in the order of the file.
  public let tensors: [NamedTensor]
  /// How they lie in the file.
  public let encoding: TensorEncoding
  /// Free text for the file's own header.
  public let metadata: [String: String]

  /// - Precondition: `name` keeps to its alphabet, the tensors' names are unique, and what is not encoded as
  ///   `.values` is Float32.
  public init(
    name: String, tensors: [NamedTensor], encoding: TensorEncoding = .values, metadata: [String: String] = [:]
  ) {
    precondition(Self.isValid(name), "\"\(name)\" is no name for a file")
    precondition(Set(tensors.map(\.name)).count == tensors.count, "the names in \(name) are unique")
    precondition(
      encoding == .values || tensors.allSatisfy { $0.tensor != nil }, "only floats are taken into planes")
    self.name = name
    self.tensors = tensors
    self.encoding = encoding
    self.metadata = metadata
  }

  static let fileExtension = ".safetensors.zst"

  /// Whether `name` is a single path part of harmless characters.
  static func isValid(_ name: String) -> Bool {
    let isAllowed = { (byte: UInt8) in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    return (1...64).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: ".")
      && name.utf8.allSatisfy(isAllowed)
  }
}

/// Everything that one generation holds, ready to be saved.
public struct GenerationContents: Sendable {
  /// What the generation says about itself.
  public let info: GenerationInfo
  /// The files, each with its tensors.
  public let files: [TensorFile]
  /// Which other generations stay, whatever their age.
  public let retained: RetainedGenerations

  /// - Precondition: the files' names are unique; what a file is encoded as the difference to stands before
  ///   it, with all of its tensors' names and shapes.
  public init(
    info: GenerationInfo, files: [TensorFile], retained: RetainedGenerations = RetainedGenerations()
  ) {
    precondition(Set(files.map(\.name)).count == files.count, "the files' names are unique")
    for (index, file) in files.enumerated() {
      guard case .difference = file.encoding else { continue }
      let bases = file.bases(in: files[..<index])
      precondition(
        file.tensors.allSatisfy { bases[$0.name]?.shape == $0.shape },
        "the tensors of \(file.name) have those that they are the difference to")
    }
    self.info = info
    self.files = files
    self.retained = retained
  }
}

/// Generations that stay beside the newest ones.
public struct RetainedGenerations: Equatable, Sendable {
  /// The step of the best one by the run's metric, which the pointer `best` names.
  public var best: Int?
  /// The steps of others: of those that training may go back to, and of those that were the best before,
  /// until the newer one is known to be whole.
  public var others: [Int]

  /// Steps of generations, or none.
  public init(best: Int? = nil, others: [Int] = []) {
    self.best = best
    self.others = others
  }

  /// Whether the generation of `step` is one of them.
  func contains(_ step: Int) -> Bool { step == best || others.contains(step) }
}
