/// One row of the table of options: how a key is spelled, what it accepts and where its value is stored.
public struct OptionKey: Sendable {
  /// The dotted path, such as `checkpoint.every`.
  public let path: String
  /// What the key accepts.
  public private(set) var type: OptionType
  /// Its default.
  public private(set) var fallback: OptionFallback
  /// The unit of the value, or the empty string.
  public let unit: String
  /// One line for people.
  public let help: String
  /// What the key has to do with the weights.
  public let role: OptionRole
  /// Where the weights depend on a key on which they do not elsewhere.
  private var decides: (@Sendable (Options) -> Bool)?
  /// A value that the digest of the arithmetic leaves out: that of a key which runs without it had already,
  /// so that their digests stay what they were.
  private(set) var neutral: OptionValue?
  /// What other tools call it; used in suggestions alone, never accepted.
  let synonyms: [String]
  let read: @Sendable (Options) -> OptionValue?
  let write: @Sendable (inout Options, OptionValue?) -> Void

  /// Whether a run may be resumed with another value, unless ``isArithmetic(in:)`` there.
  public var mayChangeOnResume: Bool { role != .arithmetic }

  /// Whether the weights of a run with these options depend on the key.
  func isArithmetic(in options: Options) -> Bool { role == .arithmetic || decides?(options) == true }

  /// The last component of ``path``.
  var name: Substring { path.split(separator: ".").last ?? path[...] }

  /// A key whose value every run has.
  init<Value: OptionConvertible>(
    _ path: String, _ place: any WritableKeyPath<Options, Value> & Sendable, _ type: OptionType,
    default value: OptionFallback, unit: String = "", role: OptionRole, synonyms: [String] = [], help: String
  ) {
    self.init(
      path, type, value, unit, role, synonyms, help,
      read: { $0[keyPath: place].optionValue },
      write: { options, value in
        guard let value else { preconditionFailure("\(path) has no value") }
        options[keyPath: place] = Value(value)
      })
  }

  /// A key that a run may do without.
  init<Value: OptionConvertible>(
    optional path: String, _ place: any WritableKeyPath<Options, Value?> & Sendable, _ type: OptionType,
    default value: OptionFallback = .none, unit: String = "", role: OptionRole, synonyms: [String] = [],
    help: String
  ) {
    self.init(
      path, type, value, unit, role, synonyms, help,
      read: { $0[keyPath: place]?.optionValue },
      write: { options, value in options[keyPath: place] = value.map(Value.init) })
  }

  /// A key whose value is stored in a way of its own.
  init(
    _ path: String, _ type: OptionType, _ fallback: OptionFallback, _ unit: String, _ role: OptionRole,
    _ synonyms: [String], _ help: String, read: @escaping @Sendable (Options) -> OptionValue?,
    write: @escaping @Sendable (inout Options, OptionValue?) -> Void
  ) {
    self.path = path
    self.type = type
    self.fallback = fallback
    self.unit = unit
    self.role = role
    self.synonyms = synonyms
    self.help = help
    self.read = read
    self.write = write
  }

  /// The same key, left out of the digest where it changes nothing.
  func neutral(at value: OptionValue) -> OptionKey {
    var key = self
    key.neutral = value
    return key
  }

  /// The same key, left out of the digest at its default, where it changes nothing.
  /// - Precondition: it has one.
  var neutralAtDefault: OptionKey {
    guard case .value(let value) = fallback else { preconditionFailure("\(path) has no default") }
    return neutral(at: value)
  }

  /// The same key, on which weights depend where `decides` says so.
  func arithmetic(where decides: @escaping @Sendable (Options) -> Bool) -> OptionKey {
    var key = self
    key.decides = decides
    return key
  }

  /// The same key for a family that accepts less, or prefers another default.
  func narrowed(to type: OptionType, default value: OptionValue) -> OptionKey {
    var key = self
    key.type = type
    key.fallback = .value(value)
    return key
  }
}

/// The default of a key.
public enum OptionFallback: Sendable, Equatable {
  /// This.
  case value(OptionValue)
  /// Nothing: the key has no value then.
  case none
  /// An error: somebody has to say.
  case required
}

/// What a key has to do with the weights.
public enum OptionRole: Sendable, Equatable {
  /// The weights after a step depend on it: part of the arithmetic digest, fixed for the life of a run.
  case arithmetic
  /// How long, how fast, how safely and how visibly: may change when a run is resumed.
  case execution
  /// Words for people: may change.
  case description
}
