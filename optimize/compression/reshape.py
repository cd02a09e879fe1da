"""Give a freshly made model the shape that compressed weights have, so that they can be loaded.

Pruned matrices, factorised layers, removed layers and a trimmed token table all show in the weights' names and shapes;
no list of what was done has to be kept beside them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from shopbot.optimize.compression.anatomy import layers_of, replace_module, stack_of
from shopbot.optimize.compression.factorise import LowRankEmbedding, LowRankLinear
from shopbot.optimize.compression.students import keep_layers


def fit_to_state(model: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """Reshape `model` in place to `state` and load it.

    Args:
        model: made at full size.
        state: what `state_dict()` of a compressed model of the same kind gave.

    Returns:
        The model, loaded.

    Raises:
        RuntimeError: from torch, naming what still does not fit.
    """
    _fit_layers(model, state)
    for path, module in list(model.named_modules()):
        new = _fitting(module, path, state)
        if new is not None:
            replace_module(model, path, new)
    _fit_heads(model)
    model.load_state_dict(dict(state))
    return model


def _fit_layers(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    try:
        stack = stack_of(model)
    except ValueError:
        return
    path = next(name for name, module in model.named_modules() if module is stack)
    numbers = {int(found[1]) for name in state if (found := re.match(re.escape(path) + r"\.(\d+)\.", name))}
    if numbers and len(numbers) < len(stack):
        keep_layers(model, list(range(len(numbers))))


def _fitting(module: Any, path: str, state: Mapping[str, Tensor]) -> nn.Module | None:
    if not isinstance(module, nn.Linear | nn.Embedding):
        return None
    first, second, whole = (state.get(f"{path}.{name}") for name in ("first.weight", "second.weight", "weight"))
    if first is not None and second is not None:
        if isinstance(module, nn.Embedding):
            return LowRankEmbedding(first.shape[0], second.shape[0], first.shape[1], module.padding_idx)
        bias = f"{path}.second.bias" in state
        return LowRankLinear(first.shape[1], second.shape[0], first.shape[0], bias=bias)
    if whole is None or whole.shape == module.weight.shape:
        return None
    if isinstance(module, nn.Embedding):
        inside = module.padding_idx is not None and module.padding_idx < whole.shape[0]
        return nn.Embedding(*whole.shape, padding_idx=module.padding_idx if inside else None)
    return nn.Linear(whole.shape[1], whole.shape[0], bias=module.bias is not None)


def _fit_heads(model: nn.Module) -> None:
    try:
        layers = layers_of(model)
    except ValueError:
        return
    for layer in layers:
        for name in ("num_attention_heads", "n_heads", "num_heads"):
            if hasattr(layer.attention, name):
                setattr(layer.attention, name, layer.heads)
