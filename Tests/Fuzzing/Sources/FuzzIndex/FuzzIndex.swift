import Harness

/// The index beside packed shards, of which there is one, which is no archive.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  Reading.run(start, count, name: "index.txt", beside: ("0.tar", [UInt8](repeating: 0, count: 512)))
  return 0
}
