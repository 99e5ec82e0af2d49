import Glibc

/// Writes all of `bytes`, with further calls where one is cut short or interrupted.
/// - Returns: the error number if that fails.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32? {
  var done = 0
  while done < bytes.count {
    let count = retrying { write(descriptor, bytes.baseAddress! + done, bytes.count - done) }
    if count < 0 { return errno }
    // No progress and no reason: another try might have none either.
    if count == 0 { return EIO }
    done += count
  }
  return nil
}

/// The same of an array.
package func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
  bytes.withUnsafeBytes { writeAll($0, to: descriptor) }
}
