import Reporting
import TensorCore
import Testing

@Suite("Volume meshes")
struct VolumeMeshTests {
  /// The directed edges of all quads, as pairs of vertices.
  private func edges(_ mesh: VolumeMesh) -> [SIMD2<Int32>] {
    mesh.quads.flatMap { quad in (0..<4).map { SIMD2(quad[$0], quad[($0 + 1) % 4]) } }
  }

  /// Whether each edge is of two quads, which go along it in opposite directions.
  private func isClosed(_ mesh: VolumeMesh) -> Bool {
    let edges = edges(mesh)
    let directed = Set(edges)
    return directed.count == edges.count && edges.allSatisfy { directed.contains(SIMD2($0.y, $0.x)) }
  }

  /// The volume that the mesh encloses, by the divergence theorem; positive where quads face outwards.
  private func enclosed(_ mesh: VolumeMesh) -> Float {
    mesh.quads.reduce(0) { sum, quad in
      let corners = (0..<4).map { mesh.vertices[Int(quad[$0])] }
      return sum + determinant(corners[0], corners[1], corners[2]) / 6
        + determinant(corners[0], corners[2], corners[3]) / 6
    }
  }

  private func determinant(_ a: SIMD3<Float>, _ b: SIMD3<Float>, _ c: SIMD3<Float>) -> Float {
    a.x * (b.y * c.z - b.z * c.y) + a.y * (b.z * c.x - b.x * c.z) + a.z * (b.x * c.y - b.y * c.x)
  }

  /// How many surfaces without a connection there are.
  private func pieces(_ mesh: VolumeMesh) -> Int {
    var piece = Array(mesh.vertices.indices)
    func root(_ start: Int) -> Int {
      var vertex = start
      while piece[vertex] != vertex {
        piece[vertex] = piece[piece[vertex]]
        vertex = piece[vertex]
      }
      return vertex
    }
    for edge in edges(mesh) { piece[root(Int(edge.x))] = root(Int(edge.y)) }
    return piece.indices.count { piece[$0] == $0 }
  }

