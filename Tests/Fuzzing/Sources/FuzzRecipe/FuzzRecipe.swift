import Training

/// A recipe in YAML. What is taken is written canonically and read back as the same options.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  do throws(OptionsError) {
    let options = try Options.resolve(yaml: bytes, name: "fuzz", label: "fuzz.yaml")
    do throws(OptionsError) {
      let again = try Options.resolve(yaml: Array(options.canonicalYAML.utf8), name: "fuzz", label: "again")
      precondition(again == options, "canonical options are read back as they are")
    } catch {
      preconditionFailure("canonical options are refused: \(error.lines)")
    }
  } catch {
    for line in error.lines {
      precondition(!line.utf8.contains { $0 < 0x20 }, "control characters in \(line)")
    }
  }
  return 0
}
