import Models
import Platform
import Training

/// What the timeline of a calibration says: medians over its steps.
struct CalibrationSpans {
  private let training: [Timeline.Span]
  private let sums: [Timeline.Span]
  /// Waits and updates, which are not what the span around them is timed for.
  private let interruptions: [Timeline.Span]
  private let steps: Range<Int>
  private let passes: [Range<Int>]
  private let phases: [Phase]

  /// - Parameters:
  ///   - spans: of both threads.
  ///   - steps: those to be looked at.
  ///   - passes: the micro-batches of each.
  ///   - phases: of the model.
  init(_ spans: [Timeline.Span], steps: Range<Int>, passes: [Range<Int>], phases: [Phase]) {
    training = spans.filter { $0.track == .training }
    sums = spans.filter { $0.track == .communication }
    interruptions = training.filter { [.wait, .update].contains($0.work.part) }
    (self.steps, self.passes, self.phases) = (steps, passes, phases)
  }

  /// What a phase costs.
  /// - Parameters:
  ///   - turns: of the phase in a step.
  ///   - opens: whether it has a term that waits for no other network.
  func cost(of phase: Phase, turns: Int, opens: Bool) -> PhaseCost {
    let turns = Double(max(turns, 1))
    let share = Double(passes.reduce(0) { $0 + $1.count })
    func computed(_ part: Timeline.Part) -> Double {
      seconds { $0.work.phase == phase && $0.work.part == part } / share / turns
    }
    func update(_ bucket: Int?) -> Timeline.Work { Timeline.Work(.update, of: phase, bucket) }
    let sizes = bytes(of: phase)
    return PhaseCost(
      name: phase.name, opening: opens ? computed(.opening) : 0, forward: computed(.forward),
      backward: computed(.backward),
      buckets: sizes.enumerated().map { index, bytes in
        // What needs all of the sum follows its last bucket.
        let isLast = index == sizes.count - 1
        return .init(
          bytes: bytes / turns,
          update: seconds { $0.work == update(index) || isLast && $0.work == update(nil) } / turns,
          left: left(of: phase, at: index))
      },
      reads: phases.map { reads(of: $0, in: phase) })
  }

  /// Bytes of each bucket's sums in a step.
  private func bytes(of phase: Phase) -> [Double] {
    var sizes: [Double] = []
    while true {
      let own = sums.filter {
        $0.step == steps.lowerBound && $0.work == Timeline.Work(.bucket, of: phase, sizes.count)
      }
      if own.isEmpty { return sizes }
      sizes.append(Double(own.reduce(0) { $0 + $1.bytes }))
    }
  }

  /// Seconds of a step that the training thread spends on some of its spans, without their interruptions.
  private func seconds(_ isCounted: (Timeline.Span) -> Bool) -> Double {
    var nanoseconds = [Int64](repeating: 0, count: steps.count)
    for span in training where steps.contains(span.step) && isCounted(span) {
      nanoseconds[span.step - steps.lowerBound] +=
        span.end - span.start - interrupted(span, before: span.end)
    }
    return Double(nanoseconds.median) * 1e-9
  }

  /// Seconds for each micro-batch from when the last pass of a phase has handed a bucket over to its end.
  private func left(of phase: Phase, at bucket: Int) -> Double {
    let pass = passes[passes.count - 1]
    return offset(
      of: Timeline.Work(.hand, of: phase, bucket),
      in: Timeline.Work(.backward, of: phase, pass.lowerBound), of: pass
    ) { hand, pass in pass.end - hand.end } ?? 0
  }

  /// Seconds for each micro-batch from when the first pass of `phase` begins to when it waits for each bucket
  /// of another phase's sum; none if it does not.
  private func reads(of other: Phase, in phase: Phase) -> [Double] {
    let found = bytes(of: other).indices.map { bucket in
      offset(
        of: Timeline.Work(.wait, of: other, bucket),
        in: Timeline.Work(.forward, of: phase, passes[0].lowerBound), of: passes[0]
      ) { wait, pass in wait.start - pass.start - interrupted(pass, before: wait.start) }
    }
    guard found.contains(where: { $0 != nil }) else { return [] }
    // What is nowhere read by itself is there with what stands before it.
    return found.reduce(into: []) { times, time in times.append(time ?? times.last ?? 0) }
  }

  /// The median of a time in a pass, in seconds for each of its micro-batches; nil if there is none.
  private func offset(
    of work: Timeline.Work, in passWork: Timeline.Work, of pass: Range<Int>,
    _ nanoseconds: (Timeline.Span, Timeline.Span) -> Int64
  ) -> Double? {
    let found = training.filter { $0.work == work }
    let times = training.filter { steps.contains($0.step) && $0.work == passWork }.compactMap { pass in
      found.first { pass.start <= $0.start && $0.end <= pass.end }.map { nanoseconds($0, pass) }
    }
    return times.isEmpty ? nil : max(0, Double(times.median)) * 1e-9 / Double(pass.count)
  }

  /// Nanoseconds of a span's interruptions that end by `time`.
  private func interrupted(_ span: Timeline.Span, before time: Int64) -> Int64 {
    interruptions.reduce(0) { total, inner in
      guard inner != span, span.start <= inner.start, inner.end <= min(span.end, time) else { return total }
      return total + inner.end - inner.start
    }
  }
}
