import DataParallel
import Platform
import Reporting
import Training

extension ExecutionPlan {
  private static func fixed(_ value: Double, _ places: Int) -> String {
    FixedDecimal.text(value, places: places)
  }

  private static func milliseconds(_ seconds: Double) -> String { fixed(seconds * 1e3, 1) }

  /// For people.
  package var text: String {
    let first = calibrations[0]
    let phases = zip(first.phases, cuts[1].buckets).map { phase, buckets in
      let opening = phase.opening > 0 ? "\(Self.milliseconds(phase.opening)) + " : ""
      return "\(phase.name) \(opening)\(Self.milliseconds(phase.forward + phase.backward)) ms a micro-batch, "
        + "\(Self.milliseconds(phase.update)) ms an update, \(Self.fixed(phase.bytes * 1e-6, 1)) MB a sum in "
        + Count.text(buckets, "bucket")
    }
    let beside = first.beside == 0 ? "" : ", beside \(first.beside) more that did the same"
    var lines = [
      "\(description), batch \(batch) in \(first.microBatches) micro-batches",
      "cluster     \(clusterText)",
      "calibrated  on one rank x \(Count.text(first.threads, "thread"))\(beside): "
        + "\(Self.milliseconds(first.secondsAlone)) ms a step alone",
    ]
    lines += phases.map { "            \($0)" }
    lines.append("")
    lines += table
    lines.append("")
    lines.append(
      "best        -n \(best.ranks) threads=\(best.threads) microBatches=\(best.microBatches): "
        + "\(Self.fixed(imagesPerSecond(best), 1)) \(sampleName)/s on "
        + "\(Count.text(best.nodes, "node")), limited by \(best.limit)")
    lines += advice.map { "            \($0)" }
    return lines.joined(separator: "\n")
  }

  private var clusterText: String {
    let rate = cluster.bandwidth.isFinite ? "\(Self.fixed(cluster.bandwidth, 0)) Mbit/s" : "no limit"
    let slots = cluster.slots.map { " with \($0.map(String.init).joined(separator: ", ")) slots" } ?? ""
    return
      "\(Count.text(cluster.nodes, "node")) x \(Count.text(cluster.cores, "core"))\(slots), \(rate) each way, "
      + "\(Self.fixed(cluster.latency, 3)) ms one way"
  }

  private var table: [String] {
    let cells =
      [["nodes", "ranks x threads", "ms/step", "\(sampleName)/s", "exposed", "efficiency", "limited by"]]
      + rows.map { row in
        [
          row.isWithin ? "\(row.nodes)" : "(\(row.nodes))", "\(row.ranks) x \(row.threads)",
          Self.milliseconds(row.prediction.seconds), Self.fixed(imagesPerSecond(row), 1),
          Self.fixed(row.exposed * 100, 1) + " %", Self.fixed(efficiency(row), 2), row.limit,
        ]
      }
    let widths = cells[0].indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    return cells.map { row in
      zip(row, widths).enumerated().map { column, cell in
        let padding = String(repeating: " ", count: cell.1 - cell.0.count)
        return column == row.count - 1 ? cell.0 : column < 2 ? cell.0 + padding : padding + cell.0
      }.joined(separator: "  ")
    }
  }

