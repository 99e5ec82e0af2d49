#!/usr/bin/env python3
"""Times training steps of a GAN of fully connected layers in PyTorch and prints one JSON object.

The counterpart of `lockstep bench ring`: latents of 2 numbers to points of the plane, two hidden layers of
128 units each, ReLU in G and LeakyReLU 0.2 in D, which judges packs of several points (Lin et al. 2018),
on random points in memory. One step is

    fake = G(z);  D loss = bce(D(x), 1) + bce(D(fake.detach()), 0);  Adam on D;
    G loss = bce(D(fake), 1), the updated D and the same fake;  Adam on G.

A variant is a set of settings; in the variant `whole` the step, its gradients and Adam are one compiled
graph. The work is too small for several processes over gloo, so --processes only shows that.
"""

import argparse
import functools

import harness

DIMENSIONS = 2
HIDDEN = 128
LATENTS = 2
RATES, BETAS = (1e-3, 2e-3), (0.8, 0.999)  # G's and D's


class Trainer(harness.Trainer):
    """The GAN of the recipe `ring`."""

    VARIANTS = harness.VARIANTS | harness.WHOLE
    BATCH = 512

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--packing", type=harness.parse_count, default=2, help="points that D judges at once (2)")

    def __init__(self, options: argparse.Namespace, settings: harness.Settings):
        import torch
        from torch import nn

        super().__init__(options, settings)
        if options.batch % options.packing:
            raise SystemExit(f"--batch {options.batch} is no whole number of packs of {options.packing}")
        self.pack = DIMENSIONS * options.packing

        def chain(inputs: int, outputs: int, rectifier) -> nn.Sequential:
            hidden = [nn.Linear(inputs, HIDDEN), rectifier(), nn.Linear(HIDDEN, HIDDEN), rectifier()]
            return nn.Sequential(*hidden, nn.Linear(HIDDEN, outputs))

        # A compiled graph reuses memory by itself, and its derivatives want what they are of.
        inplace = not settings.whole
        generator = chain(LATENTS, DIMENSIONS, functools.partial(nn.ReLU, inplace=inplace))
        discriminator = chain(self.pack, 1, functools.partial(nn.LeakyReLU, 0.2, inplace=inplace))
        self.networks = [generator, discriminator]
        self.points = list(torch.rand(4, options.batch, DIMENSIONS) * 2 - 1)
        packs = options.batch // options.packing
        self.real, self.fake = torch.ones(packs, 1), torch.zeros(packs, 1)

        self.samples_per_step = options.batch
        made, judged = (  # multiplications a layer
            [inputs * HIDDEN, HIDDEN * HIDDEN, HIDDEN * outputs]
            for inputs, outputs in ((LATENTS, DIMENSIONS), (self.pack, 1))
        )
        # Three passes of D forward, two back to its weights and three to its inputs, less those of its first layer in
        # its own turn; G once each way, less the gradient of the latents.
        self.flops_per_step = 2 * packs * (8 * sum(judged) - 2 * judged[0]) + 2 * options.batch * (
            3 * sum(made) - made[0]
        )
        if settings.whole:
            from functional_adam import FunctionalAdam

            self.states = [FunctionalAdam(n, rate, BETAS) for n, rate in zip(self.networks, RATES)]
            self.compiled_step = torch.compile(self.functional_step, dynamic=False, fullgraph=True)
        else:
            self.optimizers = [self.adam(n, rate, BETAS) for n, rate in zip(self.networks, RATES)]
            self.generator = self.prepare(generator, static_graph=True)
            self.discriminator = self.prepare(discriminator)

    def step(self, index: int) -> None:
        import torch

        points = self.points[index % len(self.points)]
        latents = torch.randn(self.batch, LATENTS)
        if self.settings.whole:
            self.compiled_step(points, latents)
        else:
            self.ordinary_step(points, latents)

    def loss(self, discriminator, points, targets):
        """Binary cross-entropy of the packs of points `[N, 2]` against targets `[N / packing, 1]`."""
        from torch.nn.functional import binary_cross_entropy_with_logits as bce

        return bce(discriminator(points.view(-1, self.pack)), targets)

    def ordinary_step(self, points, latents) -> None:
        generator_optimizer, discriminator_optimizer = self.optimizers
        fake = self.generator(latents)

        discriminator_optimizer.zero_grad(set_to_none=self.settings.set_to_none)
        real_loss = self.loss(self.discriminator, points, self.real)
        if self.settings.one_backward:
            (real_loss + self.loss(self.discriminator, fake.detach(), self.fake)).backward()
        else:
            real_loss.backward()
            self.loss(self.discriminator, fake.detach(), self.fake).backward()
        discriminator_optimizer.step()

        generator_optimizer.zero_grad(set_to_none=self.settings.set_to_none)
        with self.judge(self.networks[1], self.discriminator) as judge:
            self.loss(judge, fake, self.real).backward()
        generator_optimizer.step()

    def functional_step(self, points, latents) -> None:
        from torch.func import grad, vjp

        generator, discriminator = self.states
        fake, pull_back = vjp(lambda weights: generator.call(weights)(latents), generator.weights)

        def discriminator_loss(weights):
            judge = discriminator.call(weights)
            return self.loss(judge, points, self.real) + self.loss(judge, fake, self.fake)

        discriminator.update(grad(discriminator_loss)(discriminator.weights))
        slopes = grad(lambda samples: self.loss(discriminator.call(), samples, self.real))(fake)
        generator.update(pull_back(slopes)[0])


if __name__ == "__main__":
    harness.main(Trainer, __doc__)
