#!/usr/bin/env python3
"""Times training steps of a spectrally normalised residual GAN in PyTorch and prints one JSON object.

The counterpart of `lockstep bench sngan` (Miyato et al. 2018), on random images in memory. One step is

    fake = G(z);  D loss = mean max(0, 1 - D(x)) + mean max(0, 1 + D(fake.detach()));  Adam on D;
    G loss = -mean D(fake), the updated D and the same fake;  Adam on G.

No batch norm couples the samples in D, so that the best settings score both in one pass.

With --processes above 1 it trains with DistributedDataParallel over gloo.
"""

import argparse

import dcgan
import harness

RATE, BETAS = 2e-4, (0.0, 0.9)


class Trainer(dcgan.ImageTrainer):
    """SNGAN."""

    def __init__(self, options: argparse.Namespace, settings: harness.Settings):
        super().__init__(options, settings)
        self.samples_per_step = self.batch
        self.generator_optimizer, self.discriminator_optimizer = (
            self.adam(network, RATE, BETAS) for network in self.networks
        )

    def make_networks(self, options: argparse.Namespace) -> list:
        import torch

        import residual_networks

        generator = residual_networks.Generator(options.latents, self.widths, options.channels)
        discriminator = residual_networks.Discriminator(options.channels, self.widths[::-1])
        with torch.no_grad():
            made, projected = residual_networks.forward_flops(generator, torch.zeros(1, options.latents, 1, 1))
            image = torch.zeros(1, options.channels, options.size, options.size)
            judged, first = residual_networks.forward_flops(discriminator, image)
        # D: two passes both ways, less the gradients at the images; G: a pass of D and its gradient at them, and its own.
        self.flops_per_step = self.batch * (8 * judged - 2 * first + 3 * made - projected)
        return [generator, discriminator]

    def step(self, index: int) -> None:
        import torch

        images = self.batches[index % len(self.batches)]
        fake = self.generator(self.noise())

        self.discriminator_optimizer.zero_grad(set_to_none=self.settings.set_to_none)
        if self.settings.one_backward:
            real, made = self.discriminator(torch.cat([images, fake.detach()])).chunk(2)
            ((1 - real).relu().mean() + (1 + made).relu().mean()).backward()
        else:
            (1 - self.discriminator(images)).relu().mean().backward()
            (1 + self.discriminator(fake.detach())).relu().mean().backward()
        self.discriminator_optimizer.step()

        self.generator_optimizer.zero_grad(set_to_none=self.settings.set_to_none)
        with self.judge(self.networks[1], self.discriminator) as judge:
            (-judge(fake).mean()).backward()
        self.generator_optimizer.step()


if __name__ == "__main__":
    harness.main(Trainer, __doc__)
