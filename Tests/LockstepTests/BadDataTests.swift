import Testing

extension EndToEnd {
  /// Data that cannot be trained on: one message that names them, the documented code, nothing else touched.
  struct BadDataTests {
    /// A data set that is refused.
    struct Case: CustomTestStringConvertible, Sendable {
      let testDescription: String
      let status: Int32
      /// What the message has to name.
      let named: String
      let arguments: [String]
      let make: @Sendable (Folder) throws -> Void

      init(
        _ name: String, _ status: Int32, named: String, _ arguments: [String] = ["data=data"],
        make: @escaping @Sendable (Folder) throws -> Void
      ) {
        testDescription = name
        self.status = status
        self.named = named
        self.arguments = arguments
        self.make = make
      }
    }

    static let cases = [
      Case("a folder that is not there", 66, named: "data") { _ in },
      Case("an empty folder", 65, named: "data") { try $0.write([], "data/.keep") },
      Case("an IDX file that ends early", 65, named: "train-images-idx3-ubyte") {
        try Fixtures.idx(in: $0, "data")
        try Fixtures.halve("data/train-images-idx3-ubyte", in: $0)
      },
      Case("an IDX file with another magic number", 65, named: "train-images-idx3-ubyte") {
        try Fixtures.idx(in: $0, "data")
        try $0.write([1, 2, 3, 4], "data/train-images-idx3-ubyte")
      },
      Case("an IDX header of 2^63 bytes and more", 65, named: "train-images-idx3-ubyte") {
        try Fixtures.idx(in: $0, "data")
        try $0.write([0, 0, 8, 3] + [UInt8](repeating: 255, count: 12), "data/train-images-idx3-ubyte")
      },
      Case("a gzip file that ends early", 65, named: "train-images-idx3-ubyte.gz") {
        try Fixtures.idx(in: $0, "data")
        try Fixtures.gzip("data/train-images-idx3-ubyte", in: $0)
        try Fixtures.halve("data/train-images-idx3-ubyte.gz", in: $0)
      },
      Case("a damaged gzip file", 65, named: "train-images-idx3-ubyte.gz") {
        try Fixtures.idx(in: $0, "data")
        try Fixtures.gzip("data/train-images-idx3-ubyte", in: $0)
        try Fixtures.damage("data/train-images-idx3-ubyte.gz", in: $0)
      },
      Case("fewer labels than images", 65, named: "labels") { try Fixtures.idx(in: $0, "data", labels: 9) },
      Case("labels above the classes asked for", 65, named: "label", ["data=data", "dataset.labels=5"]) {
        try Fixtures.idx(in: $0, "data")
      },
      Case("a PNG that ends early", 65, named: "4.png") {
        try Fixtures.images(16, in: $0, "data")
        try Fixtures.halve("data/4.png", in: $0)
      },
      Case("a damaged PNG", 65, named: "4.png") {
        try Fixtures.images(16, in: $0, "data")
        try Fixtures.damage("data/4.png", in: $0)
      },
      Case("a JPEG that ends early", 65, named: "5.jpg") {
        try Fixtures.images(16, in: $0, "data")
        try Fixtures.halve("data/5.jpg", in: $0)
      },
      Case("an image of another size", 65, named: "4.png") {
        try Fixtures.images(16, in: $0, "data")
        try $0.write(Fixtures.smallPNG, "data/4.png")
      },
      Case(
        "an image of more pixels than asked for", 65, named: "raise dataset.maxPixels",
        ["data=data", "dataset.maxPixels=1023"]
      ) { try Fixtures.images(16, in: $0, "data") },
      Case(
        "a file of more bytes than asked for", 65, named: "raise dataset.maxBytes",
        ["data=data", "dataset.maxBytes=100"]
      ) { try Fixtures.images(16, in: $0, "data") },
      Case(
        "IDX images of more pixels than asked for", 65, named: "raise dataset.maxPixels",
        ["data=data", "dataset.maxPixels=783"]
      ) { try Fixtures.idx(in: $0, "data") },
      Case("a text that is called a picture", 65, named: "4.png") {
        try Fixtures.images(16, in: $0, "data")
        try $0.write(Array("no picture".utf8), "data/4.png")
      },
      Case(
        "fewer samples than a batch", 78, named: "batch=16 is more than the 8 samples",
        ["data=data"]
      ) {
        try Fixtures.images(8, in: $0, "data")
      },
    ]

    @Test("bad data are named, in one line, with the documented code", arguments: cases)
    func refused(bad: Case) throws {
      let folder = try Folder()
      try bad.make(folder)
      try check(bad, Lockstep.train(arguments(bad), ranks: 1, in: folder))
    }

    @Test(
      "of two ranks one speaks and both end", .enabled(if: MPIRun.isAvailable, "mpirun is absent"),
      arguments: cases.filter {
        ["an empty folder", "a damaged gzip file", "a PNG that ends early", "fewer samples than a batch"]
          .contains($0.testDescription)
      })
    func refusedTogether(bad: Case) throws {
      let folder = try Folder()
      try bad.make(folder)
      try check(bad, Lockstep.train(arguments(bad), ranks: 2, in: folder))
      #expect(Processes.withWord(folder.path + "/run").isEmpty)
    }

    @Test(
      "what was done before a sample that cannot be read is saved, on all ranks",
      arguments: MPIRun.isAvailable ? [1, 2] : [1])
    func savedBefore(ranks: Int) throws {
      let folder = try Folder()
      try Fixtures.images(256, in: folder, "data")
      try Fixtures.damage("data/200.png", in: folder)
      let finished = try Lockstep.train(
        ["dcgan"] + narrow + [
          "data=data", "samples.every=0", "checkpoint.every=0", "log.every=1", "steps=60",
        ]
          + ["--run", "run"], ranks: ranks, in: folder)
      #expect(finished.status == 65 && finished.messages.count == 1, "\(finished.errors)")
      let last = try #require(try folder.loggedSteps("run").last)
      #expect(last > 3, "the sample is one of a later step")
      #expect(try Lockstep.inspect("run", in: folder).step == last)
      let status = try Status(of: folder.path + "/run")
      #expect(status.checkpoint == last && status.cause?.contains("200.png") == true, "\(status)")
    }

    @Test("a run that is resumed with other data is refused and stays as it was")
    func otherData() throws {
      let folder = try Folder()
      try Fixtures.images(16, in: folder)
      try Fixtures.images(17, in: folder, "others")
      let arguments = ["dcgan"] + narrow + ["samples.count=1", "--run", "run"]
      #expect(try Lockstep.train(arguments + ["data=images", "steps=1"], ranks: 1, in: folder).status == 0)
      let before = try folder.contents(of: "run")
      let finished = try Lockstep.train(
        arguments + ["data=others", "steps=2", "--resume"], ranks: 1, in: folder)
      #expect(finished.status == 76)
      #expect(
        finished.messages.count == 1 && finished.messages[0].contains("data=others"), "\(finished.errors)")
      #expect(try folder.contents(of: "run") == before)
    }

    private func arguments(_ bad: Case) -> [String] {
      ["dcgan"] + narrow + ["steps=2", "samples.count=1"] + bad.arguments + ["--run", "run"]
    }

    private func check(_ bad: Case, _ finished: Finished) {
      #expect(finished.status == bad.status, "\(finished.errors)")
      #expect(finished.messages.count == 1 && finished.messages[0].contains(bad.named), "\(finished.errors)")
    }
  }
}
