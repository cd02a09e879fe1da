"""Structured pruning: whole heads, feed-forward neurons and layers go, and the matrices really get smaller.

Importance of each comes from `importance`, by magnitude or by gradient. A model cut here is loaded again by
`reshape.fit_to_state`, which reads the new shapes from its weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from shopbot.optimize.compression.anatomy import Layer, config_of, layers_of, replace_module
from shopbot.optimize.compression.factorise import LowRankLinear
from shopbot.optimize.compression.students import keep_layers


def choose_units(importance: Sequence[Tensor], share: float, *, even: bool = False, least: int = 1) -> list[list[int]]:
    """Which heads or neurons stay in each layer, by number.

    Args:
        importance: one tensor a layer, one value a unit; higher is more important.
        share: the share of all units that goes, exactly round(share x count).
        even: the same number in each layer, which decoders in GGUF and quick kernels want; else the least important
            of all layers go.
        least: how many each layer keeps in any case.
    """
    if not 0 <= share < 1:
        raise ValueError(f"the share to remove is {share}: it is at least 0 and below 1")
    if even:
        return [_top(units, max(len(units) - round(share * len(units)), least)) for units in importance]
    # The best of each layer stay whatever the others are, so they are out of the contest.
    safe = [set(_top(units, min(least, len(units)))) for units in importance]
    order = sorted(
        (float(value), layer, unit)
        for layer, units in enumerate(importance)
        for unit, value in enumerate(units.tolist())
        if unit not in safe[layer]
    )
    removed = {(layer, unit) for _, layer, unit in order[: round(share * sum(len(units) for units in importance))]}
    return [
        [unit for unit in range(len(units)) if (layer, unit) not in removed] for layer, units in enumerate(importance)
    ]


def prune_heads(model: nn.Module, kept: Sequence[Sequence[int]]) -> None:
    """Keep only these heads in each layer, in place. Where heads share keys and values, a unit is such a group."""
    layers = layers_of(model)
    for layer, units in zip(layers, kept, strict=True):
        _some_left(units, layer.groups, "heads")
        shared, own = _rows(units, layer.head_size), _rows(units, layer.head_size * layer.group)
        _take(layer, layer.query, rows=own)
        for path in (layer.key, layer.value):
            _take(layer, path, rows=shared)
        _take(layer, layer.out, columns=own)
        for name in ("num_attention_heads", "n_heads", "num_heads"):
            if hasattr(layer.attention, name):
                setattr(layer.attention, name, layer.heads)
        if hasattr(layer.attention, "all_head_size"):
            layer.attention.all_head_size = layer.heads * layer.head_size
    _note_even(model, layers)


def prune_neurons(model: nn.Module, kept: Sequence[Sequence[int]]) -> None:
    """Keep only these feed-forward neurons in each layer, in place."""
    layers = layers_of(model)
    for layer, units in zip(layers, kept, strict=True):
        _some_left(units, layer.neurons, "neurons")
        index = torch.tensor(list(units))
        for path in layer.rising:
            _take(layer, path, rows=index)
        _take(layer, layer.falling, columns=index)
    _note_even(model, layers)


def prune_layers(model: nn.Module, importance: Sequence[float], count: int) -> list[int]:
    """Remove the `count` least important layers, in place; returns the numbers of those kept."""
    order = sorted(range(len(importance)), key=lambda layer: importance[layer])
    kept = sorted(order[count:])
    keep_layers(model, kept)
    return kept


def take_rows_and_columns(linear: Any, rows: Tensor | None, columns: Tensor | None) -> Any:
    """The linear layer with some of its outputs and inputs; a factorised one stays factorised."""
    if isinstance(linear, LowRankLinear):
        small = LowRankLinear(linear.in_features, linear.out_features, linear.rank, bias=linear.second.bias is not None)
        small.first = take_rows_and_columns(linear.first, None, columns)
        small.second = take_rows_and_columns(linear.second, rows, None)
        small.in_features, small.out_features = small.first.in_features, small.second.out_features
        return small
    weight, bias = linear.weight.detach(), linear.bias
    if rows is not None:
        weight = weight[rows.to(weight.device)]
        bias = bias if bias is None else bias.detach()[rows.to(weight.device)]
    if columns is not None:
        weight = weight[:, columns.to(weight.device)]
    taken = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    taken.weight = nn.Parameter(weight.clone())
    if bias is not None:
        taken.bias = nn.Parameter(bias.detach().clone())
    return taken


def _take(layer: Layer, path: str, rows: Tensor | None = None, columns: Tensor | None = None) -> None:
    replace_module(layer.block, path, take_rows_and_columns(layer.part(path), rows, columns))


def _rows(units: Sequence[int], size: int) -> Tensor:
    starts = torch.tensor(list(units), dtype=torch.long) * size
    return (starts[:, None] + torch.arange(size)).flatten()


def _top(units: Tensor, count: int) -> list[int]:
    return sorted(units.argsort(descending=True, stable=True)[:count].tolist())


def _some_left(units: Sequence[int], there: int, what: str) -> None:
    if not units or max(units) >= there or len(set(units)) != len(units):
        raise ValueError(
            f"{what} {list(units)} were to be kept; a layer has {there}, counted from 0, and keeps one or more"
        )


def _note_even(model: nn.Module, layers: list[Layer]) -> None:
    """Where all layers still agree, the configuration can say so, and a plain Hugging Face model loads the weights."""
    configuration = config_of(model)
    if configuration is None or len({(layer.heads, layer.neurons) for layer in layers}) != 1:
        return
    first = layers[0]
    if hasattr(configuration, "head_dim"):
        configuration.head_dim = first.head_size
        configuration.num_attention_heads, configuration.num_key_value_heads = first.heads, first.groups
    if hasattr(configuration, "intermediate_size"):
        configuration.intermediate_size = first.neurons
