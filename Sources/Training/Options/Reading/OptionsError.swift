public import Platform

/// Options that cannot be used, with everything that is wrong with them.
public struct OptionsError: ReportedError, Sendable, Equatable, CustomStringConvertible {
  /// How the program ends for it: `inputMissing` where a file is not there or may not be read, else
  /// `configuration`.
  public let exitStatus: ExitStatus
  /// The problems, in the order of the file and then of the command line.
  public let problems: [OptionProblem]
  /// How many more there were after ``problems`` was full.
  public let omitted: Int

  init(_ exitStatus: ExitStatus, _ problems: [OptionProblem], omitted: Int = 0) {
    precondition(!problems.isEmpty, "an error needs a problem")
    self.exitStatus = exitStatus
    self.problems = problems
    self.omitted = omitted
  }

  /// One line for each problem, `what, where; what to do next`, without the program's name.
  public var lines: [String] {
    let lines = problems.map(\.description)
    return omitted == 0 ? lines : lines + ["\(omitted) more problems, not listed; correct these first"]
  }

  /// ``lines``, each but the first with `lockstep: ` before it: printed after `lockstep: `, every line has
  /// it.
  public var description: String {
    lines.joined(separator: "\nlockstep: ")
  }
}

/// One thing that is wrong with options.
public struct OptionProblem: Sendable, Equatable, CustomStringConvertible {
  /// A `key=value` that is refused; nil where a problem is not one of a single value.
  public let setting: String?
  /// What is wrong; of a setting, what it is or has.
  public let what: String
  /// Where it is written.
  public let origin: OptionOrigin
  /// What to do next.
  public let advice: String

  init(setting: String? = nil, what: String, origin: OptionOrigin, advice: String) {
    self.setting = setting
    self.what = what
    self.origin = origin
    self.advice = advice
  }

  /// `what, where; what to do next`, or `setting (where) what; what to do next`.
  public var description: String {
    guard let setting else { return "\(what), \(origin); \(advice)" }
    // The setting names the key already.
    let place = if case .commandLine = origin { "command line" } else { "\(origin)" }
    return "\(setting) (\(place)) \(what); \(advice)"
  }
}

/// Where something is written.
public enum OptionOrigin: Sendable, Equatable, CustomStringConvertible {
  /// In the table of defaults.
  case fallback
  /// In a recipe as a whole.
  case recipe(String)
  /// At a line and column of a recipe, both counted from 1, columns in Unicode scalars.
  case position(recipe: String, line: Int, column: Int)
  /// In a `key=value` of the command line.
  case commandLine(String)
  /// In the word of the command line that names the recipe.
  case argument

  /// Such as `dcgan.yaml:3:8`.
  public var description: String {
    switch self {
    case .fallback: "by default"
    case .recipe(let label): label.shortened
    case .position(let label, let line, let column): "\(label.shortened):\(line):\(column)"
    case .commandLine(let key): "command line key \(key.shortened)"
    case .argument: "command line"
    }
  }
}

extension OptionOrigin {
  /// Where the origin comes in a list of problems.
  fileprivate var place: Int {
    guard case .position(_, let line, let column) = self else { return Int.max }
    // Files are short enough for both numbers to fit.
    return line << 32 | column
  }
}

/// Collects problems up to a limit, so that a hostile megabyte does not become a gigabyte of messages.
struct OptionProblems {
  static let limit = 100
  private(set) var list: [OptionProblem] = []
  private(set) var omitted = 0

  /// Adds a problem; `advice` is only worked out if the problem is listed.
  mutating func add(
    _ what: @autoclosure () -> String, _ origin: OptionOrigin, _ advice: @autoclosure () -> String
  ) {
    add(OptionProblem(what: what(), origin: origin, advice: advice()))
  }

  /// Adds a problem that was found elsewhere.
  mutating func add(_ problem: @autoclosure () -> OptionProblem) {
    if list.count < Self.limit {
      list.append(problem())
    } else {
      omitted += 1
    }
  }

  /// Counts problems that were found elsewhere and not listed there.
  mutating func omit(_ count: Int) {
    omitted += count
  }

  /// Throws the problems, if there are any: first those with a line, in the order of the file, then the
  /// others as they were found.
  func check() throws(OptionsError) {
    guard !list.isEmpty else { return }
    let ordered = list.enumerated().sorted {
      ($0.element.origin.place, $0.offset) < ($1.element.origin.place, $1.offset)
    }
    throw OptionsError(.configuration, ordered.map(\.element), omitted: omitted)
  }
}
