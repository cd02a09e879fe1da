"""A trained network for decisions that know more than it does: new actions, arguments and values. Needs torch."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

import torch
from torch import nn

from shopbot.engines.learned.encoding import Vocabulary
from shopbot.optimize.traces.network import Network

Name = TypeVar("Name", bound=Hashable)


def widen(network: Network, known: Vocabulary, wanted: Vocabulary) -> Vocabulary:
    """Give `network`, in place, outputs for what `wanted` has besides what it `known`; those it has stay as they are.

    Returns:
        What its outputs stand for now: first what it knew, in the same order.
    """
    both = Vocabulary(
        _joined(known.labels, wanted.labels),
        _joined(known.arguments, wanted.arguments),
        _joined(known.values, wanted.values),
    )
    network.actions = _with_more(network.actions, len(both.labels) - len(known.labels))
    network.values = _with_more(network.values, len(both.values) - max(len(known.values), 1))
    # Each argument has two outputs, its start and its end.
    network.spans = _with_more(network.spans, 2 * (len(both.arguments) - max(len(known.arguments), 1)))
    return both


def _joined(known: Sequence[Name], wanted: Sequence[Name]) -> tuple[Name, ...]:
    return tuple(dict.fromkeys((*known, *wanted)))


def _with_more(head: nn.Linear, more: int) -> nn.Linear:
    if more <= 0:
        return head
    wider = nn.Linear(head.in_features, head.out_features + more)
    with torch.no_grad():
        wider.weight[: head.out_features] = head.weight
        wider.bias[: head.out_features] = head.bias
    return wider
