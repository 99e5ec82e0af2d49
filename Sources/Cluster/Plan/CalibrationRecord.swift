import Platform
import Training

/// Calibrations as they are kept: the member `calibration` of a plan's JSON.
package struct CalibrationRecord: Sendable, Equatable {
  package let calibrations: [Calibration]
  package let machine: ReductionCost.Machine

  package init(_ calibrations: [Calibration], _ machine: ReductionCost.Machine) {
    (self.calibrations, self.machine) = (calibrations, machine)
  }

  /// The record in the JSON of an earlier plan; nil if there is none.
  package init?(planJSON: String) {
    guard let root = try? JSONValue(parsing: Array(planJSON.utf8)), let value = root["calibration"],
      let copy = value["copy_seconds_per_byte"]?.amount, let wire = value["wire_seconds_per_byte"]?.amount,
      let message = value["message_seconds"]?.amount, case .array(let measured)? = value["measured"],
      !measured.isEmpty
    else { return nil }
    machine = .init(copy: copy, wire: wire, message: message)
    calibrations = measured.compactMap { Calibration($0) }
    guard calibrations.count == measured.count else { return nil }
  }

  var json: JSONValue {
    .object([
      .init("copy_seconds_per_byte", .double(machine.copy)),
      .init("wire_seconds_per_byte", .double(machine.wire)),
      .init("message_seconds", .double(machine.message)),
      .init("measured", .array(calibrations.map(\.json))),
    ])
  }
}

extension Calibration {
  fileprivate init?(_ value: JSONValue) {
    func count(_ name: String, from least: Int) -> Int? {
      value[name]?.number.flatMap { Int(exactly: $0) }.flatMap { (least...65_536).contains($0) ? $0 : nil }
    }
    guard let microBatches = count("micro_batches", from: 1), let threads = count("threads", from: 1),
      let beside = count("beside", from: 0), let together = count("micro_batches_per_pass", from: 1),
      case .bool(let acrossNodes)? = value["across_nodes"], case .array(let phases)? = value["phases"]
    else { return nil }
    let costs = phases.compactMap { PhaseCost($0) }
    guard costs.count == phases.count, !costs.isEmpty,
      costs.allSatisfy({ cost in
        cost.reads.count == costs.count
          && zip(cost.reads, costs).allSatisfy { $0.isEmpty || $0.count == $1.buckets.count }
      })
    else { return nil }
    self.init(
      microBatches: microBatches, threads: threads, beside: beside, acrossNodes: acrossNodes,
      microBatchesPerPass: together, phases: costs)
  }

  fileprivate var json: JSONValue {
    .object([
      .init("micro_batches", .integer(microBatches)), .init("threads", .integer(threads)),
      .init("beside", .integer(beside)), .init("across_nodes", .bool(acrossNodes)),
      .init("micro_batches_per_pass", .integer(microBatchesPerPass)),
      .init("phases", .array(phases.map(\.json))),
    ])
  }
}

extension PhaseCost {
  fileprivate init?(_ value: JSONValue) {
    guard case .string(let name)? = value["name"], let opening = value["opening_seconds"]?.amount,
      let forward = value["forward_seconds"]?.amount, let backward = value["backward_seconds"]?.amount,
      case .array(let buckets)? = value["buckets"], case .array(let reads)? = value["read_seconds"]
    else { return nil }
    let known = buckets.compactMap { bucket -> Bucket? in
      guard let bytes = bucket["bytes"]?.amount, let update = bucket["update_seconds"]?.amount,
        let left = bucket["left_seconds"]?.amount
      else { return nil }
      return Bucket(bytes: bytes, update: update, left: left)
    }
    let times = reads.compactMap { read -> [Double]? in
      guard case .array(let values) = read else { return nil }
      let amounts = values.compactMap(\.amount)
      return amounts.count == values.count ? amounts : nil
    }
    guard known.count == buckets.count, !known.isEmpty, times.count == reads.count else { return nil }
    self.init(
      name: name, opening: opening, forward: forward, backward: backward, buckets: known, reads: times)
  }

  fileprivate var json: JSONValue {
    .object([
      .init("name", .string(name)), .init("opening_seconds", .double(opening)),
      .init("forward_seconds", .double(forward)), .init("backward_seconds", .double(backward)),
      .init(
        "buckets",
        .array(
          buckets.map {
            .object([
              .init("bytes", .double($0.bytes)), .init("update_seconds", .double($0.update)),
              .init("left_seconds", .double($0.left)),
            ])
          })),
      .init("read_seconds", .array(reads.map { .array($0.map { .double($0) }) })),
    ])
  }
}

extension JSONValue {
  /// A number that is finite and not negative; nil if this is none.
  fileprivate var amount: Double? { number.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil } }
}
