import Checkpoints
import DataParallel
import Datasets
import MessagePassing
import Networks
import Reporting

/// The exit codes of the command line, those of `sysexits.h` where they fit; 79 follows on its last.
public enum ExitStatus: Int32, Sendable {
  /// Everything was done.
  case done = 0
  /// Something unforeseen.
  case unexpected = 1
  /// The command line makes no sense.
  case usage = 64
  /// Data or a checkpoint are damaged or unsuitable.
  case badData = 65
  /// A file or folder that was named is not there.
  case inputMissing = 66
  /// Another rank is lost or stalled.
  case peerLost = 69
  /// An output cannot be created or locked.
  case cannotCreate = 73
  /// Reading or writing failed.
  case inputOutput = 74
  /// Stopped early, saved: run me again with --resume.
  case stopped = 75
  /// The ranks disagree.
  case disagreement = 76
  /// The configuration is wrong.
  case configuration = 78
  /// Training collapsed or diverged: the same again ends the same.
  case diverged = 79

  /// Which code an error of one of the rooms ends the program with.
  package init(of error: any Error) {
    self =
      switch error {
      case let error as CoordinationError: error.status
      case let error as UnsharedError: ExitStatus(of: error.cause)
      case let error as OptionsError: ExitStatus(rawValue: error.exitStatus) ?? .configuration
      case let error as RunFolderError: ExitStatus(rawValue: error.exitStatus) ?? .cannotCreate
      case let error as LaunchError: error.status
      case let error as HostfileError: error.isMissing ? .inputMissing : .configuration
      case let error as ClusterError: error.isMissing ? .inputMissing : .configuration
      case let error as DatasetError: ExitStatus(kind: error)
      case let error as CheckpointError: ExitStatus(kind: error)
      case let error as OutputError: error.status
      case is ReportingError: .inputOutput
      case is UndescribedLayer: .badData
      case ExportError.undescribed: .badData
      case is ExportError, is SamplingError: .usage
      case is PlanError, is MemoryError: .configuration
      case is DivergenceError: .disagreement
      case is CommunicationError: .peerLost
      case is TurnError, is WatchError: .diverged
      default: .unexpected
      }
  }

  private init(kind error: DatasetError) {
    self =
      switch error.kind {
      case .badData, .unsuitable: .badData
      case .missing: .inputMissing
      case .unreadable: .inputOutput
      case .stopped: .stopped
      }
  }

  private init(kind error: CheckpointError) {
    self =
      switch error.kind {
      case .damaged, .otherModel, .newerFormat: .badData
      case .notFound: .inputMissing
      case .cannotCreate, .noSpace: .cannotCreate
      case .inputOutput: .inputOutput
      }
  }
}
