import Foundation

/// Small data sets, made for a test.
enum Fixtures {
  /// A diagonal ramp of 32x32 grey pixels.
  static let png = bytes(
    """
    iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAAAAABWESUoAAAAGUlEQVR42mNkYMUPmJgJgFEFowpGFQxXBQA46wx7Y+AUqgAAAABJRU5ErkJggg==
    """)
  /// The same of 24x20 pixels.
  static let smallPNG = bytes(
    """
    iVBORw0KGgoAAAANSUhEUgAAABgAAAAUCAAAAACy3qJfAAAAFUlEQVR42mNkYMUOmJhxgFGJoS4BAPk4BfMVPRubAAAAAElFTkSuQmCC
    """)
  /// The ramp of 32x32 pixels as a JPEG.
  static let jpeg = bytes(
    """
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqm\
    x5moq6T/wAALCAAgACABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAABAX/xAAWEAADAAAAAAAAAAAAAAAAAAAAAgP/2gAIAQEAAD8AgyQZJBkkGSQh\
    SQZJBkkGSQhyQXJBkkGSQhyQZJBckGSQ/9k=
    """)

  private static func bytes(_ base64: String) -> [UInt8] { [UInt8](Data(base64Encoded: base64)!) }

  /// A NumPy file of version 1.0 with values behind its header.
  static func npy(_ header: String, _ values: [UInt8] = []) -> [UInt8] {
    let padded = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8) + values
  }

  /// A folder of as many images, PNG and JPEG by turns.
  static func images(_ count: Int, in folder: Folder, _ name: String = "images") throws {
    for index in 0..<count {
      let isPNG = index % 2 == 0
      try folder.write(isPNG ? png : jpeg, "\(name)/\(index).\(isPNG ? "png" : "jpg")")
    }
  }

  /// A folder of IDX files: 16 images of 28x28 pixels and their labels.
  static func idx(in folder: Folder, _ name: String = "digits", labels: Int? = nil) throws {
    let pixels = (0..<16 * 28 * 28).map { UInt8(truncatingIfNeeded: $0 / 7) }
    try folder.write(
      [0, 0, 8, 3, 0, 0, 0, 16, 0, 0, 0, 28, 0, 0, 0, 28] + pixels, "\(name)/train-images-idx3-ubyte")
    let count = labels ?? 16
    try folder.write(
      [0, 0, 8, 1, 0, 0, 0, UInt8(count)] + (0..<count).map { UInt8($0 % 10) },
      "\(name)/train-labels-idx1-ubyte")
  }

  /// Compresses a file, which gets the suffix `.gz`.
  static func gzip(_ name: String, in folder: Folder) throws {
    let finished = try Job(["/bin/gzip", folder.path + "/" + name], in: folder).wait()
    guard finished.status == 0 else { throw Unexpected(finished) }
  }

  /// Cuts a file to its first half.
  static func halve(_ name: String, in folder: Folder) throws {
    let bytes = try folder.bytes(name)
    try folder.write(Array(bytes.prefix(bytes.count / 2)), name)
  }

  /// Inverts a byte in the middle of a file.
  static func damage(_ name: String, in folder: Folder) throws {
    var bytes = try folder.bytes(name)
    bytes[bytes.count / 2] ^= 0xff
    try folder.write(bytes, name)
  }
}
