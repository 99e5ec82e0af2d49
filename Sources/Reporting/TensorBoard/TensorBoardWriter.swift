import Glibc
public import Platform
import SwiftProtobuf

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes one TensorBoard event file: scalars and pictures by tag and step.
///
/// Every event is appended with one `write(2)` and nothing is held back, so a killed process loses nothing
/// and leaves no half event but, at most, a last one that TensorBoard ignores. ``synchronize()`` guards
/// against a power cut.
///
/// A resumed run writes a further file into the same folder. Each file begins with a `SessionLog.START` at
/// the session's first step: from the second one on, TensorBoard drops every earlier event at or after that
/// step, so the steps between the checkpoint and the end of the old session are shown once.
public final class TensorBoardWriter {
  private let file: RecordFile
  private let wallTime: () -> Double

  /// The event file's path.
  public var path: String { file.path }

  /// Begins an event file in `folder`, which is made if it is absent.
  ///
  /// - Parameters:
  ///   - folder: the folder that `tensorboard --logdir` is given, or one below it.
  ///   - step: the last step of the checkpoint that the run continues from, nil for a new run.
  ///   - wallTime: seconds since 1970; used for display and for the file's name only.
  ///   - host: the host name, for the file's name.
  ///   - process: the process number, for the file's name; nil for this one's.
  /// - Throws: ``ReportingError``.
  public init(
    folder: String, resumingAfter step: Int? = nil,
    wallTime: @escaping () -> Double = { WallClock.seconds },
    host: String = Host.name ?? "localhost", process: Int32? = nil
  ) throws(ReportingError) {
    if mkdir(folder, 0o755) != 0 && errno != EEXIST {
      throw .cannotWrite(path: folder, operation: "mkdir", errno: errno)
    }
    let name = try EventFileName.next(
      in: folder, wallTime: wallTime(), host: host, process: process ?? getpid())
    file = try RecordFile(path: "\(folder)/\(name)", mode: .new)
    self.wallTime = wallTime
    try append(.fileVersion("brain.Event:2"), step: 0)
    try append(.sessionLog(.with { $0.status = .start }), step: step.map { $0 + 1 } ?? 0)
  }

  /// Records the values of `scalars` at `step`, as one event.
  /// - Throws: ``ReportingError/cannotWrite(path:operation:errno:)``.
  public func write(
    scalars: [(tag: String, value: Double)], step: Int
  ) throws(ReportingError) {
    let values = scalars.map { scalar in
      Tensorboard_Summary.Value.with {
        $0.tag = scalar.tag
        $0.simpleValue = Float(scalar.value)
      }
    }
    try append(.summary(.with { $0.value = values }), step: step)
  }

  /// Records `picture` under `tag` at `step`.
  /// - Throws: ``ReportingError/cannotWrite(path:operation:errno:)``.
  public func write(picture: PNGFile, tag: String, step: Int) throws(ReportingError) {
    let image = Tensorboard_Summary.Image.with {
      $0.width = Int32(picture.width)
      $0.height = Int32(picture.height)
      $0.colorspace = Int32(picture.channels)
      $0.encodedImageString = Data(picture.bytes)
    }
    let value = Tensorboard_Summary.Value.with {
      $0.tag = tag
      $0.image = image
    }
    try append(.summary(.with { $0.value = [value] }), step: step)
  }

  /// Waits until everything written so far is on the storage device.
  /// - Throws: ``ReportingError/cannotWrite(path:operation:errno:)``.
  public func synchronize() throws(ReportingError) {
    try file.synchronize()
  }

  private func append(_ what: Tensorboard_Event.OneOf_What, step: Int) throws(ReportingError) {
    let event = Tensorboard_Event.with {
      $0.wallTime = wallTime()
      $0.step = Int64(step)
      $0.what = what
    }
    do {
      try file.append(TFRecord.framed(event.serializedBytes()))
    } catch let error as ReportingError {
      throw error
    } catch {
      // Only a message above 2 GiB does not serialise.
      throw .cannotWrite(path: path, operation: "serialise", errno: EFBIG)
    }
  }
}
