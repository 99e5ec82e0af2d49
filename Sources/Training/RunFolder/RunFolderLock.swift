import Glibc
import Platform

/// The process that writes to a run folder, as a second one is told about it.
public struct RunOwner: Sendable, Equatable, CustomStringConvertible {
  /// The node's name.
  public let host: String
  /// The process on that node.
  public let process: Int32
  /// The batch system's job, if there is one.
  public let job: String?

  /// Names a process.
  public init(host: String, process: Int32, job: String?) {
    self.host = host
    self.process = process
    self.job = job
  }

  /// This process, with the job that Slurm, PBS, LSF or Grid Engine says it belongs to.
  public static var current: RunOwner {
    let variables = ["SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID"]
    let job = variables.lazy.compactMap(Files.environment).first
    return RunOwner(host: Host.name ?? "unknown", process: getpid(), job: job)
  }

  /// Such as `host node1, pid 4711, job 12`.
  public var description: String {
    "host \(host), pid \(process)" + (job.map { ", job \($0)" } ?? "")
  }
}

/// An exclusive lock on a run folder, held by one open file description.
///
/// `flock` is given back by the kernel when the process dies, so a lock never outlives its owner and nobody
/// has to break one. It works between the nodes that share a file system over NFS, and over Lustre mounted
/// with `flock`.
package final class RunFolderLock: Sendable {
  private let descriptor: Int32

  /// Locks `path` and writes into the lock file who this process is.
  init(_ path: String) throws(RunFolderError) {
    let file = "\(path)/\(RunFolder.Entry.lock)"
    descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else {
      throw RunFolderError(
        "the run folder cannot be locked", file, code: errno,
        advice: "make it writable, or choose another --run")
    }
    try Self.take(LOCK_EX, descriptor, path)
    let text = Array("\(RunOwner.current)\n".utf8)
    if let code = ftruncate(descriptor, 0) == 0 ? writeAll(text, to: descriptor) : errno {
      throw RunFolderError(
        "the run folder cannot be locked", file, code: code,
        advice: "free some space, or choose another --run")
    }
  }

  deinit {
    guard descriptor >= 0 else { return }
    // Closing alone would not do while a process that is just being spawned holds a copy of the descriptor.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// Throws if another process holds the lock, and takes nothing. Asks for a shared lock: NFS refuses an
  /// exclusive one of a file that is open to be read.
  package static func refuseHeld(_ path: String) throws(RunFolderError) {
    let descriptor = open("\(path)/\(RunFolder.Entry.lock)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    try take(LOCK_SH, descriptor, path)
  }

  private static func take(_ kind: Int32, _ descriptor: Int32, _ path: String) throws(RunFolderError) {
    if retrying({ flock(descriptor, kind | LOCK_NB) }) != 0 {
      switch errno {
      case EWOULDBLOCK:
        throw RunFolderError(
          .locked, "the run folder is in use by \(owner(in: descriptor))", path,
          "wait for that process, stop it, or choose another --run")
      case let code:
        throw RunFolderError(
          "the run folder cannot be locked", path, code: code,
          advice: "choose a --run on a file system with flock (for Lustre, mounted with -o flock)")
      }
    }
  }

  /// The first line of a lock file, whoever wrote it.
  private static func owner(in descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    let line = bytes.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }
    return line.isEmpty ? "another process" : String(decoding: line, as: UTF8.self).shortened
  }
}
