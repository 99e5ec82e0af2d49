import Platform
import Training

/// A hostfile in Open MPI's form: one host a line, with `slots=N` and what else `mpirun` knows; `#` begins a
/// comment.
package struct Hostfile: Sendable, Equatable {
  /// One host.
  package struct Host: Sendable, Equatable {
    package let name: String
    /// How many ranks it takes.
    package let slots: Int
    /// The line as it stands, without a comment.
    package let text: String
    /// What the line says of the user and the port of its ssh.
    var user, port: String?

    package init(name: String, slots: Int, text: String? = nil) {
      (self.name, self.slots) = (name, slots)
      self.text = text ?? "\(name) slots=\(slots)"
    }

    /// The name without a user's: `node1` of `ada@node1`.
    package var address: String { Hostfile.address(of: name) }

    /// The words by which ssh reaches it, as mpirun puts them.
    package var sshWords: [String] {
      (port.map { ["-p", $0] } ?? []) + ["--", user.map { "\($0)@\(address)" } ?? name]
    }

    /// The same as a person types it.
    package var ssh: String {
      (["ssh"] + sshWords.filter { $0 != "--" }).joined(separator: " ")
    }
  }

  /// What is behind the user of a name, if it has one.
  static func address(of name: String) -> String { name.split(separator: "@").last.map(String.init) ?? name }

  /// In the order of the file.
  package let hosts: [Host]

  package init(hosts: [Host]) {
    self.hosts = hosts
  }

  /// The ranks that fit.
  package var slots: Int { hosts.reduce(0) { $0 + $1.slots } }

  /// The file's text.
  package var text: String { hosts.map { $0.text + "\n" }.joined() }

  /// The hosts on which mpirun puts so many ranks: slot by slot in their order.
  package func taken(by ranks: Int) -> [Host] {
    var left = ranks
    return hosts.prefix { host in
      defer { left -= host.slots }
      return left > 0
    }.map(\.self)
  }

  /// The hosts whose names satisfy a condition.
  package func filter(_ isIncluded: (String) -> Bool) -> Hostfile {
    Hostfile(hosts: hosts.filter { isIncluded($0.name) })
  }

  /// Reads a hostfile.
  /// - Throws: ``ClusterError`` with all that is wrong.
  package static func read(_ path: String) throws(ClusterError) -> Hostfile {
    guard let text = Files.text(path) else {
      throw ClusterError("the hostfile \(path) cannot be read; check --hostfile", isMissing: true)
    }
    return try Hostfile(text: text, path: path)
  }

  /// The hosts of a text.
  /// - Throws: ``ClusterError`` with all that is wrong, in the order of the lines.
  package init(text: String, path: String) throws(ClusterError) {
    var linter = HostfileLinter(path: path)
    var number = 0
    var scalars = text.unicodeScalars[...]
    if scalars.first == "\u{FEFF}" {
      scalars.removeFirst()
      linter.tell(
        1, 1, "the file begins with a byte order mark, as on Windows",
        "mend the file: sed -i '1s/^\\xEF\\xBB\\xBF//' \(ShellWord.typed(path))")
    }
    for line in scalars.split(separator: "\n", omittingEmptySubsequences: false) {
      number += 1
      linter.read(String(line), number: number)
    }
    if linter.hosts.isEmpty, linter.problems.isEmpty {
      linter.tell(1, 1, "the file names no host", "write one a line: node1 slots=2")
    }
    guard linter.problems.isEmpty else { throw ClusterError(lines: linter.problems) }
    hosts = linter.hosts
  }
}

/// Reads a hostfile line by line.
struct HostfileLinter {
  private(set) var hosts: [Hostfile.Host] = []
  private(set) var problems: [String] = []
  private let path: String
  private var lines: [String: Int] = [:]
  private var isFromWindows = false

  init(path: String) { self.path = path }

  private static let slotKeys = ["slots", "cpu", "count"]
  private static let limitKeys = ["max_slots", "max-slots"]
  private static let userKeys = ["username", "user_name", "user-name"]
  private static let portKey = "port"

  mutating func tell(_ line: Int, _ column: Int, _ what: String, _ advice: String) {
    problems.append("\(path):\(line):\(column): \(what); \(advice)")
  }

