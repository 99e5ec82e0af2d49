"""The DCGAN networks of Radford et al. (2016), layer by layer as `lockstep train dcgan` builds them.

With three axes they are after 3D-GAN (Wu et al. 2016), as `lockstep train voxel-gan spectralNorm=false` builds them.
Activations and weights have PyTorch's layouts (NCHW, OIHW, IOHW). The names of the state dictionary
(`main.0.weight`, `main.1.running_mean`, …) are those in Lockstep's checkpoints.
"""

from torch import nn

# By the number of axes.
CONVOLUTION = {2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED_CONVOLUTION = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
BATCH_NORM = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


def generator_widths(size: int, features: int) -> list[int]:
    """Output channels of the generator's hidden layers, widest (4x4 pixels) first.

    `size` is a power of two, 8 at least. The discriminator's hidden layers have the same widths in
    reverse order.
    """
    stages = size.bit_length() - 3  # doublings from 4x4 up to size x size
    return [features << k for k in reversed(range(stages))]


class Generator(nn.Module):
    """Latents [N, latents, 1, 1] to images [N, channels, size, size] in -1...1; with an axis more to volumes."""

    def __init__(self, latents: int, widths: list[int], channels: int, axes: int = 2):
        super().__init__()
        transposed, norm = TRANSPOSED_CONVOLUTION[axes], BATCH_NORM[axes]
        layers = []
        inputs, stride, padding = latents, 1, 0  # the first layer turns one pixel into 4x4
        for outputs in widths:
            layers += [
                transposed(inputs, outputs, 4, stride, padding, bias=False),
                norm(outputs),
                nn.ReLU(inplace=True),
            ]
            inputs, stride, padding = outputs, 2, 1
        layers += [transposed(inputs, channels, 4, 2, 1, bias=False), nn.Tanh()]
        self.main = nn.Sequential(*layers)

    def forward(self, latents):
        return self.main(latents)


class Discriminator(nn.Module):
    """Images [N, channels, size, size] to logits [N]. The critic of WGAN-GP is the same without batch norm."""

    def __init__(self, channels: int, widths: list[int], batch_norm: bool = True, axes: int = 2):
        super().__init__()
        convolution = CONVOLUTION[axes]
        layers = [
            convolution(channels, widths[0], 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2, inplace=True),
        ]
        for inputs, outputs in zip(widths, widths[1:]):
            layers.append(convolution(inputs, outputs, 4, 2, 1, bias=False))
            if batch_norm:
                layers.append(BATCH_NORM[axes](outputs))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
        layers += [convolution(widths[-1], 1, 4, 1, 0, bias=False)]
        self.main = nn.Sequential(*layers)

    def forward(self, images):
        return self.main(images).flatten()


def initialize(network: nn.Module) -> None:
    """The paper's initial weights: convolutions N(0, 0.02), batch norm scales N(1, 0.02)."""
    for module in network.modules():
        if isinstance(module, (*CONVOLUTION.values(), *TRANSPOSED_CONVOLUTION.values())):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, tuple(BATCH_NORM.values())):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)


def stage_flops(
    size: int, channels: int, latents: int, widths: list[int], axes: int = 2
) -> tuple[int, int, int, int]:
    """One pass over one image: D's last layer, G's first, the hidden layers of either, and the layer at the pixels."""

    def stage(wide: int, narrow: int, wide_side: int) -> int:
        return 2 * 4**axes * wide * narrow * wide_side**axes  # 4x4 kernel, counted at the smaller image

    hidden = sum(stage(w, n, 4 << k) for k, (w, n) in enumerate(zip(widths, widths[1:])))
    edge = stage(widths[-1], channels, size // 2)
    return stage(widths[0], 1, 1), stage(latents, widths[0], 1), hidden, edge


def forward_flops(size: int, channels: int, latents: int, widths: list[int], axes: int = 2) -> tuple[int, int]:
    """The arithmetic of one forward pass of G and of D, per image: convolutions only."""
    logit, projection, hidden, edge = stage_flops(size, channels, latents, widths, axes)
    return projection + hidden + edge, edge + hidden + logit


def flops_per_image(size: int, channels: int, latents: int, widths: list[int], axes: int = 2) -> int:
    """The least arithmetic of one training step of DCGAN, per image: convolutions only.

    Three passes of D forward and three back to its inputs, two back to its weights, and G once each
    way, less the input gradients that nobody reads: D's first layer in its own turn, G's first layer.
    """
    _, projection, _, edge = stage_flops(size, channels, latents, widths, axes)
    generator, discriminator = forward_flops(size, channels, latents, widths, axes)
    return 8 * discriminator - 2 * edge + 3 * generator - projection
