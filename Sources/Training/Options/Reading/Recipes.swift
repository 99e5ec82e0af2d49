/// A recipe that the program carries with it.
public struct Recipe: Sendable {
  /// What `lockstep train` calls it.
  public let name: String
  /// One line that says what it trains.
  public let title: String
  /// What it shows and about how long it takes.
  public let about: String
  let source: RecipeSource

  /// Reads the title and the description of an embedded file.
  ///
  /// - Precondition: the file is a recipe; the tests resolve every one.
  fileprivate init(_ name: String, _ bytes: [UInt8]) {
    source = RecipeSource(name: name, label: "embedded \(name).yaml", bytes: bytes)
    self.name = name
    do throws(OptionsError) {
      let entries = OptionEntries(try RecipeYAML(bytes, label: source.label), label: source.label).list
      func text(_ path: String) -> String {
        guard case .value(let written)? = entries.first(where: { $0.path == path })?.content else {
          preconditionFailure("the embedded recipe \(name) has no \(path)")
        }
        return written.text
      }
      title = text("title")
      about = text("about")
    } catch {
      preconditionFailure("the embedded recipe \(name) is broken: \(error)")
    }
  }
}

/// The recipes that the program carries with it.
public enum Recipes {
  /// All of them, in the order in which they are best met. A new one is a file in `Recipes/` and a line here.
  public static let all: [Recipe] = [
    Recipe("dcgan", PackageResources.dcgan_yaml),
    Recipe("dcgan-mnist", PackageResources.dcgan_mnist_yaml),
    Recipe("dcgan-fashion", PackageResources.dcgan_fashion_yaml),
    Recipe("cgan-mnist", PackageResources.cgan_mnist_yaml),
    Recipe("stacked-mnist", PackageResources.stacked_mnist_yaml),
    Recipe("dcgan64", PackageResources.dcgan64_yaml),
    Recipe("dcgan-pottery", PackageResources.dcgan_pottery_yaml),
    Recipe("sngan", PackageResources.sngan_yaml),
    Recipe("voxel-gan", PackageResources.voxel_gan_yaml),
    Recipe("inpainting", PackageResources.inpainting_yaml),
    Recipe("super-resolution", PackageResources.super_resolution_yaml),
    Recipe("completion", PackageResources.completion_yaml),
    Recipe("wgan-gp", PackageResources.wgan_gp_yaml),
    Recipe("ring", PackageResources.ring_yaml),
    Recipe("grid", PackageResources.grid_yaml),
    Recipe("vae", PackageResources.vae_yaml),
    Recipe("vae-mnist", PackageResources.vae_mnist_yaml),
    Recipe("diffusion", PackageResources.diffusion_yaml),
    Recipe("diffusion-mnist", PackageResources.diffusion_mnist_yaml),
    Recipe("flow", PackageResources.flow_yaml),
    Recipe("flow-ring", PackageResources.flow_ring_yaml),
  ]

  /// What they are called.
  package static var names: [String] { all.map(\.name) }
}
