#!/usr/bin/env python3
"""Times training steps of the Wasserstein GAN with gradient penalty in PyTorch and prints one JSON object.

The counterpart of `lockstep bench wgan-gp` (Gulrajani et al. 2017): DCGAN's networks, the critic without
batch norm, on random images in memory. One step is five times

    fake = G(z), not recorded;  ξ = fake + u (x - fake), one u in 0...1 a sample;
    D loss = mean D(fake) - mean D(x) + 10 mean((‖∇D(ξ)‖ - 1)²);  Adam on D

with other images and latents each time, and once

    fake = G(z), the last latents again;  G loss = -mean D(fake);  Adam on G.

With --processes above 1 it trains with DistributedDataParallel over gloo. A variant is a set of settings;
in the variant `whole` the critic's turn, double backward and Adam included, is one compiled graph.
"""

import argparse

import dcgan
import harness

CRITIC_TURNS = 5
PENALTY_WEIGHT = 10.0
RATE, BETAS = 1e-4, (0.0, 0.9)


class Trainer(dcgan.ImageTrainer):
    """WGAN-GP."""

    VARIANTS = harness.VARIANTS | harness.WHOLE
    BATCH_NORM = False

    def __init__(self, options: argparse.Namespace, settings: harness.Settings):
        import dcgan_networks

        super().__init__(options, settings)
        self.samples_per_step = CRITIC_TURNS * self.batch
        generator, critic = dcgan_networks.forward_flops(options.size, options.channels, options.latents, self.widths)
        # Two plain passes of D both ways, and for the penalty a pass, its gradient and the derivative of both.
        self.flops_per_step = self.batch * (
            CRITIC_TURNS * (12 * critic + generator) + 2 * critic + 3 * generator
        )
        self.generator_optimizer = self.adam(self.networks[0], RATE, BETAS)
        if settings.whole:
            import torch

            from functional_adam import FunctionalAdam

            self.critic_state = FunctionalAdam(self.networks[1], RATE, BETAS)
            self.compiled_turn = torch.compile(self.functional_critic_turn, dynamic=False)
            self.generator.compile(dynamic=False)
        else:
            self.critic_optimizer = self.adam(self.networks[1], RATE, BETAS)

    def step(self, index: int) -> None:
        import torch

        for turn in range(CRITIC_TURNS):
            images = self.batches[(CRITIC_TURNS * index + turn) % len(self.batches)]
            latents = self.noise()
            with torch.no_grad():
                fake = self.generator(latents)
            points = fake + torch.rand(self.batch, 1, 1, 1) * (images - fake)
            if self.settings.whole:
                self.compiled_turn(images, fake, points)
            else:
                self.critic_turn(images, fake, points)
        self.generator_turn(latents)

    def distance(self, critic, images, fake):
        """E[D(fake)] - E[D(x)]: no batch norm couples the samples, so one pass may serve both."""
        import torch

        if not self.settings.one_backward:
            return critic(fake).mean() - critic(images).mean()
        scores = critic(torch.cat([fake, images]))
        return scores[: self.batch].mean() - scores[self.batch :].mean()

    @staticmethod
    def penalty(slopes):
        """mean((‖∇D(ξ)‖ - 1)²) of ∇D(ξ) `[N, C, H, W]`."""
        return PENALTY_WEIGHT * (slopes.flatten(1).norm(dim=1) - 1).square().mean()

    def critic_turn(self, images, fake, points) -> None:
        import torch

        self.critic_optimizer.zero_grad(set_to_none=self.settings.set_to_none)
        distance = self.distance(self.discriminator, images, fake)
        points.requires_grad_(True)
        # Past torch.compile, whose graphs have no second derivative.
        critic = self.networks[1].forward if self.settings.compile else self.discriminator
        slopes = torch.autograd.grad(critic(points).sum(), points, create_graph=True)[0]
        (distance + self.penalty(slopes)).backward()
        self.critic_optimizer.step()

    def functional_critic_turn(self, images, fake, points) -> None:
        from torch.func import grad

        def loss(weights):
            critic = self.critic_state.call(weights)
            slopes = grad(lambda samples: critic(samples).sum())(points)
            return self.distance(critic, images, fake) + self.penalty(slopes)

        self.critic_state.update(grad(loss)(self.critic_state.weights))

    def generator_turn(self, latents) -> None:
        self.generator_optimizer.zero_grad(set_to_none=self.settings.set_to_none)
        with self.judge(self.networks[1], self.discriminator) as judge:
            (-judge(self.generator(latents)).mean()).backward()
        self.generator_optimizer.step()


if __name__ == "__main__":
    harness.main(Trainer, __doc__)
