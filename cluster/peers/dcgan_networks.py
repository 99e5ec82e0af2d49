"""The DCGAN networks of Radford et al. (2016), layer by layer as `lockstep train dcgan` builds them.

Activations and weights have PyTorch's layouts (NCHW, OIHW, IOHW). The names of the state dictionary
(`main.0.weight`, `main.1.running_mean`, …) are those in Lockstep's checkpoints.
"""

from torch import nn


def generator_widths(size: int, features: int) -> list[int]:
    """Output channels of the generator's hidden layers, widest (4x4 pixels) first.

    `size` is a power of two, 8 at least. The discriminator's hidden layers have the same widths in
    reverse order.
    """
    stages = size.bit_length() - 3  # doublings from 4x4 up to size x size
    return [features << k for k in reversed(range(stages))]


class Generator(nn.Module):
    """Latents [N, latents, 1, 1] to images [N, channels, size, size] in -1...1."""

    def __init__(self, latents: int, widths: list[int], channels: int):
        super().__init__()
        layers = []
        inputs, stride, padding = latents, 1, 0  # the first layer turns one pixel into 4x4
        for outputs in widths:
            layers += [
                nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(inplace=True),
            ]
            inputs, stride, padding = outputs, 2, 1
        layers += [nn.ConvTranspose2d(inputs, channels, 4, 2, 1, bias=False), nn.Tanh()]
        self.main = nn.Sequential(*layers)

    def forward(self, latents):
        return self.main(latents)


class Discriminator(nn.Module):
    """Images [N, channels, size, size] to logits [N]. The critic of WGAN-GP is the same without batch norm."""

    def __init__(self, channels: int, widths: list[int], batch_norm: bool = True):
        super().__init__()
        layers = [
            nn.Conv2d(channels, widths[0], 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
        ]
        for inputs, outputs in zip(widths, widths[1:]):
            layers.append(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False))
            if batch_norm:
                layers.append(nn.BatchNorm2d(outputs))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
        layers += [nn.Conv2d(widths[-1], 1, 4, 1, 0, bias=False)]
        self.main = nn.Sequential(*layers)

    def forward(self, images):
        return self.main(images).flatten()


def initialize(network: nn.Module) -> None:
    """The paper's initial weights: convolutions N(0, 0.02), batch norm scales N(1, 0.02)."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)


def stage_flops(size: int, channels: int, latents: int, widths: list[int]) -> tuple[int, int, int, int]:
    """One pass over one image: D's last layer, G's first, the hidden layers of either, and the layer at the pixels."""

    def stage(wide: int, narrow: int, wide_side: int) -> int:
        return 2 * 16 * wide * narrow * wide_side**2  # 4x4 kernel, counted at the smaller image

    hidden = sum(stage(w, n, 4 << k) for k, (w, n) in enumerate(zip(widths, widths[1:])))
    edge = stage(widths[-1], channels, size // 2)
    return stage(widths[0], 1, 1), stage(latents, widths[0], 1), hidden, edge


def forward_flops(size: int, channels: int, latents: int, widths: list[int]) -> tuple[int, int]:
    """The arithmetic of one forward pass of G and of D, per image: convolutions only."""
    logit, projection, hidden, edge = stage_flops(size, channels, latents, widths)
    return projection + hidden + edge, edge + hidden + logit


def flops_per_image(size: int, channels: int, latents: int, widths: list[int]) -> int:
    """The least arithmetic of one training step of DCGAN, per image: convolutions only.

    Three passes of D forward and three back to its inputs, two back to its weights, and G once each
    way, less the input gradients that nobody reads: D's first layer in its own turn, G's first layer.
    """
    _, projection, _, edge = stage_flops(size, channels, latents, widths)
    generator, discriminator = forward_flops(size, channels, latents, widths)
    return 8 * discriminator - 2 * edge + 3 * generator - projection
