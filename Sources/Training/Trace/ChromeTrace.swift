import MessagePassing
import Platform

/// The timelines of all ranks in the Trace Event Format, which chrome://tracing and Perfetto show: a process
/// a rank, a row a thread.
enum ChromeTrace {
  /// The file in the run folder. Its name tells the step that the start begins with; of several starts from
  /// one step the last leaves its own.
  static func fileName(_ timeline: Timeline) -> String {
    timeline.steps.lowerBound == 0 ? "trace.json" : "trace-from-\(timeline.steps.lowerBound).json"
  }

  /// The whole file on rank 0, nil elsewhere and where no step was taken. All ranks call: one all-gather of
  /// about 150 bytes a span.
  /// - Parameter hosts: of every rank.
  static func gather(
    _ timeline: Timeline, hosts: [String], over communicator: any Communicator
  ) throws(CommunicationError) -> String? {
    let rank = communicator.rank
    let own = ([header(rank: rank, host: hosts[rank])] + timeline.kept.map { event($0, rank: rank) })
      .joined(separator: ",\n")
    let all = try communicator.allGather(Array(own.utf8))
    guard rank == 0, !timeline.kept.isEmpty else { return nil }
    let events = all.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",\n")
    return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n\(events)\n]}\n"
  }

  private static func header(rank: Int, host: String) -> String {
    func name(_ kind: String, _ text: String, thread: Int) -> String {
      JSONValue.object([
        .init("name", .string(kind)), .init("ph", .string("M")), .init("pid", .integer(rank)),
        .init("tid", .integer(thread)), .init("args", .object([.init("name", .string(text))])),
      ]).text
    }
    return
      ([name("process_name", "rank \(rank) on \(host)", thread: 0)]
      + Timeline.Track.allCases.map { name("thread_name", "\($0)", thread: $0.rawValue) })
      .joined(separator: ",\n")
  }

  private static func event(_ span: Timeline.Span, rank: Int) -> String {
    var details: [JSONValue.Member] = [.init("step", .integer(span.step + 1))]
    if span.bytes > 0 { details.append(.init("bytes", .integer(span.bytes))) }
    return JSONValue.object([
      .init("name", .string(span.work.name)), .init("cat", .string(span.work.part.kind.rawValue)),
      .init("ph", .string("X")),
      .init("ts", .double(Double(span.start) * 1e-3)),
      .init("dur", .double(Double(span.end - span.start) * 1e-3)), .init("pid", .integer(rank)),
      .init("tid", .integer(span.track.rawValue)), .init("args", .object(details)),
    ]).text
  }
}
