import Testing

@Suite("The rooms of the house")
struct LayeringTests {
  @Test("every folder of Sources is in the table of the design, and every room has files")
  func tableIsComplete() {
    #expect(SourceTree.rooms == House.rooms.keys.sorted())
    for (name, room) in House.rooms where room.layer > 0 {
      #expect(SourceTree.files.contains { $0.room == name }, "Sources/\(name) has no Swift file")
    }
    #expect(SourceTree.imports.count > SourceTree.files.count / 2, "the import lines are found")
  }

  @Test("the package of the fuzzers, which no other test builds, has every room but the command line")
  func fuzzersHaveRooms() throws {
    let manifest = try #require(SourceTree.fuzzingManifest)
    // Each begins with the room's name.
    let targets = manifest.split(separator: "room(").dropFirst().map { $0.drop { $0.isWhitespace } }
    for (name, room) in House.rooms where name != "lockstep" && room.layer > 0 {
      let target = try #require(targets.first { $0.hasPrefix("\"\(name)\"") }, "\(name)")
      for below in room.rooms.union(room.libraries) {
        #expect(target.contains("\"\(below)\""), "\(name) names \(below)")
      }
    }
  }

  @Test("the table itself points downwards, except that layer 1 stands on Platform and on kernels")
  func tablePointsDownwards() throws {
    for (name, room) in House.rooms {
      for imported in room.rooms.union(room.libraries) {
        let below = try #require(House.rooms[imported])
        let isGround = imported == "Platform" || imported.hasPrefix("Kernels") && name == "TensorCore"
        #expect(below.layer < room.layer || isGround, "\(name) may not import \(imported)")
        #expect((below.layer == 0) == room.libraries.contains(imported), "\(imported) of \(name)")
      }
    }
  }

  @Test("a room imports only the rooms below it that the table names")
  func roomsImportDownwards() {
    for line in SourceTree.imports {
      guard let imported = House.rooms[line.module], imported.layer > 0 else { continue }
      let allowed = House.rooms[line.file.room]?.rooms ?? []
      #expect(
        allowed.contains(line.module),
        "\(line): \(line.file.room) imports \(line.module); the table allows \(allowed.sorted())")
    }
  }

  @Test("a C library is imported only by the rooms that wrap it")
  func librariesAreWrapped() {
    for line in SourceTree.imports where House.rooms[line.module]?.layer == 0 {
      let allowed = House.rooms[line.file.room]?.libraries ?? []
      #expect(
        allowed.contains(line.module),
        "\(line): \(line.file.room) imports \(line.module); the table allows \(allowed.sorted())")
    }
  }

  @Test(
    "a module of another package is imported only by its one room, everything else comes with the toolchain")
  func packagesAreConfined() {
    for line in SourceTree.imports where House.rooms[line.module] == nil {
      if House.toolchain.contains(line.module) || line.module.hasPrefix("Foundation") { continue }
      let allowed = House.rooms[line.file.room]?.packages ?? []
      #expect(
        allowed.contains(line.module),
        "\(line): \(line.file.room) imports \(line.module); the table allows \(allowed.sorted())")
    }
  }

  @Test("Foundation is imported only where it is unavoidable, and where the table says why")
  func foundationIsAvoided() {
    let users = SourceTree.imports.filter { $0.module.hasPrefix("Foundation") }
    for line in users {
      #expect(House.foundation[line.file.path] != nil, "\(line) imports \(line.module)")
    }
    for path in House.foundation.keys.sorted() {
      #expect(users.contains { $0.file.path == path }, "Sources/\(path) needs Foundation no more")
    }
  }

  @Test("no declared permission is left unused")
  func tableIsTight() {
    for (name, room) in House.rooms where room.layer > 0 {
      let used = Set(SourceTree.imports.filter { $0.file.room == name }.map(\.module))
      for library in room.libraries.union(room.packages).union(room.rooms).subtracting(used).sorted() {
        Issue.record("Sources/\(name) does not import \(library), which the table allows")
      }
    }
  }

  @Test("no file is longer than 400 lines")
  func filesAreShort() {
    for file in SourceTree.files {
      #expect(
        file.lineCount <= House.longestFile,
        "Sources/\(file.path):\(House.longestFile + 1) is line 401 of \(file.lineCount)")
    }
  }

  @Test(
    "an import line is understood with every access level, attribute, kind and comment",
    arguments: [
      ("import Glibc", "Glibc"), ("public import TensorCore", "TensorCore"),
      ("  internal import CMPI", "CMPI"),
      ("@preconcurrency package import Yams", "Yams"), ("import struct TensorCore.Tensor", "TensorCore"),
      ("import Dispatch  // queues", "Dispatch"), ("private import A; import B", "A"),
      ("// import Foundation", nil), ("let text = \"import Foundation\"", nil), ("important()", nil),
    ] as [(String, String?)])
  func importLines(line: String, module: String?) {
    #expect(SourceFile.module(importedBy: line) == module)
  }
}
