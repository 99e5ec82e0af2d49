import Foundation
import Testing

extension EndToEnd {
  /// `--trace`.
  struct TraceTests {
    private struct Trace: Decodable {
      struct Event: Decodable {
        struct Details: Decodable {
          let step: Int?
          let bytes: Int?
          let name: String?
        }
        let name: String
        let ph: String
        let pid: Int
        let tid: Int
        let ts: Double?
        let dur: Double?
        let args: Details
      }
      let traceEvents: [Event]
    }

    @Test(
      "a trace tells of every rank what it computed, sent and waited for, and changes no bit",
      .enabled(if: MPIRun.isAvailable, "mpirun is absent"))
    func trace() throws {
      let folder = try Folder()
      let words = ["dcgan"] + narrow + course(steps: 3)
      let began = Date()
      let traced = try Lockstep.train(words + ["--run", "traced", "--trace"], ranks: 2, in: folder)
      let microseconds = 1e6 * Date().timeIntervalSince(began)
      #expect(traced.status == 0 && traced.errors.contains("trace: "), "\(traced.errors)")
      let plain = try Lockstep.train(words + ["--run", "plain"], ranks: 2, in: folder)
      #expect(plain.status == 0, "\(plain.errors)")
      #expect(
        try Lockstep.inspect("traced", in: folder).hashes == Lockstep.inspect("plain", in: folder).hashes)
      #expect(try folder.contents(of: "plain")["trace.json"] == nil)

      let events = try JSONDecoder().decode(
        Trace.self, from: Data(try folder.bytes("traced/trace.json"))
      ).traceEvents
      let spans = events.filter { $0.ph == "X" }
      for rank in 0..<2 {
        for step in 1...3 {
          let own = spans.filter { $0.pid == rank && $0.args.step == step }
          for phase in ["discriminator", "generator"] {
            let sum = try #require(own.first { $0.name == "\(phase) sum" })
            #expect(sum.tid == 1 && (sum.args.bytes ?? 0) > 4000)
            let bucket = try #require(own.first { $0.name == "\(phase) bucket 0" })
            #expect(bucket.tid == 1 && (bucket.args.bytes ?? 0) > 4000)
            let update = try #require(own.first { $0.name == "\(phase) update" })
            #expect(try #require(sum.ts) <= #require(update.ts))
            // 8 micro-batches over 2 ranks.
            #expect(own.filter { $0.name.hasPrefix("\(phase) forward") && $0.tid == 0 }.count == 4)
          }
        }
        #expect(spans.filter { $0.pid == rank }.allSatisfy { ($0.dur ?? -1) >= 0 })
        let last = try #require(spans.filter { $0.pid == rank }.map { ($0.ts ?? 0) + ($0.dur ?? 0) }.max())
        #expect(last < microseconds && last > microseconds / 1000, "\(last) of \(microseconds)")
        let names = events.filter { $0.ph == "M" && $0.pid == rank }
        #expect(
          names.contains { $0.name == "process_name" && $0.args.name?.hasPrefix("rank \(rank) on ") == true })
        for (thread, name) in ["training", "communication"].enumerated() {
          #expect(names.contains { $0.name == "thread_name" && $0.tid == thread && $0.args.name == name })
        }
      }
    }
  }
}
