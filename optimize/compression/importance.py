"""How much a head, a neuron or a layer matters: by the size of its weights, or by what the loss would feel.

By gradient: the first-order change of the loss if the unit were switched off, |sum of output x gradient|, mean over
examples (Michel, Levy & Neubig 2019, "Are Sixteen Heads Really Better than One?"; Molchanov et al. 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from shopbot.optimize.compression.anatomy import Layer, layers_of

Batch = TypeVar("Batch")


def heads_by_magnitude(model: nn.Module) -> list[Tensor]:
    """One value a head (or group of heads) in each layer: the norm of what it writes back, value x output."""
    return [_writes(layer.part(layer.out), layer.head_size * layer.group) for layer in layers_of(model)]


def neurons_by_magnitude(model: nn.Module) -> list[Tensor]:
    """One value a neuron in each layer: the norm of its input weights times that of its output weights."""
    scores = []
    for layer in layers_of(model):
        score = _writes(layer.part(layer.falling), 1)
        for path in layer.rising:
            score = score * weights_of(layer.part(path)).norm(dim=1)
        scores.append(score)
    return scores


def by_gradient(
    model: nn.Module, batches: Iterable[Batch], loss_of: Callable[[Batch], Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    """Importance of all heads and neurons over real data.

    Args:
        model: switched to evaluation for it, so that dropout does not blur the gradient.
        loss_of: the loss of a batch, a mean over its examples.

    Returns:
        Heads and neurons, one tensor a layer each, normalised so that every layer's have norm 1, as Michel et al. do:
        raw values differ between layers by orders of magnitude.
    """
    layers, was_training = layers_of(model), model.training
    heads = [_Watched(layer, layer.out, layer.head_size * layer.group) for layer in layers]
    neurons = [_Watched(layer, layer.falling, 1) for layer in layers]
    model.eval()
    for batch in batches:
        model.zero_grad(set_to_none=True)
        loss_of(batch).backward()
        for watched in (*heads, *neurons):
            watched.collect()
    for watched in (*heads, *neurons):
        watched.hook.remove()
    model.zero_grad(set_to_none=True)
    model.train(was_training)
    return [each.normalised() for each in heads], [each.normalised() for each in neurons]


@torch.no_grad()  # type: ignore[untyped-decorator, unused-ignore]
def layers_by_change(model: nn.Module, batches: Iterable[Batch], run: Callable[[Batch], Any]) -> list[float]:
    """Importance of each layer: 1 - cosine between what goes in and what comes out (Men et al. 2024, ShortGPT).

    A layer that hardly turns its input can go. `run` runs the model on a batch.
    """
    layers, totals = layers_of(model), [0.0] * len(layers_of(model))

    def watch(number: int) -> Callable[..., None]:
        def note(module: Any, inputs: Any, kwargs: Any, output: Any) -> None:
            before = inputs[0] if inputs else kwargs["hidden_states"]
            after = output[0] if isinstance(output, tuple) else output
            totals[number] += float(1 - nn.functional.cosine_similarity(before, after, dim=-1).mean())

        return note

    hooks = [layer.block.register_forward_hook(watch(number), with_kwargs=True) for number, layer in enumerate(layers)]
    for batch in batches:
        run(batch)
    for hook in hooks:
        hook.remove()
    return totals


@torch.no_grad()  # type: ignore[untyped-decorator, unused-ignore]
def input_moments(model: nn.Module, batches: Iterable[Batch], run: Callable[[Batch], Any]) -> dict[str, Tensor]:
    """Second moment (in, in) of what each linear layer reads, by path; `run` runs the model on a batch."""
    sums: dict[str, Tensor] = {}
    counts: dict[str, int] = {}

    def watch(path: str) -> Callable[..., None]:
        def note(module: Any, inputs: tuple[Tensor, ...]) -> None:
            rows = inputs[0].flatten(0, -2).double()
            sums[path] = sums.get(path, torch.zeros(())) + rows.T @ rows
            counts[path] = counts.get(path, 0) + len(rows)

        return note

    linears = [(path, module) for path, module in model.named_modules() if isinstance(module, nn.Linear)]
    hooks = [module.register_forward_pre_hook(watch(path)) for path, module in linears]
    for batch in batches:
        run(batch)
    for hook in hooks:
        hook.remove()
    return {path: total / counts[path] for path, total in sums.items()}


def weights_of(linear: Any) -> Tensor:
    """The matrix (out, in) that a linear layer applies; a factorised one's is multiplied out."""
    if isinstance(linear, nn.Linear):
        return linear.weight.detach()
    return (linear.second.weight @ linear.first.weight).detach()


class _Watched:
    """The input of one matrix, whose columns are the units, and its gradient."""

    def __init__(self, layer: Layer, path: str, size: int) -> None:
        module = layer.part(path)
        self._size, self._input = size, torch.empty(0)
        self._total = torch.zeros(module.in_features // size, dtype=torch.float64)
        self.hook = module.register_forward_pre_hook(self._note)

    def _note(self, module: Any, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        # A fresh leaf where nothing before it is trained: the gradient is wanted all the same.
        self._input = inputs[0] if inputs[0].requires_grad else inputs[0].detach().requires_grad_()
        self._input.retain_grad()
        return (self._input, *inputs[1:])

    def collect(self) -> None:
        if self._input.grad is None:
            raise ValueError("the loss does not depend on every layer: its gradient is missing")
        felt = (self._input * self._input.grad).detach().double()
        # (batch, length, units x size): summed over positions and the unit's own entries, before the sign is dropped.
        an_example = felt.reshape(felt.shape[0], -1, felt.shape[-1]).sum(1)
        self._total += an_example.unflatten(-1, (-1, self._size)).sum(-1).abs().sum(0).cpu()

    def normalised(self) -> Tensor:
        return self._total / self._total.norm().clamp_min(1e-30)


def _writes(linear: Any, size: int) -> Tensor:
    weight = weights_of(linear)
    return weight.unflatten(1, (-1, size)).square().sum((0, 2)).sqrt()
