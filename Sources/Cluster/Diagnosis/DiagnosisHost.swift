import Platform
import Training

/// What one host of a hostfile answered to `lockstep doctor --hostfile`.
package struct HostFacts: Sendable, Equatable {
  /// As the hostfile names it.
  package var name: String
  /// The ranks it is to take.
  package var slots: Int
  /// The ssh that reaches it, as a person types it.
  let ssh: String
  /// Whether it is this host.
  package var isLocal = false
  /// Whether the name has an address.
  package var resolves = true
  /// The exit code of ssh; nil if there was no answer in time.
  package var sshCode: Int32?
  /// What ssh said in place of an answer.
  var sshMessage = ""
  /// `key value` lines; `refused` is why a file in the run folder that it sees could not be renamed,
  /// `temporary-refused` why none could be made in its folder for temporary files,
  /// `machine` its kernel's start and its own name: clones and containers may have one of them alike.
  package var answers: [String: String] = [:]
  /// Whether a file that was made here could be renamed there; nil where this host does not see the folder
  /// either.
  package var sharesFolder: Bool?
  /// Seconds by which its clock is ahead of this one's, as closely as ssh lets tell.
  package var clockOffset: Double?
  /// Megabits a second through ssh from there to here; nil where too little has come for a figure, and for
  /// this host.
  package var bandwidth: Double?

  package init(_ host: Hostfile.Host) {
    (name, slots, ssh) = (host.name, host.slots, host.ssh)
  }

  /// What every host must have alike, as this one has it.
  package struct Reference: Sendable {
    /// SHA-256 of the program, and its path.
    package var program: String
    package var path: String
    /// The run folder.
    package var folder: String

    package init(program: String, path: String, folder: String) {
      self.program = program
      self.path = path
      self.folder = folder
    }
  }

  /// The verdicts, each named after the host.
  package func checks(_ reference: Reference) -> [DiagnosisCheck] {
    guard resolves else {
      return [.fail("\(name) name", "has no address", "check the spelling, or add it to /etc/hosts")]
    }
    let refusal = HostProbe.refusal(sshCode, sshMessage)
    guard sshCode == 0 else {
      return [.fail("\(name) ssh", refusal, HostProbe.remedy(sshCode, ssh), .peerLost)]
    }
    return [program(reference), mpi, cores, temporary, network, clock, folder(reference)]
  }

  /// A warning of each machine that stands there under several names: its ranks would share no memory.
  package static func doubles(among hosts: [HostFacts]) -> [DiagnosisCheck] {
    hosts.indices.compactMap { index in
      guard let machine = hosts[index].answers["machine"] else { return nil }
      let same = hosts.indices.filter { hosts[$0].answers["machine"] == machine }
      guard same.count > 1, same[0] == index else { return nil }
      return .warn(
        "hostfile", "\(Prose.list(same.map { hosts[$0].name })) are one host",
        "name it once, with all of its slots")
    }
  }

  private func program(_ reference: Reference) -> DiagnosisCheck {
    let sum = answers["program"] ?? ""
    guard !sum.isEmpty else {
      return .fail(
        "\(name) program", "not at \(reference.path)",
        "cluster/deploy HOSTFILE, and run it from where it puts it")
    }
    return sum == reference.program
      ? .ok("\(name) program", "the same, \(sum.prefix(12))")
      : .fail(
        "\(name) program", "\(sum.prefix(12)), here \(reference.program.prefix(12))",
        "copy one program to every host: cluster/deploy HOSTFILE \(reference.path)", .disagreement)
  }

  private var mpi: DiagnosisCheck {
    let path = answers["orted"] ?? ""
    return path.isEmpty
      ? .fail(
        "\(name) MPI", "no orted on the PATH of ssh",
        "apt-get install openmpi-bin there, or set PATH for shells that are not interactive")
      : .ok("\(name) MPI", path)
  }

  private var cores: DiagnosisCheck {
    guard let cores = answers["cores"].flatMap({ Int($0) }) else {
      return .warn("\(name) cores", "unknown", "see: \(ssh) nproc")
    }
    let detail = "\(Count.text(slots, "slot")) on \(Count.text(cores, "core"))"
    return slots <= cores
      ? .ok("\(name) cores", detail) : .warn("\(name) cores", detail, "write slots=\(cores) or fewer")
  }

  private var temporary: DiagnosisCheck {
    TemporaryFolderFacts(
      path: answers["temporary"] ?? "/tmp", refusal: answers["temporary-refused"],
      free: answers["temporary-free"].flatMap { Int($0) }.map(Self.bytes)
    ).check("\(name) temporary folder")
  }

  private static func bytes(ofKibibytes count: Int) -> Int {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: 1024)
    return overflow ? .max : bytes
  }

  private var network: DiagnosisCheck {
    let through = answers["interface"].map { "through \($0), " } ?? ""
    let latency = answers["latency"].map { ", \($0) ms there and back" } ?? ""
    guard !isLocal else { return .ok("\(name) network", "\(through)this host\(latency)") }
    let speed = bandwidth.map { "\(Int($0)) Mbit/s or more" } ?? "too slow to be measured, or no answer"
    let detail = "\(through)\(speed)\(latency)"
    return bandwidth ?? 0 < 200
      ? .warn(
        "\(name) network", detail,
        "choose the faster network if there are several: export OMPI_MCA_btl_tcp_if_include=NETWORK/BITS")
      : .ok("\(name) network", detail)
  }

  private var clock: DiagnosisCheck {
    guard let clockOffset, abs(clockOffset) < 1e12 else {
      return .warn("\(name) clock", "unknown", "see: \(ssh) date")
    }
    let size = abs(clockOffset)
    let detail = "\(Int(size)) s \(clockOffset < 0 ? "behind" : "ahead")"
    // Nothing is decided by it; logs are harder to read.
    return size < 5
      ? .ok("\(name) clock", "within 5 s") : .warn("\(name) clock", detail, "start its time service (chrony)")
  }

  private func folder(_ reference: Reference) -> DiagnosisCheck {
    let free =
      answers["free"].flatMap { Int($0) }.map { ", \(ByteCount.text(Self.bytes(ofKibibytes: $0))) free" }
      ?? ""
    switch sharesFolder {
    case true?: return .ok("\(name) run folder", "\(reference.folder) is shared, renaming works\(free)")
    case false?:
      if let reason = answers["refused"] {
        return .warn(
          "\(name) run folder", "\(reference.folder) is shared, and cannot be written there: \(reason)",
          "make it writable there: rank 0 has to write, and --max-restarts may start it on any host")
      }
      return .warn(
        "\(name) run folder", "\(reference.folder) is not shared\(free)",
        "keep rank 0 on one host, or choose a folder that all hosts share, for --max-restarts to use any of them"
      )
    case nil: return .warn("\(name) run folder", "not tried", "make \(reference.folder) writable here")
    }
  }
}
