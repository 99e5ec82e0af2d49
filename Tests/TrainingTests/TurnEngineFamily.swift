import Models
import Networks

extension TurnEngineTests {
  /// Every family but the DCGAN.
  enum Family: CaseIterable {
    case vae, critic, points, residual, volumes, diffusion, completion, flow

    var game: EngineGame {
      var game = EngineGame()
      let size = EngineRank.size
      switch self {
      case .vae:
        game.makeModel = { VAE(VAE.Configuration(size: size, channels: 1, hidden: 12, latent: 3)) }
        game.turns = [1]
      case .critic:
        game.makeModel = {
          WGANGP(
            ConvolutionalGAN.Configuration(
              size: size, channels: 1, latent: 6, generatorFeatures: 4, discriminatorFeatures: 4))
        }
        game.turns = [2, 1]
      case .points:
        game.makeModel = {
          MLPGAN(MLPGAN.Configuration(dimensions: size * size, latent: 3, hidden: 12, layers: 2))
        }
        game.turns = [1, 2]
      case .residual:
        var objective = AdversarialObjective()
        (objective.loss, objective.usesSpectralNorm) = (.hinge, true)
        game.makeModel = { [objective] in
          ConvolutionalGAN(
            ConvolutionalGAN.Configuration(
              .residual, size: size, channels: 1, latent: 6, generatorFeatures: 4, discriminatorFeatures: 4),
            objective: objective)
        }
        game.turns = [2, 1]
      case .volumes:
        // The generator's inner layer, of 64 and 32 channels, is computed by tiles.
        game.makeModel = {
          ConvolutionalGAN(
            ConvolutionalGAN.Configuration(
              size: size, axes: 3, channels: 1, latent: 6, generatorFeatures: 32, discriminatorFeatures: 4))
        }
        game.turns = [1, 1]
      case .diffusion:
        game.makeModel = {
          Diffusion(Diffusion.Configuration(size: size, channels: 1, features: 4, classes: 3))
        }
        game.turns = [1]
      case .completion:
        game.makeModel = {
          Pix2Pix(
            Pix2Pix.Configuration(
              size: size, channels: 1, generatorFeatures: 4, discriminatorFeatures: 4,
              context: ContextRule(.piece)))
        }
        // The second turn of each reads samples of its own.
        game.turns = [2, 2]
      case .flow:
        game.makeModel = {
          Flow(
            Flow.Configuration(
              size: size, channels: 1, hidden: 12, layers: 1, couplings: 2, domain: .images))
        }
        game.turns = [1]
      }
      return game
    }
  }
}
