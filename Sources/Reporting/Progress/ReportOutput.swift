import Platform

/// Where a ``ProgressReporter`` writes, and what may be written there.
public struct ReportOutput {
  /// How a line is written that takes the place of the one before it.
  private enum LiveLines {
    /// By moving the cursor back.
    case overwritten
    /// With a mark, see `LaunchedTerminal`.
    case marked
  }

  /// The terminal's present width in columns, nil if this is no terminal: then there are only whole lines.
  package let columns: () -> Int?
  /// Colours are understood and wanted.
  package let hasColours: Bool
  /// Writes a text at once.
  package let write: (String) -> Void
  private let liveLines: LiveLines

  /// An output of any kind, whose lines are overwritten where there are ``columns``.
  ///
  /// - Parameters:
  ///   - hasColours: colours are understood and wanted.
  ///   - columns: the width of the terminal, nil where lines cannot be overwritten.
  ///   - write: takes each text as it comes.
  public init(hasColours: Bool, columns: @escaping () -> Int?, write: @escaping (String) -> Void) {
    self.init(.overwritten, hasColours: hasColours, columns: columns, write: write)
  }

  private init(
    _ liveLines: LiveLines, hasColours: Bool, columns: @escaping () -> Int?, write: @escaping (String) -> Void
  ) {
    (self.liveLines, self.hasColours, self.columns, self.write) = (liveLines, hasColours, columns, write)
  }

  /// A file descriptor, by default standard error.
  ///
  /// Lines are overwritten on a terminal (see `Terminal`), or where `lockstep launch` has one and passes on
  /// what is written (`LaunchedTerminal`). `NO_COLOR` turns colours off. A text that cannot be written is
  /// dropped: a terminal that went away does not stop a run.
  ///
  /// - Parameter environment: looks a variable up; nil for that of this process.
  public static func descriptor(
    _ descriptor: Int32 = 2, environment: ((String) -> String?)? = nil
  ) -> ReportOutput {
    let environment = environment ?? Files.environment
    let write: (String) -> Void = { _ = writeAll(Array($0.utf8), to: descriptor) }
    let wantsColours = Terminal.wantsColours(environment: environment)
    let isTerminal = Terminal.columns(of: descriptor, environment: environment) != nil
    if !isTerminal, let columns = environment(LaunchedTerminal.variable).flatMap({ Int($0) }), columns > 0 {
      return ReportOutput(.marked, hasColours: wantsColours, columns: { columns }, write: write)
    }
    return ReportOutput(
      hasColours: isTerminal && wantsColours,
      columns: { isTerminal ? Terminal.columns(of: descriptor, environment: environment) : nil },
      write: write)
  }

  /// Shows a line without its end in the place of the live line before it.
  func show(_ line: String) {
    switch liveLines {
    case .overwritten: write(Terminal.clearedLine + line)
    case .marked: write("\(LaunchedTerminal.mark)\(line)\n")
    }
  }

  /// Writes a line with its end, above the live line, if there is one.
  func write(_ line: String, above live: String?) {
    switch (liveLines, live) {
    case (.overwritten, let live?): write(Terminal.clearedLine + line + live)
    default: write(line)
    }
  }

  /// Leaves the live line where it is, as the others are.
  func end(_ live: String) {
    switch liveLines {
    case .overwritten: write("\n")
    case .marked: write("\(LaunchedTerminal.mark)\n\(live)\n")
    }
  }
}
