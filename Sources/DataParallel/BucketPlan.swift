/// How the vector of a turn is cut into buckets, which are summed over all ranks one by one.
///
/// Buckets follow each other in the order of the parameters, in which a forward pass reads them: of two that
/// are ready the first is the more urgent. The cut depends on the network alone. No bit depends on the cut,
/// because every element is summed by itself.
public struct BucketPlan: Sendable, Equatable {
  /// 1 MiB: long against what one more message costs.
  public static let defaultLength = 1 << 18

  /// The most buckets of a vector, so that a set of them fits into a word.
  private static let limit = 64

  /// The elements of each bucket; together all of the vector.
  public let ranges: [Range<Int>]

  /// Cuts a vector at the beginnings of parameters: a large one begins a bucket, to which small ones that
  /// follow are added.
  /// - Parameters:
  ///   - count: the elements of the vector, more than none; what lies behind the parameters is in the last
  ///     bucket.
  ///   - parameters: the elements of each parameter, in order.
  ///   - length: what is large; more in a vector that would have too many buckets otherwise.
  public init(count: Int, parameters: [Range<Int>], length: Int = defaultLength) {
    precondition(count > 0 && length > 0, "a vector of \(count) elements, buckets of \(length)")
    // Each cut has so many elements that it alone is due to.
    let length = max(length, count / (Self.limit - 1) + 1)
    var starts = [0]
    var small = 0
    for parameter in parameters where parameter.upperBound <= count {
      let isLarge = parameter.count >= length
      if parameter.lowerBound > starts[starts.count - 1], isLarge || small >= length {
        starts.append(parameter.lowerBound)
        small = 0
      }
      if !isLarge { small += parameter.count }
    }
    ranges = zip(starts, starts.dropFirst() + [count]).map { $0..<$1 }
  }

  /// One bucket.
  public init(count: Int) { self.init(count: count, parameters: []) }

  /// The elements of the vector.
  public var count: Int { ranges[ranges.count - 1].upperBound }

  /// The buckets that hold some of `elements`.
  public func indices(of elements: Range<Int>) -> Range<Int> {
    let first = ranges.firstIndex { $0.upperBound > elements.lowerBound } ?? ranges.count
    let end = ranges.firstIndex { $0.lowerBound >= elements.upperBound } ?? ranges.count
    return first..<max(first, end)
  }
}
