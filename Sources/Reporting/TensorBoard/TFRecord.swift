/// TensorFlow's record framing: length (8 bytes, little endian), masked CRC-32C of the length, the data,
/// masked CRC-32C of the data.
package enum TFRecord {
  /// The bytes of one record.
  package static func framed(_ data: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(data.count))
    var record: [UInt8] = []
    record.reserveCapacity(data.count + 16)
    record += length
    record += littleEndian(CRC32C.masked(CRC32C.checksum(length)))
    record += data
    record += littleEndian(CRC32C.masked(CRC32C.checksum(data)))
    return record
  }

  private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