  @Test("one voxel is a closed box of six quads and eight vertices around its centre")
  func voxel() {
    let mesh = VolumeMesh(Tensor(repeating: 1, shape: [1, 1, 1, 1]))
    #expect(mesh.quads.count == 6 && Set(mesh.vertices).count == 8 && mesh.vertices.count == 8)
    #expect(isClosed(mesh))
    // Each cell's edges are crossed half a voxel from the centre: a mean of three has a sixth.
    for vertex in mesh.vertices {
      for axis in 0..<3 { #expect(abs(abs(vertex[axis] - 0.5) - 1.0 / 6) < 1e-6) }
    }
    #expect(abs(enclosed(mesh) - 1.0 / 27) < 1e-6)
  }

  @Test("the first layer is on top, the first row at the greatest y, the first column at the least x")
  func directions() {
    var values = [Float](repeating: -1, count: 2 * 3 * 4)
    values[0] = 1
    let first = VolumeMesh(Tensor(values, shape: [2, 3, 4, 1]))
    let mean = first.vertices.reduce(.zero, +) / 8
    for (coordinate, expected) in zip([mean.x, mean.y, mean.z], [0.5, 2.5, 1.5] as [Float]) {
      #expect(abs(coordinate - expected) < 1e-6)
    }
  }

  @Test("a ball's mesh is closed, faces outwards, and lies on the ball")
  func ball() {
    let mesh = VolumeMesh(VolumeSamples.ball(11.3))
    #expect(isClosed(mesh) && pieces(mesh) == 1)
    // Euler's formula: with as many edges as twice the quads, vertices minus quads are two.
    #expect(mesh.vertices.count - mesh.quads.count == 2)
    for vertex in mesh.vertices {
      let offset = vertex - 16
      #expect(abs((offset * offset).sum().squareRoot() - 11.3) < 0.15)
    }
    let volume = 4 * Float.pi / 3 * 11.3 * 11.3 * 11.3
    #expect(abs(enclosed(mesh) / volume - 1) < 0.02)
  }

  @Test("a hollow ball has two closed surfaces, the inner one facing the hollow")
  func shell() {
    let mesh = VolumeMesh(VolumeSamples.shell(7.4, 11.3))
    #expect(isClosed(mesh) && pieces(mesh) == 2)
    #expect(mesh.vertices.count - mesh.quads.count == 4)
    let volume = 4 * Float.pi / 3 * (11.3 * 11.3 * 11.3 - 7.4 * 7.4 * 7.4)
    #expect(abs(enclosed(mesh) / volume - 1) < 0.03)
  }

  @Test("what reaches the edge of the volume is closed there")
  func border() {
    let mesh = VolumeMesh(Tensor(repeating: 1, shape: [2, 3, 4, 1]))
    #expect(isClosed(mesh) && pieces(mesh) == 1)
    #expect(mesh.quads.count == 2 * (2 * 3 + 3 * 4 + 4 * 2))
    for (axis, extent) in [4, 3, 2].enumerated() {
      let coordinates = mesh.vertices.map { $0[axis] }
      #expect(coordinates.min() ?? -1 >= 0 && coordinates.max() ?? 99 <= Float(extent))
      #expect(coordinates.contains(0) && coordinates.contains(Float(extent)))
    }
  }

  @Test("voxels with NaN are empty, and an empty volume has no mesh")
  func empty() {
    let mesh = VolumeMesh(Tensor([.nan, 9, .nan, -9], shape: [1, 1, 4, 1]))
    #expect(mesh.quads == VolumeMesh(Tensor([-1, 1, -1, -1], shape: [1, 1, 4, 1])).quads)
    #expect(mesh.vertices == VolumeMesh(Tensor([-1, 1, -1, -1], shape: [1, 1, 4, 1])).vertices)
    #expect(VolumeMesh(Tensor(repeating: 0, shape: [3, 3, 3, 1])).vertices.isEmpty)
    #expect(VolumeMesh(Tensor(repeating: -1, shape: [3, 3, 3, 1])).quads.isEmpty)
  }

  @Test("a value of exactly 0 is empty, and the surface is at its voxel")
  func zero() {
    let mesh = VolumeMesh(Tensor([1, 0], shape: [1, 1, 2, 1]))
    #expect(mesh.quads.count == 6 && mesh.vertices.count == 8 && isClosed(mesh))
    // A mean of a crossing at 1.5 and of two at 0.5.
    #expect(abs((mesh.vertices.map(\.x).max() ?? 0) - 2.5 / 3) < 1e-6)
  }

  @Test("OBJ text has a comment, then the vertices, then the quads counted from one")
  func obj() throws {
    let mesh = VolumeMesh(VolumeSamples.ball(4.2))
    let lines = String(decoding: mesh.obj(), as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.first?.hasPrefix("# ") == true && lines.last?.isEmpty == true)
    try #require(lines.count == 2 + mesh.vertices.count + mesh.quads.count)
    let voxel = VolumeMesh(Tensor(repeating: 1, shape: [1, 1, 1, 1]))
    #expect(String(decoding: voxel.obj(), as: UTF8.self).split(separator: "\n")[1] == "v 0.333 0.667 0.667")
    for (line, vertex) in zip(lines.dropFirst(), mesh.vertices) {
      let words = line.split(separator: " ")
      try #require(words.count == 4 && words[0] == "v")
      for axis in 0..<3 { #expect(abs(try #require(Float(words[axis + 1])) - vertex[axis]) <= 0.00051) }
    }
    for (line, quad) in zip(lines.dropFirst(1 + mesh.vertices.count), mesh.quads) {
      #expect(line == "f \(quad.x + 1) \(quad.y + 1) \(quad.z + 1) \(quad.w + 1)")
    }
  }
}
