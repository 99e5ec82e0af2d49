import Checkpoints
import TestSupport
import Testing

@Suite struct ZstdFrameTests {
  private static func content(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix64(state: seed)
    return (0..<count).map { $0 % 3 == 0 ? UInt8.random(in: 0...255, using: &random) : 7 }
  }

  private static func refusal(_ frame: [UInt8], _ size: Int) -> CheckpointError? {
    do throws(CheckpointError) {
      _ = try ZstdFrame.decompress(frame, expectedSize: size, path: "file.zst")
      return nil
    } catch { return error }
  }

  @Test("content of any size comes back", arguments: [0, 1, 255, 256, 131_072, 131_073, 1_000_000])
  func roundTrip(size: Int) throws {
    let content = Self.content(size, seed: UInt64(size))
    let frame = ZstdFrame.compress(content)
    #expect(try ZstdFrame.decompress(frame, expectedSize: size, path: "memory") == content)
    #expect(size < 1000 || frame.count < size)
  }

  @Test("a frame cut anywhere, or with bytes behind its end, is refused with the byte")
  func truncated() throws {
    let content = Self.content(1000, seed: 1)
    let frame = ZstdFrame.compress(content)
    for length in 0..<frame.count {
      let error = try #require(Self.refusal(Array(frame[..<length]), content.count), "\(length)")
      guard case .file(let byte) = error.offset else {
        Issue.record("the byte is named")
        continue
      }
      #expect(error.kind == .damaged && error.path == "file.zst" && byte <= length)
    }
    #expect(try #require(Self.refusal(frame + [0], content.count)).problem.contains("after the end"))
    #expect(Self.refusal(frame + frame, content.count) != nil)
  }

  @Test("the content checksum finds a flipped bit wherever the content's length survives it")
  func flipped() {
    let content = Self.content(200, seed: 2)
    let frame = ZstdFrame.compress(content)
    for bit in 0..<frame.count * 8 {
      var flipped = frame
      flipped[bit / 8] ^= 1 << (bit % 8)
      // A reserved or redundant bit of the frame may pass; wrong content may not.
      if let found = try? ZstdFrame.decompress(flipped, expectedSize: content.count, path: "memory") {
        #expect(found == content)
      }
    }
  }

  @Test("a bomb is refused by the size that its header announces")
  func bomb() throws {
    let frame = ZstdFrame.compress([UInt8](repeating: 0, count: 50_000_000))
    #expect(frame.count < 10_000)
    let error = try #require(Self.refusal(frame, 1000))
    #expect(error.problem.contains("announces 50000000 bytes"))
  }

  @Test("a frame that wants a window above 128 MiB is refused")
  func window() throws {
    // Magic, descriptor (8-byte content size, checksum), window of 2^31, size 4, then an empty last block.
    let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xC4, 0xA8, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    #expect(try #require(Self.refusal(frame, 4)).kind == .damaged)
  }
}
