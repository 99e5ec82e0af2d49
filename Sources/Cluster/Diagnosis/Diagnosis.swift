package import Platform
import Training

/// What `lockstep doctor` has to say: facts judged, in the order in which they are printed.
package struct Diagnosis: Sendable, Equatable {
  /// One entry for each thing that was looked at.
  package let checks: [DiagnosisCheck]

  package init(_ checks: [DiagnosisCheck]) {
    self.checks = checks
  }

  /// Judges facts.
  /// - Parameter world: what the ranks say; nil for a process that was started alone.
  package init(machine: MachineFacts, launch: LaunchFacts, folder: FolderFacts, world: WorldFacts?) {
    let here = world.map { world in
      let host = world.ranks.first??.host
      return max(1, world.ranks.count { $0?.host == host })
    }
    checks = machine.checks(ranks: here ?? 1) + launch.checks + [folder.check] + (world?.checks ?? [])
  }

  /// The code that the program ends with: that of the first failure, 0 without one.
  package var exitStatus: ExitStatus { checks.first { $0.verdict == .fail }?.failureStatus ?? .done }

  /// One JSON object: `checks`, each with `name`, `status`, `detail` and `advice`, and `exit_code`.
  package var json: String {
    JSONValue.object([
      .init(
        "checks",
        .array(
          checks.map { check in
            .object([
              .init("name", .string(check.name)), .init("status", .string(check.verdict.rawValue)),
              .init("detail", .string(check.detail)),
              .init("advice", JSONValue(check.advice)),
            ])
          })),
      .init("exit_code", .integer(Int(exitStatus.rawValue))),
    ]).text
  }

  /// An aligned table for people, free of control characters but for colours; advice stands below its check.
  package func text(hasColours: Bool) -> String {
    let width = checks.map { TerminalText.escaped($0.name).count }.max() ?? 0
    var lines: [String] = []
    for check in checks {
      let name = TerminalText.escaped(check.name)
      let padding = String(repeating: " ", count: width - name.count)
      let word = check.verdict.rawValue
      let verdict = hasColours ? check.verdict.style.applied(to: word) : word
      let gap = String(repeating: " ", count: 6 - word.count)
      lines.append("\(verdict)\(gap)\(name)\(padding)  \(TerminalText.escaped(check.detail))")
      if let advice = check.advice {
        lines.append(String(repeating: " ", count: width + 8) + "do: " + TerminalText.escaped(advice))
      }
    }
    return (lines + [summary]).joined(separator: "\n")
  }

  private var summary: String {
    let failures = checks.count { $0.verdict == .fail }
    let warnings = checks.count { $0.verdict == .warn }
    return
      "\(Count.text(checks.count, "check")): \(Count.text(failures, "failure")), \(Count.text(warnings, "warning"))"
  }
}

extension DiagnosisCheck.Verdict {
  fileprivate var style: TerminalStyle {
    switch self {
    case .ok: .green
    case .warn: .yellow
    case .fail: .red
    }
  }
}
