/// What a rank is doing, as it tells rank 0 four times a second.
package struct RankPlace: Sendable, Equatable {
  /// What the training thread is doing.
  package enum Activity: Int, Sendable {
    /// Before the first step.
    case starting
    case loading
    case computing
    /// In a sum over all ranks, which the others may not have entered.
    case waiting
    case saving
    /// In an exchange before or between steps, which the others may not have entered.
    case gathering

    /// Whether it is the other ranks that keep it.
    var isWaiting: Bool { self == .waiting || self == .gathering }

    /// For messages: `is loading data`, of several ranks `are loading data`.
    func text(ofSeveral areSeveral: Bool = false) -> String {
      let verb = areSeveral ? "are" : "is"
      return switch self {
      case .starting: "\(verb) starting"
      case .loading: "\(verb) loading data"
      case .computing: "\(verb) computing"
      case .waiting, .gathering: "\(areSeveral ? "wait" : "waits") for the other ranks"
      case .saving: "\(verb) measuring, drawing or saving"
      }
    }
  }

  /// The steps done.
  package var step = 0
  /// The index of the phase whose turn it is.
  package var phase = 0
  /// What the training thread is doing.
  package var activity = Activity.starting
  /// Turns begun: the fewer, the farther behind.
  package var turns = 0
  /// Raised by every sign of progress.
  package var signs = 0
  /// Milliseconds spent computing since the start.
  package var busy = 0
  /// Milliseconds spent loading data.
  package var loading = 0
  /// Milliseconds spent waiting for the other ranks.
  package var waiting = 0
  /// Bytes of memory at the peak so far.
  package var memory = 0
  /// Bytes that its container may have; 0 if there is no limit.
  package var memoryLimit = 0

  package init() {}

  static let wordCount = 10

  /// The words that travel.
  var words: [Int] {
    [step, phase, activity.rawValue, turns, signs, busy, loading, waiting, memory, memoryLimit]
  }

  /// - Precondition: there are `wordCount` words.
  init(words: some RandomAccessCollection<Int>) {
    let words = Array(words)
    precondition(words.count == Self.wordCount, "a place has \(Self.wordCount) words")
    (step, phase, turns, signs, busy) = (words[0], words[1], words[3], words[4], words[5])
    activity = Activity(rawValue: words[2]) ?? .starting
    (loading, waiting, memory, memoryLimit) = (words[6], words[7], words[8], words[9])
  }
}
