import ArgumentParser
import Datasets
import Platform
import Training

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Look at, check and pack data sets.",
    discussion: """
      SOURCE is what data= takes, ring and grid aside: an IDX file (plain or gzip)
      or a folder with them; CIFAR-10 or CIFAR-100 .bin files; an .npy or .npz file
      of bool, uint8 or float images [N, H, W], [N, H, W, C] or [N, C, H, W], of
      points [N, 2], or of volumes [N, D, H, W], [N, D, H, W, 1] or
      [N, 1, D, H, W] (five axes where D or W is below 5); a folder of .binvox
      volumes, with a sub-folder for each label or none;
      WebDataset shards, a .tar file, a folder of them or names with a range; a
      folder of PNG and JPEG images, with a sub-folder for each label or none; a
      .txt file or a folder of nothing but them, UTF-8, as one-hot windows of
      --size characters; or pottery.

        lockstep data info cifar-10-batches-bin --output sheet.png
        lockstep data check images/
        lockstep data pack images/ --output shards
        lockstep data pack photos/ --resize crop --size 64 --output shards64
        lockstep data pack facades/ --pairs --resize crop --size 64 --output pairs64
        lockstep train dcgan64 'data=shards/shard-{000000..000007}.tar'
        lockstep train vae data=book.txt size=96
      """,
    subcommands: [Info.self, Check.self, Pack.self])

  /// What to open.
  struct Source: ParsableArguments {
    @Argument(help: "A file, a folder, names with a range, or pottery.", completion: .file())
    var source: String

    @Option(help: "Classes that the labels must lie in.")
    var labels: Int?

    @Option(
      help:
        "Height and width of pottery, characters in a window of text, 64 unless given; sides with --resize.")
    var size: Int?

    @Option(help: "Samples of pottery, 1000 unless given.")
    var count: Int?

    @Option(help: "Channels of pottery, 1 or 3; 1 unless given.")
    var channels: Int?

    @Option(help: "The most pixels of an image; a larger one is refused.")
    var maxPixels = DatasetLimits().pixels

    @Option(help: "The most bytes of an IDX file, an image, all text or a member of an archive, unpacked.")
    var maxBytes = DatasetLimits().bytes

    func validate() throws {
      guard (1...4096).contains(size ?? 1) else { throw ValidationError("--size lies between 1 and 4096.") }
      guard (1...100_000_000).contains(count ?? 1) else { throw ValidationError("--count is at least 1.") }
      guard [nil, 1, 3].contains(channels) else { throw ValidationError("--channels is 1 or 3.") }
      for (name, value) in [("count", count), ("channels", channels)] where value != nil {
        guard source == "pottery" else { throw ValidationError("--\(name) is for pottery; leave it out.") }
      }
      guard (1...1_000_000).contains(labels ?? 1) else {
        throw ValidationError("--labels lies between 1 and 1000000.")
      }
      for (name, value, range) in [
        ("pixels", maxPixels, DatasetLimits.pixelRange), ("bytes", maxBytes, DatasetLimits.byteRange),
      ] where !range.contains(value) {
        throw ValidationError("--max-\(name) lies between \(range.lowerBound) and \(range.upperBound).")
      }
    }

    /// Refuses a size for samples that have their own.
    func checkSize(advice: String) throws {
      guard size == nil || Datasets.isMadeToSize(source) else {
        throw ValidationError("--size is for pottery and text, other data have their own; \(advice).")
      }
    }

    /// The request; images may have several sizes.
    func request(resize: ResizeMode, isPaired: Bool = false) -> DatasetRequest {
      DatasetRequest(
        source: source, size: size ?? 64, channels: channels ?? 1, isPaired: isPaired, count: count ?? 1000,
        labelCount: labels, resize: resize, limits: DatasetLimits(bytes: maxBytes, pixels: maxPixels))
    }
  }

  struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what a data set is: format, samples, shape, values, labels, bytes.",
      discussion: """
        With --output, 100 of its images go to a PNG, or 64 of its volumes. Values
        are those of up to 4,096 images, floats as training has them (-1 to 1), or
        of all volumes.
        """)

    @OptionGroup var source: Source

    @Option(name: .shortAndLong, help: "The picture to write, a PNG.")
    var output: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
      try source.checkSize(advice: "leave it out")
      if let output { try PictureName.check(output) }
    }

    func run() throws {
      alone {
        let inspection = try source.request(resize: .pad).inspect()
        print(json ? inspection.json : inspection.text)
        if let output { try inspection.writePicture(to: output) }
      }
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read every sample and list the bad ones.",
      discussion:
        "Images of another size than most are bad, too, unless --any-size. Up to \(lineLimit) lines; --json has all. "
        + "Exit code 65 if there are any.")

    /// Bad samples that are listed for people.
    private static let lineLimit = 20

    @OptionGroup var source: Source

    @Flag(help: "Images may have several sizes, as dataset.resize allows.")
    var anySize = false

    @Flag(help: "Images are pairs, as of context.kind=pair: others than two squares side by side are bad.")
    var pairs = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws { try source.checkSize(advice: "leave it out") }

    func run() throws {
      alone {
        let progress = SampleCounter("checked")
        let check = try DataCheck(
          source.request(resize: anySize ? .pad : .none, isPaired: pairs), telling: progress.tell)
        if json {
          print(check.json)
        } else {
          for line in check.lines(upTo: Self.lineLimit) { print(TerminalText.escaped(line)) }
          for remark in check.remarks { print(remark) }
        }
        if let advice = check.advice {
          // So that what was printed stands before it where both streams go to one file.
          _ = StandardStreams.flush()
          Failure.report(advice)
          leave(.badData)
        }
        if !json { print("\(Count.text(check.count, "sample")), all of them whole") }
      }
    }
  }

  struct Pack: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a data set as tar shards with an index.",
      discussion: """
        WebDataset's layout: 000000123.png and 000000123.cls side by side, PNG and
        JPEG files as they are, other images as PNGs. index.txt holds the SHA-256 of
        every shard. The folder appears whole or not at all.

        Photographs are decoded anew in each epoch. With --resize all are written in
        one size instead, as dataset.resize would make them.
        """)

    @OptionGroup var source: Source

    @Option(name: .shortAndLong, help: "The folder to make; it must not be there.")
    var output: String

    @Option(help: "MiB after which a shard ends, 1 to 4096; a shard is built in memory.")
    var shardSize = 256

    @Flag(help: "Images may have several sizes, as dataset.resize allows.")
    var anySize = false

    @Option(help: "crop or pad: write all images as squares of --size pixels.")
    var resize: String?

    @Flag(
      help: "Images are pairs, as of context.kind=pair: two squares side by side, resized each by itself.")
    var pairs = false

    private var mode: ResizeMode? { resize.flatMap { ResizeMode(rawValue: $0) } }

    func validate() throws {
      guard resize == nil || mode == .crop || mode == .pad else {
        throw ValidationError("--resize is crop or pad.")
      }
      if resize == nil {
        try source.checkSize(advice: "give --resize crop or pad too")
      } else if source.size == nil {
        throw ValidationError("--resize makes squares; give --size too, such as --size 64.")
      }
      guard (1...4096).contains(shardSize) else {
        throw ValidationError("--shard-size lies between 1 and 4096.")
      }
    }

    func run() throws {
      alone {
        let progress = SampleCounter("packed")
        let pack = try DataPack(
          source.request(resize: mode ?? (anySize ? .pad : .none), isPaired: pairs), to: output,
          shardBytes: shardSize << 20, isFitted: mode != nil, telling: progress.tell)
        for remark in pack.remarks { print(remark) }
        let note =
          (pack.isRounded ? ", numbers rounded to bytes" : "")
          + (pack.turned > 0 ? ", \(Count.text(pack.turned, "image")) not turned as Exif says" : "")
        let counts = "\(Count.text(pack.samples, "sample")) in \(Count.text(pack.shards, "shard"))"
        print("\(counts), \(pack.bytes) bytes\(note): \(TerminalText.escaped(output))")
      }
    }
  }
}

/// Tells every ten seconds how far a command is.
private final class SampleCounter {
  private let verb: String
  private var last = ContinuousClock.now

  init(_ verb: String) {
    self.verb = verb
  }

  func tell(done: Int, of total: Int) {
    guard ContinuousClock.now - last >= .seconds(10) else { return }
    last = .now
    Progress.note("\(verb) \(done) of \(total) samples")
  }
}
