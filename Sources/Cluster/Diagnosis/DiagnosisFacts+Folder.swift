import Glibc
import Platform
import Training

extension FolderFacts {
  /// Tries what a run does in its folder: creates a file, writes it, synchronises it, renames it, removes it.
  ///
  /// - Parameter run: the run folder, or nil for the default ones below `runs`. Where it is not there yet,
  ///   the nearest folder above it that is there is probed.
  package static func probe(_ run: String?) -> FolderFacts {
    let path = existing(run)
    let outcome = outcome(in: path)
    return FolderFacts(path: path, outcome: outcome, free: Files.free(path), isInMemory: isInMemory(path))
  }

  /// The run folder, or the nearest folder above it that is there; a file that stands in the way is named
  /// itself.
  static func existing(_ run: String?) -> String { Files.nearestFolder(run ?? "runs", passingFiles: false) }

  private static func outcome(in path: String) -> Outcome {
    func failed(_ call: String, _ code: Int32 = errno) -> Outcome {
      .failed(call: call, reason: String(cString: strerror(code)))
    }
    let name = "\(path)/\(RunFolder.doctorsMark)\(getpid())"
    let renamed = name + "-renamed"
    let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { return failed("create a file") }
    defer {
      unlink(name)
      unlink(renamed)
    }
    if let code = writeAll([UInt8](repeating: 0x5A, count: 4096), to: descriptor) {
      close(descriptor)
      return failed("write a file", code)
    }
    guard fsync(descriptor) == 0 else {
      let outcome = failed("synchronise a file")
      close(descriptor)
      return outcome
    }
    guard close(descriptor) == 0 else { return failed("close a file") }
    guard rename(name, renamed) == 0 else { return failed("rename a file") }
    return .writable
  }

  /// Whether the file system that holds a folder is a tmpfs or ramfs, by the kernel's table of mounts.
  private static func isInMemory(_ path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0, let mounts = Files.head("/proc/self/mountinfo") else { return false }
    // glibc's macros major and minor, which Swift does not see; file systems without a disk have small
    // numbers.
    let device = "\(status.st_dev >> 8 & 0xfff):\(status.st_dev & 0xff | status.st_dev >> 12 & 0xfff00)"
    return mounts.split(separator: "\n").contains { line in
      let words = line.split(separator: " ")
      guard words.count > 3, words[2] == device, let dash = words.firstIndex(of: "-") else { return false }
      return dash + 1 < words.count && ["tmpfs", "ramfs"].contains(words[dash + 1])
    }
  }
}
