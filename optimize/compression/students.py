"""Smaller students cut from a teacher: fewer layers, or narrower ones. Any other Hugging Face model will do as well."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from shopbot.optimize.compression.anatomy import config_of, layers_of, stack_of

Model = TypeVar("Model", bound=Any)
_WIDTHS = ("hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads", "dim", "hidden_dim")


def evenly_spaced(layers: int, keep: int) -> list[int]:
    """Which `keep` of `layers` layers a student starts from: the first, the last, and evenly between.

    The last is always kept, the heads having learned to read it; one layer alone is the first, which reads embeddings.
    """
    if not 1 <= keep <= layers:
        raise ValueError(f"a student of {keep} layers cannot be cut from {layers}; ask for 1 to {layers}")
    if keep == 1:
        return [0]
    return [round(position * (layers - 1) / (keep - 1)) for position in range(keep)]


def student_by_layers(teacher: Model, keep: int | list[int]) -> Model:
    """A copy of `teacher` with some of its layers (Sanh et al. 2019): a number of them evenly spaced, or these."""
    chosen = evenly_spaced(len(stack_of(teacher)), keep) if isinstance(keep, int) else sorted(keep)
    student = copy.deepcopy(teacher)
    keep_layers(student, chosen)
    for parameter in student.parameters():
        parameter.requires_grad_(True)
    return student


def keep_layers(model: nn.Module, chosen: list[int]) -> None:
    """Remove all layers but `chosen` from a model, in place; its configuration follows."""
    stack = stack_of(model)
    if not chosen or max(chosen) >= len(stack) or min(chosen) < 0:
        raise ValueError(f"layers {chosen} were asked for; there are {len(stack)}, counted from 0")
    kept = [stack[index] for index in chosen]
    del stack[:]
    stack.extend(kept)
    # A decoder's cache is indexed by the layer's own number.
    for index, layer in enumerate(layers_of(model)):
        if hasattr(layer.attention, "layer_idx"):
            layer.attention.layer_idx = index
    configuration = config_of(model)
    if configuration is not None:
        name = "n_layers" if hasattr(configuration, "n_layers") else "num_hidden_layers"
        setattr(configuration, name, len(kept))


def student_by_width(teacher: Model, share: float) -> Model:
    """A student whose layers are `share` as wide, started from evenly spaced rows and columns of the teacher's.

    Weight selection (Xu et al. 2024, "Initializing Models with Larger Ones"). Heads keep their size and get fewer.

    Args:
        teacher: a Hugging Face model, which its class can make from a configuration alone.
        share: 0 to 1; heads times `share` is rounded, and widths follow.
    """
    configuration = copy.deepcopy(config_of(teacher))
    if configuration is None or not 0 < share <= 1:
        raise ValueError(
            f"a student of width {share} cannot be made of {type(teacher).__name__}: wanted 0 < share <= 1"
        )
    heads = max(round(configuration.num_attention_heads * share), 1)
    exact = heads / configuration.num_attention_heads
    for name in _WIDTHS:
        if getattr(configuration, name, None):
            setattr(configuration, name, max(round(getattr(configuration, name) * exact), 1))
    if getattr(configuration, "num_key_value_heads", None) and heads % configuration.num_key_value_heads:
        configuration.num_key_value_heads = heads
    student: Model = type(teacher)(configuration)
    source = teacher.state_dict()
    # What the teacher was made without (a pooler, say), its student goes without too.
    for name, _ in list(student.named_children()):
        if getattr(teacher, name) is None:
            setattr(student, name, None)
    student.load_state_dict(
        {name: select_evenly(source[name], old.shape) for name, old in student.state_dict().items()}
    )
    return student


def select_evenly(weights: Tensor, shape: torch.Size) -> Tensor:
    """Evenly spaced entries of `weights` along every axis, so that `shape` comes out."""
    for axis, size in enumerate(shape):
        index = torch.linspace(0, weights.shape[axis] - 1, size).round().long()
        weights = weights.index_select(axis, index.to(weights.device))
    return weights.clone()


def projection(student_width: int, teacher_width: int) -> nn.Module | None:
    """The learned map that lets a narrow student imitate wide hidden states; none where widths agree."""
    return None if student_width == teacher_width else nn.Linear(student_width, teacher_width, bias=False)
