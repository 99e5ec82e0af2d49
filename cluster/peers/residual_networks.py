"""The residual networks of Miyato et al. (2018), layer by layer as `lockstep train sngan` builds them.

Activations and weights have PyTorch's layouts. The names of the state dictionary are those in Lockstep's
checkpoints (`main.1.residual.3.weight`, `main.0.shortcut.1.weight_orig`, …).
"""

import math

from torch import nn
from torch.nn.utils import spectral_norm


class Residual(nn.Module):
    """What some layers make of the input, plus what a shortcut does."""

    def __init__(self, residual: list[nn.Module], shortcut: list[nn.Module]):
        super().__init__()
        self.residual, self.shortcut = nn.Sequential(*residual), nn.Sequential(*shortcut)

    def forward(self, x):
        return self.residual(x) + self.shortcut(x)


def convolution(inputs: int, outputs: int, kernel: int = 3) -> nn.Conv2d:
    """A convolution that keeps the size, weights by Glorot and Bengio."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    nn.init.xavier_uniform_(layer.weight, math.sqrt(2) if kernel == 3 else 1)
    return layer


class Generator(nn.Module):
    """Latents [N, latents, 1, 1] to images [N, channels, size, size] in -1...1."""

    def __init__(self, latents: int, widths: list[int], channels: int):
        super().__init__()
        layers = [nn.ConvTranspose2d(latents, widths[0], 4)]
        inputs = widths[0]
        for outputs in widths:
            residual = [
                nn.BatchNorm2d(inputs),
                nn.ReLU(),
                nn.Upsample(scale_factor=2),
                convolution(inputs, outputs),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
                convolution(outputs, outputs),
            ]
            layers.append(Residual(residual, [convolution(inputs, outputs, 1), nn.Upsample(scale_factor=2)]))
            inputs = outputs
        self.main = nn.Sequential(*layers, nn.BatchNorm2d(inputs), nn.ReLU(), convolution(inputs, channels), nn.Tanh())

    def forward(self, latents):
        return self.main(latents)


class Discriminator(nn.Module):
    """Images [N, channels, size, size] to scores [N], each layer spectrally normalised."""

    def __init__(self, channels: int, widths: list[int]):
        super().__init__()

        def normalised(inputs: int, outputs: int, kernel: int = 3) -> nn.Module:
            return spectral_norm(convolution(inputs, outputs, kernel))

        layers, inputs = [], channels
        for index, outputs in enumerate(widths):
            inner = inputs if index else outputs
            residual = [normalised(inputs, inner), nn.ReLU(), normalised(inner, outputs), nn.AvgPool2d(2)]
            shortcut = [nn.AvgPool2d(2), normalised(inputs, outputs, 1)]
            layers.append(Residual(([nn.ReLU()] if index else []) + residual, shortcut))
            inputs = outputs
        last = [nn.ReLU(), normalised(inputs, inputs), nn.ReLU(), normalised(inputs, inputs)]
        self.main = nn.Sequential(*layers, Residual(last, []), nn.ReLU(), nn.LPPool2d(1, 4), normalised(inputs, 1, 1))

    def forward(self, images):
        return self.main(images).flatten()


def forward_flops(network: nn.Module, sample) -> tuple[int, int]:
    """Multiplications and additions of the convolutions in one pass over `sample`, and of those that read it."""
    total, first = 0, 0
    readers = {module for name, module in network.named_modules() if name in FIRST}

    def count(module, inputs, output):
        nonlocal total, first
        pixels = min(inputs[0][0, 0].numel(), output[0, 0].numel())
        flops = 2 * pixels * math.prod(module.kernel_size) * module.in_channels * module.out_channels
        total += flops
        first += flops if module in readers else 0

    convolutions = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
    handles = [module.register_forward_hook(count) for module in convolutions]
    network.eval()(sample)
    network.train()
    for handle in handles:
        handle.remove()
    return total, first


# The layers that read what their network is given.
FIRST = ("main.0", "main.0.residual.0", "main.0.shortcut.1")
