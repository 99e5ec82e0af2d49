/// Some of a turn's buckets, as ranks tell them to one another.
struct BucketSet: OptionSet {
  let rawValue: UInt64

  init(rawValue: UInt64) { self.rawValue = rawValue }

  /// One bucket.
  init(_ bucket: Int) { rawValue = 1 << UInt64(bucket) }

  /// The first `count` buckets, 1 to 64.
  init(first count: Int) { rawValue = .max >> UInt64(64 - count) }

  /// The first of them in the order of the parameters; nil if there is none.
  var first: Int? { isEmpty ? nil : rawValue.trailingZeroBitCount }
}