  private var advice: [String] {
    var lines: [String] = []
    if worthwhileNodes < (rows.last?.nodes ?? 1) {
      lines.append(
        "more than \(worthwhileNodes) \(worthwhileNodes == 1 ? "node gains" : "nodes gain") less than a tenth from twice as many"
      )
    } else if cluster.slots == nil, let last = rows.last {
      lines.append("\(last.ranks) ranks have a micro-batch each: more need more microBatches")
    }
    if let other {
      lines.append(
        "microBatches=\(other.microBatches) would give \(Self.fixed(imagesPerSecond(other), 1)) \(sampleName)/s with "
          + "-n \(other.ranks) threads=\(other.threads); the weights are others then")
    }
    if best.ranks > 1 { lines.append(bucketAdvice) }
    let longest = best.prediction.exposedBySum.indices.max {
      best.prediction.exposedBySum[$0] < best.prediction.exposedBySum[$1]
    }
    if let longest, best.prediction.exposedBySum[longest] > 0.05 * best.prediction.seconds {
      lines.append(
        "a link twice as fast would save up to \(Self.milliseconds(best.prediction.exposedBySum[longest] / 2)) ms of "
          + "\(Self.milliseconds(best.prediction.seconds)) at the \(graph.sums[longest].name)'s sum; a larger batch hides more"
      )
    }
    if readsFiles {
      lines.append("reading data is not counted; `lockstep data pack --resize` makes it cheap")
    }
    if Cores.onNode < cluster.cores {
      lines.append(
        "calibrated on \(Count.text(Cores.onNode, "core")): the memory of \(cluster.cores) may be shorter"
      )
    }
    return lines
  }

  /// For people: percents more or less; none has no sign.
  package static func change(_ percents: Double) -> String {
    let text = fixed(percents, 1)
    return (text.hasPrefix("-") || text == fixed(0, 1) ? text : "+" + text) + " %"
  }

  /// What vectors cut otherwise would change.
  private var bucketAdvice: String {
    func mebibytes(_ length: Int) -> String {
      Self.fixed(Double(length * MemoryLayout<Float>.size) / Double(1 << 20), 2) + " MiB"
    }
    let begin = "buckets begin at parameters of \(mebibytes(BucketPlan.defaultLength))"
    let others = cuts.filter { $0.length != BucketPlan.defaultLength }.map { cut in
      (cut.length.map { "at \(mebibytes($0))" } ?? "one bucket", (cuts[1].seconds / cut.seconds - 1) * 100)
    }
    guard others.contains(where: { abs($0.1) >= 1 }) else {
      return "\(begin): no other length changes 1 %"
    }
    let changes = others.map { "\($0) \(Self.change($1))" }
    return "\(begin); \(Prose.list(changes)) \(sampleName)/s"
  }

  /// One JSON object; seconds.
  package var json: String {
    func value(_ row: Row) -> JSONValue {
      .object([
        .init("nodes", .integer(row.nodes)), .init("ranks", .integer(row.ranks)),
        .init("threads", .integer(row.threads)), .init("micro_batches", .integer(row.microBatches)),
        .init("within_cluster", .bool(row.isWithin)),
        .init("seconds_per_step", .double(row.prediction.seconds)),
        .init("images_per_second", .double(imagesPerSecond(row))),
        .init("exposed_communication_fraction", .double(row.exposed)),
        .init("efficiency", .double(efficiency(row))), .init("limit", .string(row.limit)),
        .init(
          "exposed_seconds",
          .object(
            zip(graph.sums, row.prediction.exposedBySum).map { .init($0.name, .double($1)) })),
      ])
    }
    return JSONValue.object([
      .init("model", .string(description)), .init("batch", .integer(batch)),
      .init(
        "cluster",
        .object([
          .init("nodes", .integer(cluster.nodes)), .init("cores", .integer(cluster.cores)),
          .init("mbit_per_second", cluster.bandwidth.isFinite ? .double(cluster.bandwidth) : .null),
          .init("latency_seconds", .double(cluster.latency * 1e-3)), .init("speed", .double(cluster.speed)),
          .init("slots", cluster.slots.map { .array($0.map { .integer($0) }) } ?? .null),
        ])), .init("best", value(best)), .init("other_micro_batches", other.map(value) ?? .null),
      .init(
        "bucket_lengths",
        .array(
          cuts.map { cut in
            .object([
              .init("elements", JSONValue(cut.length)),
              .init(
                "buckets",
                .object(zip(calibrations[0].phases, cut.buckets).map { .init($0.name, .integer($1)) })),
              .init("seconds_per_step", .double(cut.seconds)),
            ])
          })),
      .init("worthwhile_nodes", .integer(worthwhileNodes)), .init("rows", .array(rows.map(value))),
      .init("calibration", CalibrationRecord(calibrations, machine).json),
    ]).text
  }
}
