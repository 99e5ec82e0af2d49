#!/usr/bin/env python3
"""Times training steps of a variational autoencoder in PyTorch and prints one JSON object.

The counterpart of `lockstep bench vae` (Kingma and Welling 2014): 784 pixels to 400 units, ReLU, to mean and
log-variance of 20 latents; those to 400 units, ReLU, to 784 Bernoulli logits; random pixels in 0...1 in
memory. One step is

    z = mean + exp(log-variance / 2) ε;  loss = (binary cross-entropy summed over pixels + KL) / batch;  Adam.

A variant is a set of settings; in the variant `whole` the step, its gradients and Adam are one compiled
graph. The work is too small for several processes over gloo, so --processes only shows that.
"""

import argparse

import harness

PIXELS, HIDDEN, LATENTS = 784, 400, 20
RATE, BETAS = 1e-3, (0.9, 0.999)


def autoencoder():
    """A network from pixels `[N, 784]` and noise `[N, 20]` to logits `[N, 784]`, mean and log-variance `[N, 20]`."""
    from torch import nn

    class Autoencoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(PIXELS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2 * LATENTS))
            self.decoder = nn.Sequential(nn.Linear(LATENTS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, PIXELS))

        def forward(self, pixels, noise):
            # Both heads are one product; the arithmetic is that of two layers of 20 units.
            mean, log_variance = self.encoder(pixels).chunk(2, dim=1)
            return self.decoder(mean + (log_variance / 2).exp() * noise), mean, log_variance

    return Autoencoder()


class Trainer(harness.Trainer):
    """The autoencoder of the recipe `vae`."""

    VARIANTS = harness.VARIANTS | harness.WHOLE
    BATCH = 128

    def __init__(self, options: argparse.Namespace, settings: harness.Settings):
        import torch

        super().__init__(options, settings)
        self.networks = [autoencoder()]
        self.pixels = list(torch.rand(4, options.batch, PIXELS))
        self.samples_per_step = options.batch
        edge, inner = PIXELS * HIDDEN, 3 * LATENTS * HIDDEN
        # Forward, to the weights and to the inputs, but for the pixels.
        self.flops_per_step = 2 * options.batch * (3 * (2 * edge + inner) - edge)
        if settings.whole:
            from functional_adam import FunctionalAdam

            self.state = FunctionalAdam(self.networks[0], RATE, BETAS)
            self.compiled_step = torch.compile(self.functional_step, dynamic=False, fullgraph=True)
        else:
            self.optimizer = self.adam(self.networks[0], RATE, BETAS)
            self.network = self.prepare(self.networks[0], static_graph=True)

    def step(self, index: int) -> None:
        import torch

        pixels = self.pixels[index % len(self.pixels)]
        noise = torch.randn(self.batch, LATENTS)
        if self.settings.whole:
            self.compiled_step(pixels, noise)
            return
        self.optimizer.zero_grad(set_to_none=self.settings.set_to_none)
        self.loss(self.network, pixels, noise).backward()
        self.optimizer.step()

    def loss(self, network, pixels, noise):
        """The negative evidence lower bound of a batch, mean over its samples (eq. 10 of the paper)."""
        from torch.nn.functional import binary_cross_entropy_with_logits as bce

        logits, mean, log_variance = network(pixels, noise)
        divergence = (mean.square() + log_variance.exp() - log_variance - 1).sum() / 2
        return (bce(logits, pixels, reduction="sum") + divergence) / self.batch

    def functional_step(self, pixels, noise) -> None:
        from torch.func import grad

        loss = grad(lambda weights: self.loss(self.state.call(weights), pixels, noise))
        self.state.update(loss(self.state.weights))


if __name__ == "__main__":
    harness.main(Trainer, __doc__)
