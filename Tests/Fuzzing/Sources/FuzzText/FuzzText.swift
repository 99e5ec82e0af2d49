import Harness

/// A file of text.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  Reading.run(start, count, name: "input.txt")
  return 0
}
