public import Platform

/// Tells the person at the terminal how a run is doing: one line that is overwritten in place on a terminal,
/// one line every so many steps elsewhere, and notices and warnings between them.
///
/// Every rank has one. Rank 0's speaks; that of the others is ``silent``, so that the training loop asks
/// nobody who it is. It knows no model: statistics are names and values in the caller's order. Names, paths
/// and messages are printed with control characters escaped.
public final class ProgressReporter {
  /// What a run is measured against.
  public struct Plan: Sendable {
    /// The run's last step.
    public var steps: Int
    /// The step that the run continues from, 0 for a new one.
    public var firstStep: Int
    /// Items that all ranks together process per step: the global batch.
    public var itemsPerStep: Int
    /// What an item is called in the plural.
    public var itemName: String
    /// Steps between two lines where lines cannot be overwritten.
    public var linesEvery: Int

    /// - Precondition: `linesEvery` is positive.
    public init(
      steps: Int, firstStep: Int = 0, itemsPerStep: Int, itemName: String = "images", linesEvery: Int
    ) {
      precondition(linesEvery > 0, "log.every is positive")
      self.steps = steps
      self.firstStep = firstStep
      self.itemsPerStep = itemsPerStep
      self.itemName = itemName
      self.linesEvery = linesEvery
    }
  }

  private let output: ReportOutput?
  private let plan: Plan
  private let clock: () -> Double
  private let start: Double
  private var rate = StepRate()
  private var lastStep: Int
  private var lastTime: Double
  private var lastPaint = -Double.infinity
  private var liveLine: String?

  /// Seconds between two paintings of the live line.
  static let paintInterval = 0.1

  /// A reporter that speaks.
  ///
  /// - Parameters:
  ///   - plan: the extent of the run.
  ///   - output: where it speaks.
  ///   - clock: seconds by a clock that never goes back.
  public convenience init(
    _ plan: Plan, output: ReportOutput = .descriptor(),
    clock: @escaping () -> Double = { MonotonicClock.seconds }
  ) {
    self.init(plan: plan, output: output, clock: clock)
  }

  /// A reporter that says nothing, for every rank but 0.
  public static var silent: ProgressReporter {
    ProgressReporter(plan: Plan(steps: 0, itemsPerStep: 0, linesEvery: 1), output: nil, clock: { 0 })
  }

  private init(plan: Plan, output: ReportOutput?, clock: @escaping () -> Double) {
    self.plan = plan
    self.output = output
    self.clock = clock
    start = clock()
    lastTime = start
    lastStep = plan.firstStep
  }

  /// Says that `step` is done. To be called after every step; most calls print nothing.
  ///
  /// - Parameters:
  ///   - step: counted from 1.
  ///   - epoch: passes over the data so far; nil for a run without epochs.
  ///   - statistics: what to show, in order, such as `("loss D", 0.69)`.
  ///   - notes: words to show behind them, such as `("game", "healthy")`.
  public func completed(
    step: Int, epoch: Double?, statistics: [(name: String, value: Double)],
    notes: [(name: String, text: String)] = []
  ) {
    guard let output else { return }
    let now = clock()
    rate.add(steps: step - lastStep, in: now - lastTime)
    (lastStep, lastTime) = (step, now)
    let isLast = step >= plan.steps
    if let columns = output.columns() {
      guard isLast || now - lastPaint >= Self.paintInterval else { return }
      lastPaint = now
      // The last column stays free: some terminals wrap as soon as it is filled.
      let text = line(step: step, epoch: epoch, statistics: statistics, notes: notes, now: now)
        .text(columns: max(columns - 1, 1), hasColours: output.hasColours)
      liveLine = text
      output.show(text)
    } else if isLast || step % plan.linesEvery == 0 {
      let text = line(step: step, epoch: epoch, statistics: statistics, notes: notes, now: now).text()
      output.write(text + "\n")
    }
  }

  /// Prints that something has been done, such as `("checkpoint", "run/checkpoints/step-00000500")`.
  public func notice(_ what: String, path: String) {
    print(label: what, style: .green, message: path)
  }

  /// Prints a warning.
  public func warning(_ message: String) {
    print(label: "warning", style: .yellow, message: message)
  }

  /// Ends the live line and prints how far the run came, how long it took and how fast it was on average, the
  /// pauses for checkpoints and samples included.
  ///
  /// - Parameter outcome: how it ended, such as `done` or `stopped, run me again with --resume`.
  public func finish(_ outcome: String) {
    guard let output else { return }
    let elapsed = clock() - start
    let steps = lastStep - plan.firstStep
    var summary = "\(lastStep)/\(plan.steps) steps, \(ProgressText.duration(elapsed))"
    if steps > 0, elapsed > 0 {
      let average = Double(steps * plan.itemsPerStep) / elapsed
      summary += ", \(ProgressText.rate(average)) \(TerminalText.escaped(plan.itemName))/s"
    }
    if let liveLine { output.end(liveLine) }
    liveLine = nil
    print(label: outcome, style: .bold, message: summary)
  }

  private func print(label: String, style: TerminalStyle, message: String) {
    guard let output else { return }
    let plain = "\(TerminalText.escaped(label)):"
    let text = "\(output.hasColours ? style.applied(to: plain) : plain) \(TerminalText.escaped(message))\n"
    output.write(text, above: liveLine)
  }

  private func line(
    step: Int, epoch: Double?, statistics: [(name: String, value: Double)],
    notes: [(name: String, text: String)], now: Double
  ) -> ProgressLine {
    var line = ProgressLine()
    line.fields.append(.init(label: "step", value: "\(step)/\(plan.steps)", rank: 5))
    if let epoch {
      line.fields.append(.init(label: "epoch", value: FixedDecimal.text(epoch, places: 2), rank: 0))
    }
    for (name, value) in statistics {
      line.fields.append(
        .init(label: TerminalText.escaped(name), value: ProgressText.statistic(value), rank: 4))
    }
    for (name, text) in notes {
      line.fields.append(
        .init(label: TerminalText.escaped(name), value: TerminalText.escaped(text), rank: 4))
    }
    if let seconds = rate.secondsPerStep {
      let itemRate = ProgressText.rate(Double(plan.itemsPerStep) / seconds)
      let remaining = Double(max(0, plan.steps - step)) * seconds
      line.fields.append(
        .init(label: "", value: "\(itemRate) \(TerminalText.escaped(plan.itemName))/s", rank: 3))
      line.fields.append(.init(label: "ETA", value: ProgressText.duration(remaining), rank: 2))
    }
    line.fields.append(.init(label: "elapsed", value: ProgressText.duration(now - start), rank: 1))
    return line
  }
}
