import CProcessor

/// The accumulators of a register tile, `count` rows of `Columns`.
protocol TileRows {
  associatedtype Columns: TileColumns
  static var count: Int { get }
  init()
  /// The values that C has so far; row *i* of the tile lies at `c + offsets[i]`.
  init(loading c: UnsafePointer<Float>, _ offsets: UnsafePointer<Int>)
  func store(to c: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>)
  /// Asks for the lines of C that will be written.
  static func prefetch(_ c: UnsafePointer<Float>, _ offsets: UnsafePointer<Int>)
  /// The same where C has fewer columns than the tile.
  init(loading c: UnsafePointer<Float>, _ offsets: UnsafePointer<Int>, columns: Int)
  func store(to c: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>, columns: Int)
  /// Writes the tile row by row, without a gap.
  func save(to sums: UnsafeMutablePointer<Float>)
  /// Adds what was written so.
  mutating func add(_ sums: UnsafePointer<Float>)
  /// One step along the depth: the outer product of a column of A and a row of B.
  /// - Parameter row: the tile's first row within that of A.
  mutating func accumulate<Left: LeftMatrix>(
    _ a: Left.Column, _ row: Int, _ b: Columns, _ left: Left.Type)
}

struct Row<Columns: TileColumns>: TileRows {
  var columns: Columns

  @inline(__always) static var count: Int { 1 }
  @inline(__always) init() { columns = Columns() }
  @inline(__always) init(loading c: UnsafePointer<Float>, _ offsets: UnsafePointer<Int>) {
    columns = Columns(loading: c + offsets[0])
  }
  @inline(__always) func store(to c: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>) {
    columns.store(to: c + offsets[0])
  }
  @inline(__always)
  static func prefetch(_ c: UnsafePointer<Float>, _ offsets: UnsafePointer<Int>) {
    lockstep_prefetch(c + offsets[0])
    lockstep_prefetch(c + (offsets[0] &+ Columns.count &- 1))
  }
  @inline(__always)
  init(loading c: UnsafePointer<Float>, _ offsets: UnsafePointer<Int>, columns count: Int) {
    columns = Columns(loading: c + offsets[0], columns: count)
  }
  @inline(__always)
  func store(to c: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>, columns count: Int) {
    columns.store(to: c + offsets[0], columns: count)
  }
  @inline(__always) func save(to sums: UnsafeMutablePointer<Float>) { columns.store(to: sums) }
  @inline(__always) mutating func add(_ sums: UnsafePointer<Float>) { columns.add(Columns(loading: sums)) }
  @inline(__always)
  mutating func accumulate<Left: LeftMatrix>(
    _ a: Left.Column, _ row: Int, _ b: Columns, _ left: Left.Type
  ) {
    columns.addProduct(Vector(repeating: Left.element(row, of: a)), b)
  }
}

/// `Upper` above `Lower`.
struct Stacked<Upper: TileRows, Lower: TileRows>: TileRows where Upper.Columns == Lower.Columns {
  typealias Columns = Upper.Columns
  var upper: Upper
  var lower: Lower

  @inline(__always) static var count: Int { Upper.count &+ Lower.count }
  @inline(__always) init() {
    upper = Upper()
    lower = Lower()
  }
  @inline(__always) init(loading c: UnsafePointer<Float>, _ offsets: UnsafePointer<Int>) {
    upper = Upper(loading: c, offsets)
    lower = Lower(loading: c, offsets + Upper.count)
  }
  @inline(__always) func store(to c: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>) {
    upper.store(to: c, offsets)
    lower.store(to: c, offsets + Upper.count)
  }
  @inline(__always)
  static func prefetch(_ c: UnsafePointer<Float>, _ offsets: UnsafePointer<Int>) {
    Upper.prefetch(c, offsets)
    Lower.prefetch(c, offsets + Upper.count)
  }
  @inline(__always)
  init(loading c: UnsafePointer<Float>, _ offsets: UnsafePointer<Int>, columns: Int) {
    upper = Upper(loading: c, offsets, columns: columns)
    lower = Lower(loading: c, offsets + Upper.count, columns: columns)
  }
  @inline(__always)
  func store(to c: UnsafeMutablePointer<Float>, _ offsets: UnsafePointer<Int>, columns: Int) {
    upper.store(to: c, offsets, columns: columns)
    lower.store(to: c, offsets + Upper.count, columns: columns)
  }
  @inline(__always) func save(to sums: UnsafeMutablePointer<Float>) {
    upper.save(to: sums)
    lower.save(to: sums + Upper.count &* Columns.count)
  }
  @inline(__always) mutating func add(_ sums: UnsafePointer<Float>) {
    upper.add(sums)
    lower.add(sums + Upper.count &* Columns.count)
  }
  @inline(__always)
  mutating func accumulate<Left: LeftMatrix>(
    _ a: Left.Column, _ row: Int, _ b: Columns, _ left: Left.Type
  ) {
    upper.accumulate(a, row, b, left)
    lower.accumulate(a, row &+ Upper.count, b, left)
  }
}

typealias Rows2<C: TileColumns> = Stacked<Row<C>, Row<C>>
typealias Rows3<C: TileColumns> = Stacked<Rows2<C>, Row<C>>
typealias Rows4<C: TileColumns> = Stacked<Rows2<C>, Rows2<C>>
typealias Rows5<C: TileColumns> = Stacked<Rows4<C>, Row<C>>
typealias Rows6<C: TileColumns> = Stacked<Rows4<C>, Rows2<C>>
typealias Rows7<C: TileColumns> = Stacked<Rows4<C>, Rows3<C>>
typealias Rows8<C: TileColumns> = Stacked<Rows4<C>, Rows4<C>>
typealias Rows9<C: TileColumns> = Stacked<Rows8<C>, Row<C>>
typealias Rows10<C: TileColumns> = Stacked<Rows8<C>, Rows2<C>>
typealias Rows11<C: TileColumns> = Stacked<Rows8<C>, Rows3<C>>
typealias Rows12<C: TileColumns> = Stacked<Rows8<C>, Rows4<C>>
typealias Rows13<C: TileColumns> = Stacked<Rows8<C>, Rows5<C>>
typealias Rows14<C: TileColumns> = Stacked<Rows8<C>, Rows6<C>>
