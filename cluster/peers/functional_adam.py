"""Adam on a network's weights as a function of gradients, for steps that are compiled as one graph.

`torch.optim` breaks the graph of torch.compile where it is called, so that a small network pays for the
calls between the pieces; the rule itself, written out, becomes part of the graph.
"""

import collections.abc

import torch
from torch import nn
from torch.func import functional_call


class FunctionalAdam:
    """A network whose weights are an argument, with the state of `torch.optim.Adam`."""

    def __init__(self, network: nn.Module, rate: float, betas: tuple[float, float]):
        self.network, self.rate, self.betas = network, rate, betas
        # The network's own storage: an update is seen by whoever calls the network itself.
        self.weights = {name: weight.detach() for name, weight in network.named_parameters()}
        self.means = {name: torch.zeros_like(weight) for name, weight in self.weights.items()}
        self.squares = {name: torch.zeros_like(weight) for name, weight in self.weights.items()}
        self.steps = torch.zeros(())

    def call(self, weights: dict[str, torch.Tensor] | None = None) -> collections.abc.Callable:
        """The network as a function, with its own weights if none are given."""
        chosen = self.weights if weights is None else weights
        return lambda *inputs: functional_call(self.network, chosen, inputs)

    def update(self, gradients: dict[str, torch.Tensor]) -> None:
        """Takes one step (Kingma and Ba 2015, algorithm 1)."""
        mean_decay, square_decay = self.betas
        self.steps.add_(1)
        rate = self.rate / (1 - mean_decay**self.steps)
        root_correction = (1 - square_decay**self.steps).sqrt()
        for name, weight in self.weights.items():
            gradient, mean, square = gradients[name], self.means[name], self.squares[name]
            mean.lerp_(gradient, 1 - mean_decay)
            square.mul_(square_decay).addcmul_(gradient, gradient, value=1 - square_decay)
            weight.sub_(rate * mean / (square.sqrt() / root_correction + 1e-8))
