"""Unstructured pruning: the smallest weights become zero, at once or along a schedule while training goes on.

The matrices keep their shape: it compresses well in a file but runs no faster on plain hardware. `prune` makes them
really smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.prune import L1Unstructured

Masks = Mapping[str, Tensor]


def constant(step: int, total: int, target: float, start: float = 0.0) -> float:
    """Sparsity at `step` of `total`: the target from the beginning."""
    return target


def linear(step: int, total: int, target: float, start: float = 0.0) -> float:
    """Sparsity rises evenly from `start` to `target`."""
    return start + (target - start) * _done(step, total)


def cubic(step: int, total: int, target: float, start: float = 0.0) -> float:
    """Fast while weights are redundant, slow near the target: s_f + (s_i - s_f)(1 - t)³ (Zhu & Gupta 2017)."""
    return target + (start - target) * (1 - _done(step, total)) ** 3


SCHEDULES: dict[str, Callable[..., float]] = {"constant": constant, "linear": linear, "cubic": cubic}


def prunable(model: nn.Module) -> dict[str, Tensor]:
    """The weights that pruning may touch: linear layers. Biases, norms and the token table are few or needed."""
    modules: list[tuple[str, Any]] = list(model.named_modules())
    return {f"{path}.weight".lstrip("."): module.weight for path, module in modules if isinstance(module, nn.Linear)}


def magnitude_masks(weights: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Which weights of each tensor stay, of its shape: exactly round(share x count) of the smallest go.

    Args:
        weights: tensors by name.
        share: 0 to 1, the share that becomes zero.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"sparsity is {share}: it is a share between 0 (nothing removed) and 1 (everything)")
    method = L1Unstructured(amount=float(share))
    return {
        name: method.compute_mask(each.detach(), torch.ones_like(each, dtype=torch.bool))
        for name, each in weights.items()
    }


@torch.no_grad()  # type: ignore[untyped-decorator, unused-ignore]
def apply_masks(model: nn.Module, masks: Masks) -> None:
    """Zero what the masks remove, in place."""
    parameters = dict(model.named_parameters())
    for name, mask in masks.items():
        parameters[name].mul_(mask.to(parameters[name].dtype))


class GradualPruning:
    """Prunes along a schedule as training goes: give it to `training.fit` as `after_step`.

    Masks are found anew every `every` steps from the weights as they are; between, what was removed is held at zero.
    """

    def __init__(
        self,
        model: nn.Module,
        target: float,
        *,
        schedule: str = "cubic",
        until: float = 0.7,
        every: int = 20,
    ) -> None:
        if schedule not in SCHEDULES:
            raise ValueError(f"schedule is {schedule!r}; there are {', '.join(SCHEDULES)}")
        self._model, self._target, self._schedule = model, target, SCHEDULES[schedule]
        self._until, self._every = until, every
        self.masks: dict[str, Tensor] = {}

    def __call__(self, step: int, total: int) -> None:
        """Prune after `step` of `total`; the target is reached after the share `until` of them."""
        last = max(int(total * self._until), 1)
        # Also without masks yet: at the first step, and where a killed run goes on.
        if not self.masks or step == last or (step < last and step % self._every == 0):
            share = self._schedule(min(step, last), last, self._target)
            self.masks = magnitude_masks(prunable(self._model), share)
        apply_masks(self._model, self.masks)


def _done(step: int, total: int) -> float:
    return min(max(step / max(total, 1), 0.0), 1.0)