  mutating func read(_ line: String, number: Int) {
    let before = problems.count
    let scalars = line.unicodeScalars
    let read = scalars.prefix { $0 != "#" && $0 != "\r" }
    func column(_ index: String.Index) -> Int { scalars.distance(from: scalars.startIndex, to: index) + 1 }
    // Once: as a rule all lines do.
    if scalars[read.endIndex...].first == "\r", !isFromWindows {
      isFromWindows = true
      tell(
        number, column(read.endIndex), "the line ends with a carriage return, as on Windows",
        "mend the file: sed -i 's/\\r$//' \(ShellWord.typed(path))")
    }
    let words = read.split { $0 == " " || $0 == "\t" }.map {
      (column: column($0.startIndex), text: String($0))
    }
    guard let name = words.first else { return }
    checkName(name.text, number, name.column)
    var given = Given()
    for word in words.dropFirst() { readWord(word.text, number, word.column, &given) }
    if let limit = given.limit, let slots = given.slots, slots > limit,
      let word = words.last(where: { $0.text.contains("slots=") })
    {
      tell(
        number, word.column, "\(slots) slots are more than max_slots=\(limit)",
        "write slots=\(limit), or raise max_slots")
    }
    if given.slots == nil, problems.count == before {
      // mpirun would take as many ranks as the host has cores, which only the host knows.
      tell(
        number, name.column, "\(name.text.shortened) has no slots=",
        "write how many ranks it takes: \(name.text.shortened) slots=2")
    }
    var host = Hostfile.Host(
      name: name.text, slots: given.slots ?? 1, text: words.map(\.text).joined(separator: " "))
    (host.user, host.port) = (given.user, given.port)
    hosts.append(host)
  }

  private mutating func checkName(_ name: String, _ line: Int, _ column: Int) {
    let address = Hostfile.address(of: name)
    if let first = lines[address] {
      tell(
        line, column, "\(address.shortened) stands in line \(first) already",
        "name each host once, with all of its slots")
      return
    }
    lines[address] = line
    let isNamed = name.split(separator: "@", omittingEmptySubsequences: false)
    guard isNamed.count < 3, !isNamed.contains("") else {
      tell(line, column, "'\(name.shortened)' is no host name", "write host, or user@host")
      return
    }
    // To ssh it would be an option.
    guard !isNamed.contains(where: { $0.hasPrefix("-") }) else {
      tell(line, column, "'\(name.shortened)' is no host name", "begin it with a letter or a digit")
      return
    }
    let parts = name.split(separator: ":", omittingEmptySubsequences: false)
    if parts.count == 2, let slots = Int(parts[1]) {
      tell(
        line, column, "'\(name.shortened)' is no host name",
        "write: \(String(parts[0]).shortened) slots=\(max(1, slots))")
    } else if parts.count > 2 {
      tell(
        line, column, "'\(name.shortened)' is an IPv6 address, which mpirun does not read here",
        "give it a name in /etc/hosts, and write the name")
    } else if name.contains("=") {
      tell(line, column, "the line begins with '\(name.shortened)'", "begin it with the host's name")
    } else if !name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-._@".contains($0)) }) {
      tell(line, column, "'\(name.shortened)' is no host name", "use letters, digits, dots and hyphens")
    }
  }

  /// What the words of a line give.
  private struct Given {
    var slots, limit: Int?
    var user, port: String?
  }

  /// A number of digits alone: mpirun takes no sign.
  private static func number(_ text: String) -> Int? {
    text.allSatisfy { $0.isASCII && $0.isNumber } ? Int(text) : nil
  }

  private mutating func readWord(_ word: String, _ line: Int, _ column: Int, _ given: inout Given) {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let key = parts[0]
    guard parts.count == 2, !key.isEmpty else {
      tell(line, column, "'\(word.shortened)' is no key=value word", "write it without spaces: slots=2")
      return
    }
    /// The number behind the key; nil after saying that there is none.
    func count(_ meaning: String) -> Int? {
      if let count = Self.number(parts[1]), (1...65_536).contains(count) { return count }
      tell(
        line, column + key.unicodeScalars.count + 1, "'\(parts[1].shortened)' is no number of slots",
        "write \(meaning), at least 1")
      return nil
    }
    /// Says where what is given now has been given before.
    func once<Value>(_ before: Value?, _ what: String) {
      if before != nil { tell(line, column, "the \(what) given twice", "keep one") }
    }
    if Self.slotKeys.contains(key) {
      guard let count = count("how many ranks the host takes") else { return }
      once(given.slots, "slots are")
      given.slots = count
    } else if Self.limitKeys.contains(key) {
      guard let count = count("how many ranks the host takes at most") else { return }
      once(given.limit, "most slots are")
      given.limit = count
    } else if Self.userKeys.contains(key) {
      // ssh and a shell get it.
      let isName = parts[1].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
      guard isName, let first = parts[1].first, first != "-" else {
        tell(
          line, column + key.unicodeScalars.count + 1, "'\(parts[1].shortened)' is no user's name",
          "use letters, digits, dots and hyphens")
        return
      }
      once(given.user, "user is")
      given.user = parts[1]
    } else if key == Self.portKey {
      guard let port = Self.number(parts[1]), (1...65_535).contains(port) else {
        tell(
          line, column + key.unicodeScalars.count + 1, "'\(parts[1].shortened)' is no port",
          "write a number from 1 to 65535")
        return
      }
      once(given.port, "port is")
      given.port = "\(port)"
    } else {
      let near = OptionSuggestions(
        words: Self.slotKeys + Self.limitKeys + Self.userKeys + [Self.portKey]
      ).nearest(to: key)
      let advice =
        near.first.map { "did you mean \($0)=\(parts[1].shortened)?" } ?? "mpirun knows slots= and max_slots="
      tell(line, column, "'\(key.shortened)' is no key of a hostfile", advice)
    }
  }
}
