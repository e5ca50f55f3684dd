"""AdamW, PyTorch's own kernel, without the package around it.

`torch.optim` imports PyTorch's compiler as soon as an optimizer is made: a second and 70 MB for nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class _Group:
    parameters: list[Tensor]
    weight_decay: float
    means: list[Tensor]
    squares: list[Tensor]
    steps: list[Tensor]


class AdamW:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019), as torch.optim.AdamW(fused=True)."""

    def __init__(self, betas: tuple[float, float] = (0.9, 0.999), epsilon: float = 1e-8) -> None:
        """Make an optimizer without parameters.

        Args:
            betas: Decay of the running means of gradients and of their squares.
            epsilon: Added to the root of the mean square.
        """
        self._betas, self._epsilon = betas, epsilon
        self._groups: list[_Group] = []

    def add(self, parameters: Iterable[Tensor], weight_decay: float) -> None:
        """Take care of some parameters.

        Args:
            parameters: Tensors that require a gradient.
            weight_decay: Share of a parameter, times the step size, that each step takes away.
        """
        kept = list(parameters)
        means, squares = ([torch.zeros_like(parameter) for parameter in kept] for _ in range(2))
        steps = [torch.zeros((), dtype=torch.float32) for _ in kept]
        self._groups.append(_Group(kept, weight_decay, means, squares, steps))

    def step(self, learning_rate: float) -> None:
        """Move the parameters along their gradients, and forget the gradients."""
        for group in self._groups:
            torch._foreach_add_(group.steps, 1)
            torch._fused_adamw_(
                [parameter.detach() for parameter in group.parameters],
                [parameter.grad for parameter in group.parameters if parameter.grad is not None],
                group.means,
                group.squares,
                [],
                group.steps,
                lr=learning_rate,
                beta1=self._betas[0],
                beta2=self._betas[1],
                weight_decay=group.weight_decay,
                eps=self._epsilon,
                amsgrad=False,
                maximize=False,
            )
            for parameter in group.parameters:
                parameter.grad = None
