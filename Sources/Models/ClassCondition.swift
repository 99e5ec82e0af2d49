/// How a GAN is told the class of a sample.
public struct ClassCondition: Hashable, Sendable {
  /// How its discriminator is.
  public enum Form: String, CaseIterable, Sendable {
    /// A vector of the class stands beside the sample, for images as one more channel (Mirza and Osindero
    /// 2014, "Conditional generative adversarial nets").
    case embedding
    /// The score has a further term, the inner product of the class's vector with the features in front of
    /// the last layer, summed over all places (Miyato and Koyama 2018, "cGANs with projection discriminator",
    /// eq. 3).
    case projection
    /// The discriminator is not told; it tells the class itself, and both networks are rewarded if it is
    /// right (Odena et al. 2017, "Conditional image synthesis with auxiliary classifier GANs", section 3).
    case auxiliary
  }

  /// How the discriminator is told.
  public let form: Form
  /// The number of classes.
  public let classes: Int
  /// Length of the class's vector behind the generator's latents.
  public let depth: Int

  /// - Precondition: there are classes, and vectors have a length.
  public init(_ form: Form, classes: Int, depth: Int) {
    precondition(classes > 0 && depth > 0, "a condition has classes")
    self.form = form
    self.classes = classes
    self.depth = depth
  }
}
