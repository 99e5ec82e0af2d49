import Datasets
import TensorCore
import Testing

@Suite("Pottery as volumes")
struct PotteryVolumeTests {
  private static let size = 32

  /// The values of a vessel, `[z][y][x]` from the top.
  private static func layers(_ index: Int) throws -> [[[Float]]] {
    let values = try Pottery(size: size, isVolume: true).sample(index).pixels
    return (0..<size).map { z in
      (0..<size).map { y in Array(values[size * (size * z + y)..<size * (size * z + y + 1)]) }
    }
  }

  @Test("the volumes are the same bits as when they were recorded")
  func recorded() throws {
    let data = Pottery(size: Self.size, isVolume: true)
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in 0..<200 {
      for value in try data.sample(index).pixels {
        digest = (digest ^ UInt64(value.bitPattern)) &* 0x100_0000_01B3
      }
    }
    #expect(digest == 16_780_755_044_737_884_965)
  }

  @Test("a volume is a cube of one channel, of the class of the picture", arguments: [8, 17, 64])
  func shape(size: Int) throws {
    let data = try Datasets.open(
      DatasetRequest(source: "pottery", size: size, channels: 1, isVolume: true, count: 20))
    #expect(data.sampleShape == [size, size, size, 1] && data.valuesPerImage == size * size * size)
    #expect(data.count == 20 && data.labelCount == 8 && data.sampleName == "volumes")
    #expect(data.channels == 1 && data.height == size && data.width == size)
    for index in 0..<20 {
      let (values, label) = try data.sample(index)
      #expect(label == Int32(index % 8))
      #expect(values.contains { $0 > -1 })
    }
  }

  @Test("values are whole eighths of coverage, vessels lie within the cube, no two are alike")
  func range() throws {
    let data = Pottery(size: Self.size, isVolume: true)
    var seen: Set<[Float]> = []
    let edges = [0, Self.size - 1]
    for index in 0..<200 {
      let values = try data.sample(index).pixels
      #expect(values.allSatisfy { (-1...1).contains($0) && ($0 * 4).rounded() == $0 * 4 })
      #expect(values.contains(1) && values.contains { abs($0) < 1 })
      let isInside = values.indices.allSatisfy { place in
        let axes = [place / (Self.size * Self.size), place / Self.size % Self.size, place % Self.size]
        return values[place] == -1 || axes.allSatisfy { !edges.contains($0) }
      }
      #expect(isInside, "vessel \(index) touches the frame")
      seen.insert(values)
    }
    #expect(seen.count == 200)
  }

  @Test("a vessel is hollow and open at the mouth, and has a floor")
  func hollow() throws {
    let middle = Self.size / 2
    for index in 0..<80 {
      let layers = try Self.layers(index)
      let axis = layers.map { $0[middle][middle] }
      let occupied = layers.indices.filter { z in layers[z].contains { $0.contains { $0 > 0 } } }
      let (top, bottom) = (occupied.first!, occupied.last!)
      #expect(axis[top] < 0, "vessel \(index) is closed")
      let floor = axis[bottom - 1...bottom + 1].reduce(0) { $0 + ($1 + 1) / 2 }
      #expect(floor >= 1.5, "vessel \(index) has a floor of \(floor) voxels")
      // The depth that can be seen into; a lekythos has a mouth like a funnel above a narrow neck.
      let depth = axis[top...].prefix { $0 < 0 }.count
      let name = Pottery.classNames[index % 8]
      #expect(depth >= (name == "lekythos" ? 1 : name == "plate" ? 2 : 8), "\(name) \(index): \(depth)")
    }
  }

