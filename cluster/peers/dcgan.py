#!/usr/bin/env python3
"""Times DCGAN training steps in PyTorch on CPUs and prints one JSON object.

The counterpart of `lockstep bench dcgan`, and with --axes 3 of `lockstep bench voxel-gan loss=nonSaturating
spectralNorm=false model.discriminatorBias=false`: the same networks, losses and order of work, on random images in
memory, so that no loader is timed. One step is

    fake = G(z);  D loss = bce(D(x), 1) + bce(D(fake.detach()), 0), two passes of D;  Adam on D;
    G loss = bce(D(fake), 1), the updated D and the same fake;  Adam on G.

With --processes above 1 it trains with DistributedDataParallel over gloo on this machine. A variant
is a set of settings (--help lists them); --set changes one of them.
"""

import argparse

import harness


def add_image_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the networks of Radford et al."""
    parser.add_argument("--size", type=harness.parse_side, default=32, help="pixels of a side, a power of two (32)")
    parser.add_argument("--channels", type=harness.parse_count, default=1, help="of an image (1)")
    parser.add_argument("--latents", type=harness.parse_count, default=100, help="length of a latent vector (100)")
    parser.add_argument("--features", type=harness.parse_count, default=64, help="ngf and ndf of the paper (64)")
    parser.add_argument("--axes", type=int, choices=(2, 3), default=2, help="2 for images, 3 for volumes (2)")


class ImageTrainer(harness.Trainer):
    """The networks of Radford et al., random images and latents, whatever is minimised."""

    add_arguments = staticmethod(add_image_arguments)

    # Whether the discriminator has batch norm.
    BATCH_NORM = True

    def __init__(self, options: argparse.Namespace, settings: harness.Settings):
        import torch

        import dcgan_networks as dcgan

        super().__init__(options, settings)
        self.latents = options.latents
        self.axes = options.axes
        channels_last = {2: torch.channels_last, 3: torch.channels_last_3d}[self.axes]
        layout = channels_last if settings.channels_last else torch.contiguous_format
        self.widths = dcgan.generator_widths(options.size, options.features)
        self.networks = [network.to(memory_format=layout) for network in self.make_networks(options)]
        generator, discriminator = self.networks
        self.generator = self.prepare(generator, static_graph=True)
        self.discriminator = self.prepare(discriminator)

        shape = (4, options.batch, options.channels) + self.axes * (options.size,)
        self.batches = [x.contiguous(memory_format=layout) for x in torch.rand(shape) * 2 - 1]

    def make_networks(self, options: argparse.Namespace) -> list:
        """The generator and the discriminator, with their initial weights."""
        import dcgan_networks as dcgan

        generator = dcgan.Generator(options.latents, self.widths, options.channels, self.axes)
        discriminator = dcgan.Discriminator(options.channels, self.widths[::-1], self.BATCH_NORM, self.axes)
        for network in (generator, discriminator):
            dcgan.initialize(network)
        return [generator, discriminator]

    def noise(self):
        """Latents of a batch."""
        import torch

        return torch.randn(self.batch, self.latents, *self.axes * (1,))


class Trainer(ImageTrainer):
    """DCGAN."""

    def __init__(self, options: argparse.Namespace, settings: harness.Settings):
        import torch

        import dcgan_networks as dcgan

        super().__init__(options, settings)
        self.samples_per_step = self.batch
        self.flops_per_step = self.batch * dcgan.flops_per_image(
            options.size, options.channels, options.latents, self.widths, options.axes
        )
        self.generator_optimizer, self.discriminator_optimizer = (
            self.adam(network, 2e-4, (0.5, 0.999)) for network in self.networks
        )
        self.real, self.fake = torch.ones(options.batch), torch.zeros(options.batch)

    def step(self, index: int) -> None:
        from torch.nn.functional import binary_cross_entropy_with_logits as bce

        images = self.batches[index % len(self.batches)]
        fake = self.generator(self.noise())

        self.discriminator_optimizer.zero_grad(set_to_none=self.settings.set_to_none)
        real_loss = bce(self.discriminator(images), self.real)
        if self.settings.one_backward:
            (real_loss + bce(self.discriminator(fake.detach()), self.fake)).backward()
        else:
            real_loss.backward()
            bce(self.discriminator(fake.detach()), self.fake).backward()
        self.discriminator_optimizer.step()

        self.generator_optimizer.zero_grad(set_to_none=self.settings.set_to_none)
        with self.judge(self.networks[1], self.discriminator) as judge:
            bce(judge(fake), self.real).backward()
        self.generator_optimizer.step()


if __name__ == "__main__":
    harness.main(Trainer, __doc__)
