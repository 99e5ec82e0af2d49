import Reporting

extension ExecutionPlan {
  private static func fixed(_ value: Double, _ places: Int) -> String {
    FixedDecimal.text(value, places: places)
  }

  private static func milliseconds(_ seconds: Double) -> String { fixed(seconds * 1e3, 1) }

  /// For people.
  package var text: String {
    let first = calibrations[0]
    let phases = zip(first.phases, 0...).map { phase, _ in
      let opening = phase.opening > 0 ? "\(Self.milliseconds(phase.opening)) + " : ""
      return "\(phase.name) \(opening)\(Self.milliseconds(phase.rest)) ms a micro-batch, "
        + "\(Self.milliseconds(phase.update)) ms an update, \(Self.fixed(phase.bytes * 1e-6, 1)) MB a sum"
    }
    let beside = first.beside == 0 ? "" : ", beside \(first.beside) more that did the same"
    var lines = [
      "\(description), batch \(batch) in \(first.microBatches) micro-batches",
      "cluster     \(clusterText)",
      "calibrated  on one rank x \(first.threads) \(first.threads == 1 ? "thread" : "threads")\(beside): "
        + "\(Self.milliseconds(first.secondsAlone)) ms a step alone",
    ]
    lines += phases.map { "            \($0)" }
    lines.append("")
    lines += table
    lines.append("")
    lines.append(
      "best        -n \(best.ranks) threads=\(best.threads) microBatches=\(best.microBatches): "
        + "\(Self.fixed(imagesPerSecond(best), 1)) images/s on \(best.nodes) "
        + "\(best.nodes == 1 ? "node" : "nodes"), limited by \(best.limit)")
    lines += advice.map { "            \($0)" }
    return lines.joined(separator: "\n")
  }

  private var clusterText: String {
    let rate = cluster.bandwidth.isFinite ? "\(Self.fixed(cluster.bandwidth, 0)) Mbit/s" : "no limit"
    let slots = cluster.slots.map { " with \($0.map(String.init).joined(separator: ", ")) slots" } ?? ""
    return
      "\(cluster.nodes) \(cluster.nodes == 1 ? "node" : "nodes") x \(cluster.cores) cores\(slots), \(rate) each way, "
      + "\(Self.fixed(cluster.latency, 3)) ms one way"
  }

  private var table: [String] {
    let cells =
      [["nodes", "ranks x threads", "ms/step", "images/s", "exposed", "efficiency", "limited by"]]
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
        "microBatches=\(other.microBatches) would give \(Self.fixed(imagesPerSecond(other), 1)) images/s with "
          + "-n \(other.ranks) threads=\(other.threads); the weights are others then")
    }
    let longest = best.prediction.exposedBySum.indices.max {
      best.prediction.exposedBySum[$0] < best.prediction.exposedBySum[$1]
    }
    if let longest, best.prediction.exposedBySum[longest] > 0.05 * best.prediction.seconds {
      lines.append(
        "a link twice as fast would save up to \(Self.milliseconds(best.prediction.exposedBySum[longest] / 2)) ms of "
          + "\(Self.milliseconds(best.prediction.seconds)) at the \(graph.sums[longest].name)'s sum; a larger batch hides more"
      )
    }
    if Cores.onNode < cluster.cores {
      lines.append(
        "calibrated on \(Cores.onNode) \(Cores.onNode == 1 ? "core" : "cores"): the memory of \(cluster.cores) may be shorter"
      )
    }
    return lines
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
      .init("worthwhile_nodes", .integer(worthwhileNodes)), .init("rows", .array(rows.map(value))),
      .init("calibration", CalibrationRecord(calibrations, machine).json),
    ]).text
  }
}

/// Calibrations as they are kept: the member `calibration` of a plan's JSON.
package struct CalibrationRecord: Sendable, Equatable {
  package let calibrations: [Calibration]
  package let machine: ReductionCost.Machine

  package init(_ calibrations: [Calibration], _ machine: ReductionCost.Machine) {
    (self.calibrations, self.machine) = (calibrations, machine)
  }

  var json: JSONValue {
    .object([
      .init("copy_seconds_per_byte", .double(machine.copy)),
      .init("wire_seconds_per_byte", .double(machine.wire)),
      .init("message_seconds", .double(machine.message)),
      .init(
        "measured",
        .array(
          calibrations.map { calibration in
            .object([
              .init("micro_batches", .integer(calibration.microBatches)),
              .init("threads", .integer(calibration.threads)), .init("beside", .integer(calibration.beside)),
              .init(
                "phases",
                .array(
                  calibration.phases.map {
                    .object([
                      .init("name", .string($0.name)), .init("opening_seconds", .double($0.opening)),
                      .init("rest_seconds", .double($0.rest)), .init("update_seconds", .double($0.update)),
                      .init("bytes", .double($0.bytes)),
                    ])
                  })),
            ])
          })),
    ])
  }

  /// The record in the JSON of an earlier plan; nil if there is none.
  package init?(planJSON: String) {
    guard let root = try? JSONParser.value(of: Array(planJSON.utf8)[...]), let value = root["calibration"],
      let copy = value["copy_seconds_per_byte"]?.number, let wire = value["wire_seconds_per_byte"]?.number,
      let message = value["message_seconds"]?.number, case .array(let measured)? = value["measured"],
      !measured.isEmpty
    else { return nil }
    machine = .init(copy: copy, wire: wire, message: message)
    var calibrations: [Calibration] = []
    for item in measured {
      guard let microBatches = item["micro_batches"]?.number.flatMap({ Int(exactly: $0) }),
        let threads = item["threads"]?.number.flatMap({ Int(exactly: $0) }), microBatches > 0, threads > 0,
        let beside = item["beside"]?.number.flatMap({ Int(exactly: $0) }),
        case .array(let phases)? = item["phases"]
      else { return nil }
      let costs = phases.compactMap { phase -> PhaseCost? in
        guard case .string(let name)? = phase["name"], let opening = phase["opening_seconds"]?.number,
          let rest = phase["rest_seconds"]?.number, let update = phase["update_seconds"]?.number,
          let bytes = phase["bytes"]?.number,
          [opening, rest, update, bytes].allSatisfy({ $0.isFinite && $0 >= 0 })
        else { return nil }
        return PhaseCost(name: name, opening: opening, rest: rest, update: update, bytes: bytes)
      }
      guard costs.count == phases.count, !costs.isEmpty else { return nil }
      calibrations.append(
        Calibration(microBatches: microBatches, threads: threads, beside: beside, phases: costs))
    }
    self.calibrations = calibrations
  }
}
