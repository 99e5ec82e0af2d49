package import Checkpoints
package import DataParallel
package import Datasets
package import MessagePassing
package import Networks
package import Platform
package import Reporting

// The rooms below know nothing of programs that end: what their errors mean to one is said here.

extension CommunicationError: ReportedError {
  package var exitStatus: ExitStatus {
    switch self {
    case .mpi, .stalled: .peerLost
    // The same again ends the same: a launcher that restarts lost runs leaves these alone.
    case .messageSize, .collectivesDiffer, .otherProgram: .disagreement
    case .singletons, .unsupported: .configuration
    }
  }
}

extension DivergenceError: ReportedError {
  package var exitStatus: ExitStatus { .disagreement }
}

extension PlanError: ReportedError {
  package var exitStatus: ExitStatus { .configuration }
}

extension ReportingError: ReportedError {
  package var exitStatus: ExitStatus { .inputOutput }
}

extension UndescribedLayer: ReportedError {
  package var exitStatus: ExitStatus { .badData }
}

extension DatasetError: ReportedError {
  package var exitStatus: ExitStatus {
    switch kind {
    case .badData, .unsuitable: .badData
    case .missing: .inputMissing
    case .unreadable: .inputOutput
    case .stopped: .stopped
    }
  }
}

extension CheckpointError: ReportedError {
  package var exitStatus: ExitStatus {
    switch kind {
    case .damaged, .otherModel, .newerFormat: .badData
    case .notFound: .inputMissing
    case .cannotCreate, .noSpace: .cannotCreate
    case .inputOutput: .inputOutput
    }
  }
}