  @Test("there is no hole in a wall: what is poured in does not run out, and nothing lies apart")
  func closed() throws {
    for index in 0..<80 {
      let values = try Pottery(size: Self.size, isVolume: true).sample(index).pixels
      let clay = values.map { $0 > 0 }
      let top = clay.firstIndex(of: true)! / (Self.size * Self.size)
      // A lid over the mouth; of a shallow plate it must not be thicker than the topmost layer.
      var lidded = clay
      let middle = Self.size / 2
      let rim = (middle..<Self.size).last { clay[Self.place(top, $0, middle)] }! - middle
      for y in middle - rim..<middle + rim {
        for x in middle - rim..<middle + rim {
          let (dy, dx) = (2 * (y - middle) + 1, 2 * (x - middle) + 1)
          if dy * dy + dx * dx <= 4 * rim * rim { lidded[Self.place(top, y, x)] = true }
        }
      }
      let outside = Self.reached(from: 0, in: lidded.map(!), diagonally: false)
      let name = Pottery.classNames[index % 8]
      let poured = lidded.indices.filter { !lidded[$0] && !outside[$0] }.count
      #expect(poured > (["lekythos", "plate"].contains(name) ? 100 : 400), "\(name) \(index): \(poured)")
      #expect(Self.reached(from: clay.firstIndex(of: true)!, in: clay, diagonally: true) == clay, "\(index)")
    }
  }

  @Test("the body is round, and handles lie to its sides alone, on the x axis")
  func round() throws {
    for index in 0..<80 {
      let layers = try Self.layers(index)
      let hasHandle = ["amphora", "jug", "krater", "lekythos"].contains(Pottery.classNames[index % 8])
      var handle = 0
      for layer in layers {
        #expect(layer == layer.reversed())
        for y in 0..<Self.size {
          for x in 0..<Self.size where layer[y][x] != layer[x][y] {
            handle += 1
            // All that differs lies near one of the axes.
            #expect(min(abs(2 * y - 31), abs(2 * x - 31)) <= 3, "\(index)")
          }
        }
      }
      #expect((handle > 0) == hasHandle, "\(index)")
    }
  }

  @Test("the fingerprint tells volumes from images and by count and size")
  func fingerprint() {
    let all = [
      Pottery(size: 32), Pottery(size: 32, isVolume: true), Pottery(size: 16, isVolume: true),
      Pottery(count: 5, size: 32, isVolume: true),
    ]
    #expect(Set(all.map(\.fingerprint)).count == 4)
    #expect(Pottery(size: 32, isVolume: true).fingerprint == all[1].fingerprint)
  }

  @Test("volumes of other channels or sizes, stacked or interpolated, are refused with a sentence")
  func unsuitable() {
    var requests = [-1, 0, 513].map {
      DatasetRequest(source: "pottery", size: $0, channels: 1, isVolume: true)
    }
    for channels in [2, 3] {
      requests.append(DatasetRequest(source: "pottery", size: 8, channels: channels, isVolume: true))
    }
    for resize in [ResizeMode.crop, .pad] {
      requests.append(DatasetRequest(source: "pottery", size: 8, channels: 1, isVolume: true, resize: resize))
    }
    requests.append(DatasetRequest(source: "pottery", size: 8, channels: 3, isVolume: true, stack: 3))
    for request in requests {
      let error = failure { _ = try Datasets.open(request) }
      #expect(error?.kind == .unsuitable && error?.description.contains("volumes") == true, "\(request)")
    }
  }

  private static func place(_ z: Int, _ y: Int, _ x: Int) -> Int { (z * size + y) * size + x }

  /// The voxels of `allowed` that are connected with one of them, by faces or also by edges and corners.
  private static func reached(from start: Int, in allowed: [Bool], diagonally: Bool) -> [Bool] {
    let steps = (0..<27).map { [$0 / 9 - 1, $0 / 3 % 3 - 1, $0 % 3 - 1] }
      .filter { diagonally || $0.reduce(0) { $0 + abs($1) } == 1 }
    var result = [Bool](repeating: false, count: allowed.count)
    var waiting = [start]
    result[start] = true
    while let voxel = waiting.popLast() {
      let axes = [voxel / (size * size), voxel / size % size, voxel % size]
      for step in steps {
        let (z, y, x) = (axes[0] + step[0], axes[1] + step[1], axes[2] + step[2])
        guard min(z, y, x) >= 0, max(z, y, x) < size else { continue }
        let next = place(z, y, x)
        if allowed[next], !result[next] {
          result[next] = true
          waiting.append(next)
        }
      }
    }
    return result
  }
}
