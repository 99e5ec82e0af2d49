import Checkpoints
import TensorCore
import TestSupport
import Testing

@Suite struct SafetensorsHostileTests {
  private static func file(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
    let length = length ?? UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + Array(header.utf8)
      + [UInt8](repeating: 0, count: data)
  }

  private static func tensor(
    _ name: String, _ shape: String, _ offsets: String, type: String = "F32"
  ) -> String {
    #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}"#
  }

  private static func refusal(_ bytes: [UInt8]) -> CheckpointError? {
    do throws(CheckpointError) {
      _ = try Safetensors(decoding: bytes, path: "hostile.safetensors")
      return nil
    } catch { return error }
  }

  @Test(
    "a length field beyond the file or the limit is refused before anything is allocated",
    arguments: [3, 100_000_001, UInt64(Int64.max), UInt64.max])
  func headerLength(length: UInt64) throws {
    let error = try #require(Self.refusal(Self.file("{}", length: length)))
    #expect(error.kind == .damaged)
    #expect(error.description.contains("hostile.safetensors (byte "))
  }

  @Test(
    "a header that is not just the JSON of the format is refused, with the byte",
    arguments: [
      ("", "expected '{'"), ("[]", "expected '{'"), ("{", "expected"), ("{}x", "text after the end"),
      (#"{"a":1}"#, "expected '{'"), (#"{"a":{}}"#, "lacks"), (#"{"a":{"dtype":"F32"}}"#, "lacks"),
      ("{" + tensor("a", "[]", "[0,4]") + "," + tensor("a", "[]", "[4,8]") + "}", "there twice"),
      (#"{"a":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}}"#, "there twice"),
      (#"{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"x":1}}"#, "unknown field"),
      (#"{"__metadata__":{"a":1}}"#, "expected '\"'"),
      (#"{"__metadata__":{"a":"b","a":"b"}}"#, "there twice"),
      ("{" + tensor("a", "[]", "[0,2]", type: "F16") + "}", "is F16"),
      ("{" + tensor("a", "[]", "[0,4]", type: "F999") + "}", "is F999"),
      ("{" + tensor("a", "[1.0]", "[0,4]") + "}", "whole number"),
      ("{" + tensor("a", "[1e0]", "[0,4]") + "}", "whole number"),
      ("{" + tensor("a", "[-1]", "[0,4]") + "}", "whole number"),
      ("{" + tensor("a", "[01]", "[0,4]") + "}", "number"),
      ("{" + tensor("a", "[+1]", "[0,4]") + "}", "number"),
      ("{" + tensor("a", "[1,]", "[0,4]") + "}", "number"), ("{" + tensor("a", "[1]", "[0]") + "}", "lacks"),
      ("{" + tensor("a", "[1]", "[0,4,8]") + "}", "more than 2"),
      ("{" + tensor("a", "[1,1,1,1,1,1,1,1,1]", "[0,4]") + "}", "more than 8"),
      ("{" + tensor("a", "[1]", "[4,0]") + "}", "ends before"),
      ("{" + tensor("a", "[2]", "[0,4]") + "}", "needs 8 bytes"),
      ("{" + tensor("a", "[18446744073709551616]", "[0,4]") + "}", "does not fit"),
      ("{" + tensor("a", "[4611686018427387905]", "[0,4]") + "}", "impossible shape"),
      ("{" + tensor("a", "[2147483648,2147483648,2147483648]", "[0,0]") + "}", "impossible shape"),
      ("{" + tensor("a", "[2147483648,2147483648,2147483648,0]", "[0,0]") + "}", "impossible shape"),
      ("{" + tensor("a", "[2147483649,0]", "[0,0]") + "}", "impossible shape"),
      ("{" + tensor("\\ud800", "[]", "[0,4]") + "}", "surrogate"),
      ("{" + tensor("\\ud800\\ud800", "[]", "[0,4]") + "}", "surrogate"),
      ("{" + tensor("\\x", "[]", "[0,4]") + "}", "escape"), ("{\"a\n\":1}", "control character"),
      (#"{"a"#, "string without end"), (#"{"a\"#, "string without end"), (#"{"\u12"#, "four hexadecimal"),
    ])
  func header(text: String, reason: String) throws {
    let error = try #require(Self.refusal(Self.file(text, data: 4)))
    #expect(error.kind == .damaged)
    #expect(error.problem.contains(reason), "\(error)")
    #expect(error.offset != nil)
  }

  @Test(
    "data that overlap, leave a gap or reach beyond the file are refused, naming the tensor",
    arguments: [
      ("[0,4]", "[0,4]"), ("[0,4]", "[3,7]"), ("[0,4]", "[5,9]"), ("[4,8]", "[8,12]"), ("[0,4]", "[4,8]"),
      ("[0,4]", "[9223372036854775803,9223372036854775807]"),
    ])
  func offsets(first: String, second: String) throws {
    let header = "{" + Self.tensor("a", "[1]", first) + "," + Self.tensor("b", "[1]", second) + "}"
    let error = try #require(Self.refusal(Self.file(header, data: 7)))
    #expect(error.tensor == "a" || error.tensor == "b")
  }

  @Test("bytes behind the last tensor are refused")
  func trailing() throws {
    let error = try #require(Self.refusal(Self.file("{" + Self.tensor("a", "[1]", "[0,4]") + "}", data: 5)))
    #expect(error.problem.contains("1 bytes belong to no tensor"))
  }

  @Test("text that is not UTF-8 is refused")
  func encoding() throws {
    var bytes = Self.file("{" + Self.tensor("aa", "[1]", "[0,4]") + "}", data: 4)
    for invalid: [UInt8] in [[0xC3, 0x28], [0xED, 0xA0], [0xC0, 0x80], [0xFF, 0xFE]] {
      bytes.replaceSubrange(10..<12, with: invalid)
      #expect(try #require(Self.refusal(bytes)).problem.contains("UTF-8"))
    }
  }

  @Test("nesting without end is refused, not followed")
  func nesting() throws {
    let error = try #require(
      Self.refusal(Self.file(#"{"__metadata__":"# + String(repeating: "[", count: 100_000))))
    #expect(error.kind == .damaged)
  }

  @Test("a hundred thousand tensors are read, and the last of them out of place is named")
  func manyEntries() throws {
    func header(lastAt end: Int) -> String {
      let entries = (0..<100_000).map { index in
        let begin = index == 99_999 ? end - 4 : 4 * index
        return Self.tensor("t\(index)", "[1]", "[\(begin),\(begin + 4)]")
      }
      return "{" + entries.joined(separator: ",") + "}"
    }
    #expect(Self.refusal(Self.file(header(lastAt: 400_000), data: 400_000)) == nil)
    let error = try #require(Self.refusal(Self.file(header(lastAt: 400_004), data: 400_000)))
    #expect(error.tensor == "t99999")
  }

  @Test("control characters of a hostile name do not reach the terminal")
  func terminalEscapes() throws {
    let header = "{" + Self.tensor("\\u001b[2Ja", "[1]", "[4,8]") + "}"
    let text = try #require(Self.refusal(Self.file(header, data: 8))).description
    #expect(text.contains(#"\u{1b}[2Ja"#) && !text.contains("\u{1B}"))
  }

  @Test("a file of random bytes, or with a few of its bytes replaced, is read or refused, never a crash")
  func randomChanges() {
    var random = SplitMix64(state: 7)
    let whole = Safetensors(
      [NamedTensor("a", Tensor([1, 2, 3], shape: [3])), NamedTensor("b", Tensor(4))], metadata: ["k": "v"]
    ).encoded()
    for _ in 0..<20_000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        bytes[index] = UInt8.random(in: 0...255, using: &random)
      }
      if let error = Self.refusal(bytes) { #expect(error.kind == .damaged) }
    }
  }
}
