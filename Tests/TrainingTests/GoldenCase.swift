import Autograd
import Checkpoints
import Foundation
import TensorCore

/// One file of reference vectors: what was computed, with which attributes, and every tensor.
struct GoldenCase: CustomStringConvertible, Sendable {
  let name: String
  let file: Safetensors
  let attributes: [String: Attribute]

  /// A JSON value of the case's metadata.
  enum Attribute: Decodable, Sendable {
    case number(Double)
    case text(String)
    case flag(Bool)
    case list([Attribute])

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let flag = try? value.decode(Bool.self) {
        self = .flag(flag)
      } else if let number = try? value.decode(Double.self) {
        self = .number(number)
      } else if let text = try? value.decode(String.self) {
        self = .text(text)
      } else {
        self = .list(try value.decode([Attribute].self))
      }
    }

    /// All numbers, depth first.
    var numbers: [Double] {
      switch self {
      case .number(let number): [number]
      case .list(let list): list.flatMap(\.numbers)
      case .text, .flag: []
      }
    }
  }

  var description: String { name }

  /// The folder that `LOCKSTEP_GOLDEN` names, or the one beside the checkout.
  static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["LOCKSTEP_GOLDEN"] { return URL(fileURLWithPath: path) }
    return URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../shared/golden").standardized
  }()

  static let names: [String] = {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return entries.filter { $0.hasSuffix(".safetensors") }.sorted()
  }()

  init(_ name: String) throws {
    self.name = name
    let bytes = [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent(name)))
    file = try Safetensors(decoding: bytes, path: name)
    let metadata = file.metadata["case"] ?? "{}"
    attributes = try JSONDecoder().decode([String: Attribute].self, from: Data(metadata.utf8))
  }

  subscript(_ tensor: String) -> Tensor {
    guard let value = file[tensor] else { preconditionFailure("\(name) has no tensor \(tensor)") }
    return value
  }

  func has(_ tensor: String) -> Bool { file[tensor] != nil }

  func text(_ key: String) -> String? {
    if case .text(let text)? = attributes[key] { text } else { nil }
  }

  func flag(_ key: String) -> Bool {
    if case .flag(let flag)? = attributes[key] { flag } else { false }
  }

  func number(_ key: String, default value: Double? = nil) -> Double {
    if let number = attributes[key]?.numbers.first { return number }
    guard let value else { preconditionFailure("\(name) has no attribute \(key)") }
    return value
  }

  /// One number for each of `count` axes; a single number stands for all.
  func axes(_ key: String, count: Int, default value: Int) -> [Int] {
    let numbers = attributes[key]?.numbers.map { Int($0) } ?? [value]
    return numbers.count == 1 ? [Int](repeating: numbers[0], count: count) : numbers
  }
}

/// How far two tensors are apart by the reference's rule |a - b| ≤ 1e-5 + 1e-4 |b|.
struct Deviation {
  /// Elements outside the tolerance.
  var count = 0
  /// The largest |a - b| - 1e-4 |b|.
  var worst: Float = -.infinity

  init(_ value: Tensor, _ reference: Tensor) {
    precondition(value.count == reference.count, "\(value.shape) against \(reference.shape)")
    for (a, b) in zip(value.scalars, reference.scalars) {
      let excess = abs(a - b) - 1e-4 * abs(b)
      if !(excess <= 1e-5) { count += 1 }
      worst = excess.isNaN ? .nan : max(worst, excess)
    }
  }
}
