"""Quantisation-aware training: the forward pass rounds weights and activations, gradients pass straight through.

The network learns to live with the rounding that `quantise` will do (Jacob et al. 2018; the straight-through estimator
is Bengio, Léonard & Courville 2013). `prepare` before training, `finish` after it, then export as usual.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize


def fake_quantise(values: Tensor, scale: Tensor, zero: Tensor | float, low: int, high: int) -> Tensor:
    """Round to the grid scale x (integer - zero), integers within low to high.

    The gradient is 1 inside the range and 0 outside, where a value was clipped.
    """
    with torch.no_grad():
        integers = torch.clamp(torch.round(values / scale + zero), low, high)
        rounded = (integers - zero) * scale
        inside = (values / scale + zero >= low - 0.5) & (values / scale + zero <= high + 0.5)
    through = torch.where(inside, values, values.detach())
    return through + (rounded - through).detach()


class FakeWeights(nn.Module):  # type: ignore[misc, unused-ignore]
    """Symmetric, one scale per output channel, as `quantise.dynamic_int8` does it."""

    def __init__(self, bits: int = 8) -> None:
        super().__init__()
        self.top = 2 ** (bits - 1) - 1

    def forward(self, weight: Tensor) -> Tensor:
        """(out, in) to the same, rounded."""
        scale = weight.detach().abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / self.top
        return fake_quantise(weight, scale, 0.0, -self.top, self.top)


def fake_activations(values: Tensor) -> Tensor:
    """Unsigned 8 bits over the range of this batch, 0 included, as dynamic quantisation does it."""
    low, high = values.detach().amin().clamp_max(0.0), values.detach().amax().clamp_min(0.0)
    scale = ((high - low) / 255).clamp_min(1e-12)
    return fake_quantise(values, scale, torch.round(-low / scale), 0, 255)


def prepare(model: nn.Module, *, bits: int = 8, activations: bool = True) -> nn.Module:
    """Make every linear layer of `model` compute with rounded weights and inputs, in place."""
    for module in list(model.modules()):
        if isinstance(module, nn.Linear) and not parametrize.is_parametrized(module):
            parametrize.register_parametrization(module, "weight", FakeWeights(bits))
            if activations:
                hook: Any = module.register_forward_pre_hook(_round_input)
                module.fake_quantise_hook = hook
    return model


def finish(model: nn.Module, *, rounded: bool = False) -> nn.Module:
    """Take the rounding out again, in place; the weights stay as trained, or as `rounded` to the grid."""
    for module in model.modules():
        if isinstance(module, nn.Linear) and parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=rounded)
            if hasattr(module, "fake_quantise_hook"):
                module.fake_quantise_hook.remove()
                del module.fake_quantise_hook
    return model


def _round_input(module: Any, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (fake_activations(inputs[0]), *inputs[1:])
