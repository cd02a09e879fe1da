"""Quantisation-aware training: the forward pass rounds weights and activations, gradients pass straight through.

The network learns to live with the rounding of `quantise.dynamic_int8` (Jacob et al. 2018; the straight-through
estimator is Bengio, Léonard & Courville 2013). Rounding and its gradient are torch's own `fake_quantize_*`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize


class FakeQuantisedWeights(nn.Module):  # type: ignore[misc, unused-ignore]
    """Symmetric integers with one scale per output channel, as `quantise.dynamic_int8` stores them."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.top = 2 ** (bits - 1) - 1

    def forward(self, weight: Tensor) -> Tensor:
        """(out, in) to the same, rounded."""
        scale = weight.detach().abs().amax(dim=1).clamp_min(1e-12) / self.top
        zero = torch.zeros_like(scale, dtype=torch.int32)
        return torch.fake_quantize_per_channel_affine(weight, scale, zero, 0, -self.top, self.top)


def fake_quantised_inputs(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """A forward hook: unsigned 8 bits over the range of this batch, 0 included, as onnxruntime does it."""
    values = inputs[0]
    low, high = values.detach().amin().clamp_max(0.0), values.detach().amax().clamp_min(0.0)
    scale = ((high - low).float() / 255).clamp_min(1e-12)
    zero = torch.round(-low / scale).to(torch.int32)
    return (torch.fake_quantize_per_tensor_affine(values.float(), scale, zero, 0, 255).to(values), *inputs[1:])


def with_fake_quantisation(model: nn.Module, bits: int = 8) -> nn.Module:
    """Make every linear layer of `model` compute with weights of so many bits and inputs of 8, in place."""
    for module in [each for each in model.modules() if isinstance(each, nn.Linear)]:
        parametrize.register_parametrization(module, "weight", FakeQuantisedWeights(bits))
        hook: Any = module.register_forward_pre_hook(fake_quantised_inputs)
        module.fake_quantise_hook = hook
    return model


def remove_fake_quantisation(model: nn.Module) -> nn.Module:
    """Take the rounding out again, in place; the weights stay as trained."""
    for module in [each for each in model.modules() if parametrize.is_parametrized(each)]:
        parametrize.remove_parametrizations(module, "weight", leave_parametrized=False)
        hook: Any = module.fake_quantise_hook
        hook.remove()
        del module.fake_quantise_hook
    return model
