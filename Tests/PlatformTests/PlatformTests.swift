import Glibc
import Platform
import Synchronization
import TestSupport
import Testing

@Suite("What the operating system gives")
struct PlatformTests {
  @Test("a thread runs its body once, before it is joined")
  func thread() {
    let runs = Seen<Int>()
    SystemThread { runs.note(1) }.join()
    #expect(runs.values == [1])
  }

  @Test("a thread without signals blocks them all, another those of its starter; the starter's stay")
  func signals() {
    let before = Self.blocked()
    let masks = Seen<Bool>()
    SystemThread(.withoutSignals) { masks.note(Self.blocked()) }.join()
    SystemThread { masks.note(Self.blocked()) }.join()
    #expect(masks.values == [true, before])
    #expect(Self.blocked() == before)
  }

  @Test("the limit on open files is raised as far as it may be, and never lowered")
  func openFiles() throws {
    let before = OpenFiles.limit
    let reachable = min(before.hard, OpenFiles.wanted)
    try #require(reachable > 256)
    func set(_ soft: Int) {
      var limit = rlimit(rlim_cur: rlim_t(soft), rlim_max: rlim_t(before.hard))
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    defer { set(before.soft) }
    // Low by one only: other tests open files meanwhile.
    set(reachable - 1)
    try #require(OpenFiles.limit.soft == reachable - 1)
    OpenFiles.raiseLimit()
    #expect(OpenFiles.limit == (reachable, before.hard))
    set(before.hard)
    OpenFiles.raiseLimit()
    #expect(OpenFiles.limit == (before.hard, before.hard))
  }

  @Test("a thread that stands back has a smaller claim than its starter, which keeps its own")
  func priority() {
    let claims = Seen<Int32>()
    let own = Self.niceness()
    SystemThread(.standsBack) { claims.note(Self.niceness()) }.join()
    #expect(claims.values.count == 1 && claims.values[0] >= 10)
    #expect(Self.niceness() == own)
  }

  @Test("where the system gives no thread a job is done all the same, before it is there")
  func jobWithoutThread() {
    let done = Mutex(false)
    let job = BackgroundJob([], startingBy: { _, _ in nil }) {
      done.withLock { $0 = true }
      return 7
    }
    #expect(done.withLock { $0 } && job.isDone)
    #expect(job.wait() == 7 && job.wait() == 7)
  }

  @Test("the host's name is what the kernel says")
  func host() throws {
    let file = try #require(fopen("/proc/sys/kernel/hostname", "r"))
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 300)
    _ = fgets(&line, 300, file)
    let bytes = line.prefix { $0 != 0 && $0 != 10 }.map(UInt8.init(bitPattern:))
    #expect(Host.name == String(decoding: bytes, as: UTF8.self))
  }

  @Test("a real path has no links and no dots, and what is not there has none")
  func paths() {
    #expect(Files.real("/usr/../etc/./passwd") == "/etc/passwd")
    #expect(Files.real("/no/such/file") == nil)
    #expect(Files.real("/proc/self/exe")?.first == "/")
  }

