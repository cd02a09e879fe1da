"""Smaller students cut from a teacher: some of its layers. Any other Hugging Face model will do as well."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from torch import nn

from shopbot.optimize.compression.anatomy import config_of, layers_of, stack_of

Model = TypeVar("Model", bound=Any)


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


def projection(student_width: int, teacher_width: int) -> nn.Module | None:
    """The learned map that lets a narrow student imitate wide hidden states; none where widths agree."""
    return None if student_width == teacher_width else nn.Linear(student_width, teacher_width, bias=False)
