import Datasets
import Platform
import Synchronization

/// Where the training thread writes what it is doing, for the watchdog's thread to read. Every call is a few
/// atomic stores.
package final class ProgressBoard: Sendable {
  private let step = Atomic<Int>(0)
  private let phase = Atomic<Int>(0)
  private let activity = Atomic<Int>(RankPlace.Activity.starting.rawValue)
  private let turns = Atomic<Int>(0)
  private let signs = Atomic<Int>(0)
  private let busy = Atomic<Int>(0)
  private let loading = Atomic<Int>(0)
  private let waiting = Atomic<Int>(0)
  private let since = Atomic<Int64>(MonotonicClock.milliseconds)

  private static let memoryLimit = ControlGroup.own.memory ?? 0

  package init() {}

  /// Says that `step` steps are done.
  package func completed(step: Int) {
    self.step.store(step, ordering: .relaxed)
    signs.add(1, ordering: .relaxed)
  }

  /// Says that a turn of a phase begins.
  package func begin(phase: Int) {
    self.phase.store(phase, ordering: .relaxed)
    turns.add(1, ordering: .relaxed)
    enter(.computing)
  }

  /// Says that the training thread goes on with what it does.
  package func noteProgress() { signs.add(1, ordering: .relaxed) }

  /// Says what the training thread does from now on.
  /// - Returns: what it has done until now.
  @discardableResult
  package func enter(_ next: RankPlace.Activity) -> RankPlace.Activity {
    let now = MonotonicClock.milliseconds
    let before = since.exchange(now, ordering: .relaxed)
    let value = activity.exchange(next.rawValue, ordering: .relaxed)
    let left = RankPlace.Activity(rawValue: value) ?? .starting
    let spent = Int(now - before)
    switch left {
    case .computing: busy.add(spent, ordering: .relaxed)
    case .loading: loading.add(spent, ordering: .relaxed)
    case .waiting, .gathering: waiting.add(spent, ordering: .relaxed)
    case .starting, .saving: break
    }
    signs.add(1, ordering: .relaxed)
    return left
  }

  /// Says what the training thread does during `work`; then it goes back to what it has done until now, also
  /// where `work` throws.
  package func during<T, Failure>(
    _ activity: RankPlace.Activity, _ work: () throws(Failure) -> T
  ) throws(Failure) -> T {
    let before = enter(activity)
    defer { enter(before) }
    return try work()
  }

  /// What the rank is doing now.
  package var place: RankPlace {
    var place = RankPlace()
    place.step = step.load(ordering: .relaxed)
    place.phase = phase.load(ordering: .relaxed)
    place.activity = RankPlace.Activity(rawValue: activity.load(ordering: .relaxed)) ?? .starting
    place.turns = turns.load(ordering: .relaxed)
    // Data that are read or looked at are a sign too: to open many files takes long, as does to train a
    // classifier on them.
    place.signs =
      signs.load(ordering: .relaxed) + Reading.bytes.load(ordering: .relaxed)
      + Reading.samples.load(ordering: .relaxed)
    place.busy = busy.load(ordering: .relaxed)
    place.loading = loading.load(ordering: .relaxed)
    place.waiting = waiting.load(ordering: .relaxed)
    place.memory = Memory.peak
    place.memoryLimit = Self.memoryLimit
    return place
  }
}
