import Harness

/// A volume of binvox, alone in its folder.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  Reading.run(start, count, name: "input.binvox", opensFolder: true)
  return 0
}
