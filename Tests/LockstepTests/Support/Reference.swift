/// Runs that nothing disturbed, on one rank: what all others are held against. Each is made once.
enum Reference {
  /// Twelve narrow steps.
  static func narrow(_ recipe: String) throws -> [String] {
    try (recipe == "dcgan64" ? narrow64 : narrow32).get()
  }

  /// Forty narrow steps of `dcgan`, long enough to be interrupted.
  static func long() throws -> [String] { try longRun.get() }

  private static let narrow32 = Result { try hashes("dcgan") }
  private static let narrow64 = Result { try hashes("dcgan64") }
  private static let longRun = Result { try hashes("dcgan", steps: 40) }

  private static func hashes(_ recipe: String, steps: Int = 12) throws -> [String] {
    let folder = try Folder()
    let finished = try Lockstep.train(
      [recipe] + EndToEnd.narrow + EndToEnd.course(steps: steps) + ["--run", "reference"], ranks: 1,
      in: folder)
    guard finished.status == 0 else { throw Unexpected(finished) }
    return try Lockstep.inspect("reference", in: folder).hashes
  }
}