  @Test("a link to what has no name in text has no real path, rather than another one")
  func pathsThatAreNoText() {
    let scratch = TemporaryFolder()
    let target = Array("\(scratch.path)/".utf8) + [0xE9, 0]
    target.withUnsafeBytes { bytes in
      let name = bytes.baseAddress!.assumingMemoryBound(to: CChar.self)
      close(creat(name, 0o644))
      symlink(name, "\(scratch.path)/link")
    }
    #expect(Files.exists("\(scratch.path)/link") && Files.real("\(scratch.path)/link") == nil)
    target.withUnsafeBytes { _ = unlink($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
  }

  @Test(
    "folders are made with those above them, and told from those that are there and from what is in the way")
  func makeFolders() {
    let scratch = TemporaryFolder()
    let folder = scratch.path
    close(creat("\(folder)/file", 0o644))
    #expect(Files.makeFolders("\(folder)/a/b/c//") == .new && Files.isFolder("\(folder)/a/b/c"))
    #expect(Files.makeFolders("\(folder)/a/b/c/") == .there && Files.makeFolders("/") == .there)
    #expect(Files.makeFolders("\(folder)/d/e", isDurable: true) == .new && Files.isFolder("\(folder)/d/e"))
    #expect(Files.makeFolders("\(folder)/d/e", isDurable: true) == .there)
    #expect(Files.makeFolders("\(folder)/file") == .failed(ENOTDIR))
    #expect(Files.makeFolders("\(folder)/file/a/b") == .failed(ENOTDIR))
    #expect(Files.makeFolders("") == .failed(ENOENT))
    // Refuses everybody, and has folders of its own.
    #expect(Files.makeFolders("/proc/self") == .there)
    #expect(Files.makeFolders("/proc/no/such") == .failed(ENOENT))
  }

  @Test("ranks that follow each other are folded")
  func ranks() {
    #expect(Prose.ranks([2]) == "rank 2" && Prose.ranks([2, 3]) == "ranks 2-3")
    #expect(Prose.ranks([0, 2, 3, 4, 7]) == "ranks 0, 2-4, 7")
  }

  @Test("ranks are told with their hosts, where these are known, and up to four of them")
  func ranksOnHosts() {
    let hosts = ["one", nil, "two", "two", "two", "two"]
    #expect(Prose.ranks([0, 1, 2]) { hosts[$0] } == "rank 0 on one, rank 1, rank 2 on two")
    #expect(
      Prose.ranks([0, 1, 2, 3, 4, 5]) { hosts[$0] }
        == "rank 0 on one, rank 1, rank 2 on two, rank 3 on two and 2 more")
  }

  @Test("whoever waits at a monitor is woken by every change, until there is what it waits for")
  func monitor() {
    let state = Monitor(0)
    let thread = SystemThread { for _ in 0..<100 { state.withLock { $0 += 1 } } }
    #expect(state.wait { $0 == 100 ? $0 : nil } == 100)
    thread.join()
    #expect(state.read { $0 } == 100)
  }

  @Test("seconds of the monotonic clock are those of its milliseconds, those of the day of this century")
  func clocks() {
    let before = MonotonicClock.milliseconds
    let seconds = MonotonicClock.seconds
    #expect(Double(before) * 1e-3 <= seconds && seconds <= Double(MonotonicClock.milliseconds + 1) * 1e-3)
    #expect(WallClock.seconds > 1_700_000_000 && WallClock.seconds < 4_100_000_000)
  }

  @Test(
    "a file system without blocks has no limit, a full one no room, a huge one as much as there is a number for"
  )
  func freeSpace() {
    func free(blocks: UInt, available: UInt) -> Int {
      var status = statvfs()
      (status.f_blocks, status.f_bavail, status.f_frsize) = (blocks, available, 4096)
      return status.freeBytes
    }
    #expect(free(blocks: 0, available: 0) == .max)
    #expect(free(blocks: 10, available: 0) == 0 && free(blocks: 10, available: 3) == 12_288)
    #expect(free(blocks: .max, available: .max) == .max)
    #expect(Files.free("/proc") == .max && Files.free("/no/such/folder") == nil)
  }

  @Test("a folder's entries are all but itself and the one above; what is no folder has none, and says why")
  func entries() throws {
    let scratch = TemporaryFolder()
    let folder = scratch.path
    mkdir("\(folder)/c", 0o755)
    for name in ["a\u{e9}", ".b"] { close(creat("\(folder)/\(name)", 0o644)) }
    let found = try #require(DirectoryEntry.entries(of: folder))
    #expect(Set(found.map(\.text)) == ["a\u{e9}", ".b", "c"] && found.count == 3)
    #expect(found.first { $0.text == "c" }.map { [Int(DT_DIR), Int(DT_UNKNOWN)].contains($0.type) } == true)
    for (path, code) in [("\(folder)/none", ENOENT), ("\(folder)/.b", ENOTDIR)] {
      errno = 0
      let none = DirectoryEntry.entries(of: path)
      let found = errno
      #expect(none == nil && found == code)
    }
  }

  @Test(
    "the cores of a list are counted",
    arguments: [("0", 1), ("0-3", 4), ("0-3,8", 5), ("\t0,2-2,10-11\n", 4), ("7-7", 1)])
  func cores(list: String, count: Int) {
    #expect(Cores.count(ofList: list) == count)
  }

  @Test("what is no list of cores has no count", arguments: ["", "a", "3-1", "1-2-3", "0,x", ","])
  func noCores(list: String) {
    #expect(Cores.count(ofList: list) == nil)
  }

  @Test("a rank computes with its share of the node's cores, and with one at least")
  func threads() {
    #expect(Cores.threads(ranksOnNode: 1) == min(Cores.usable, Cores.onNode))
    #expect(Cores.threads(ranksOnNode: 1_000_000) == 1)
    for (ranks, cores, usable, threads) in [
      (3, 4, 4, 1), (4, 4, 4, 1), (5, 4, 4, 1), (2, 5, 8, 2), (2, 8, 3, 3),
    ] {
      #expect(Cores.threads(ranksOnNode: ranks, cores: cores, usable: usable) == threads)
    }
    #expect((1...Cores.onNode).contains(Cores.usable))
  }

  @Test("ranks share a machine's memory and their control group's; the address space is each one's own")
  func memory() {
    func available(_ ranks: Int, _ installed: Int?, _ group: Int?, _ addressSpace: Int?) -> Int? {
      Memory.available(ranksOnNode: ranks, installed: installed, group: group, addressSpace: addressSpace)
    }
    #expect(available(2, 24, nil, 9) == 9 && available(4, 24, nil, 9) == 6)
    #expect(available(2, 24, 16, nil) == 8 && available(2, 24, 32, nil) == 12)
    #expect(available(2, nil, nil, 3) == 3 && available(2, nil, nil, nil) == nil)
  }

  @Test("a folder is no text file, a file is, and numbers get zeros")
  func files() throws {
    let folder = TemporaryFolder()
    folder.write("a\n", to: "a")
    #expect(Files.text(folder.path) == nil && Files.head(folder.path) == nil)
    #expect(Files.text(folder.path(of: "a")) == "a\n")
    #expect(Files.nearestFolder(folder.path(of: "a/b/c")) == folder.path)
    #expect(Files.nearestFolder(folder.path(of: "a/b"), passingFiles: false) == folder.path(of: "a"))
    #expect(Digits.padded(7, to: 3) == "007" && Digits.padded(1234, to: 3) == "1234")
    #expect(Digits.padded(UInt8(31), to: 4, radix: 16) == "001f")
  }

  @Test("a pipe is read to its end, however slowly it is written; one that nobody writes to is empty")
  func pipes() {
    let folder = TemporaryFolder()
    let path = folder.path(of: "pipe")
    #expect(mkfifo(path, 0o600) == 0)
    #expect(Files.text(path)?.isEmpty == true)
    let held = open(path, O_RDWR)
    let writer = SystemThread {
      for piece in ["a", "b"] {
        usleep(50_000)
        write(held, piece, 1)
      }
      usleep(50_000)
      close(held)
    }
    #expect(Files.text(path) == "ab")
    writer.join()
  }

  /// What threads have seen, in order.
  private final class Seen<Value: Sendable>: Sendable {
    private let noted = Mutex<[Value]>([])
    var values: [Value] { noted.withLock { $0 } }
    func note(_ value: Value) { noted.withLock { $0.append(value) } }
  }

  private static func blocked() -> Bool {
    var mask = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &mask)
    return sigismember(&mask, SIGUSR1) == 1
  }

  private static func niceness() -> Int32 { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }
}
