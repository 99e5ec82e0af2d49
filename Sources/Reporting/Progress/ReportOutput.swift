import Platform

#if canImport(Glibc)
  import Glibc
#endif

/// Where a ``ProgressReporter`` writes, and what may be written there.
public struct ReportOutput {
  /// The terminal's present width in columns, nil if this is no terminal: then there are only whole lines.
  package let columns: () -> Int?
  /// Colours are understood and wanted.
  package let hasColours: Bool
  /// Writes a text at once.
  package let write: (String) -> Void

  /// An output of any kind.
  ///
  /// - Parameters:
  ///   - hasColours: colours are understood and wanted.
  ///   - columns: the width of the terminal, nil where lines cannot be overwritten.
  ///   - write: takes each text as it comes.
  public init(hasColours: Bool, columns: @escaping () -> Int?, write: @escaping (String) -> Void) {
    self.hasColours = hasColours
    self.columns = columns
    self.write = write
  }

  /// A file descriptor, by default standard error.
  ///
  /// It is a terminal if `isatty(3)` says so, `TERM` is not `dumb`, and its width is known: from
  /// `TIOCGWINSZ`, else from `COLUMNS`. (`mpirun` puts a pseudo-terminal without a width before each rank,
  /// whether its own output is a terminal or a file, so that a launcher which knows sets `COLUMNS`.)
  /// `NO_COLOR` turns colours off. A text that cannot be written is dropped: a terminal that went away does
  /// not stop a run.
  ///
  /// - Parameter environment: looks a variable up; nil for that of this process.
  public static func descriptor(
    _ descriptor: Int32 = 2, environment: ((String) -> String?)? = nil
  ) -> ReportOutput {
    let environment = environment ?? Files.environment
    let isDumb = environment("TERM") == "dumb"
    let fallback = environment("COLUMNS").flatMap { Int($0) }
    let isTerminal = isatty(descriptor) == 1 && !isDumb
    let wantsColours = (environment("NO_COLOR") ?? "").isEmpty
    return ReportOutput(
      hasColours: isTerminal && wantsColours,
      columns: {
        guard isTerminal else { return nil }
        var size = winsize()
        let isKnown = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown ? Int(size.ws_col) : fallback.flatMap { $0 > 0 ? $0 : nil }
      },
      write: { text in _ = writeAll(Array(text.utf8), to: descriptor) })
  }
}
