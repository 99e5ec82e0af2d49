package import Platform
import Training

/// One thing that `lockstep doctor` looked at.
package struct DiagnosisCheck: Sendable, Equatable {
  /// How it stands.
  package enum Verdict: String, Sendable {
    /// As it should be.
    case ok = "OK"
    /// Training works, but more slowly or with a risk.
    case warn = "WARN"
    /// Training does not work.
    case fail = "FAIL"
  }

  /// What was looked at.
  package let name: String
  /// How it stands.
  package let verdict: Verdict
  /// What was found, one line.
  package let detail: String
  /// What to do about it; nil where nothing has to be done.
  package let advice: String?
  /// The code that a failure of this check ends the program with.
  package let failureStatus: ExitStatus

  private init(
    _ name: String, _ verdict: Verdict, _ detail: String, _ advice: String?, _ failureStatus: ExitStatus
  ) {
    self.name = name
    self.verdict = verdict
    self.detail = detail
    self.advice = advice
    self.failureStatus = failureStatus
  }

  /// All is well.
  static func ok(_ name: String, _ detail: String) -> DiagnosisCheck {
    DiagnosisCheck(name, .ok, detail, nil, .done)
  }

  /// Something to know, with what to do about it.
  static func warn(_ name: String, _ detail: String, _ advice: String) -> DiagnosisCheck {
    DiagnosisCheck(name, .warn, detail, advice, .done)
  }

  /// Something that keeps training from working, with what to do about it.
  static func fail(
    _ name: String, _ detail: String, _ advice: String, _ status: ExitStatus = .configuration
  ) -> DiagnosisCheck {
    DiagnosisCheck(name, .fail, detail, advice, status)
  }
}
