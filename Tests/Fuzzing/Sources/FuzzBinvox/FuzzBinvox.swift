import Harness

/// A cube of 4 a side.
private let cube = Array("#binvox 1\ndim 4 4 4\ndata\n".utf8) + [0, 60, 1, 4]

/// A volume of binvox, alone in its folder and behind another.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  Reading.run(start, count, name: "input.binvox", opensFolder: true)
  Reading.run(start, count, name: "two/input.binvox", beside: ("0.binvox", cube))
  return 0
}
