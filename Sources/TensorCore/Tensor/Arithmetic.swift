/// All arithmetic that the weights of a run depend on.
package enum Arithmetic {
  /// Changes whenever a bit of a run that began before may: with the table of convolution algorithms, an
  /// optimizer, a normalisation, a loss, noise or the order of a sum. Checkpoints hold it, so that no run
  /// goes on in other arithmetic than it began in.
  package static let version = "winograd-2"
}
