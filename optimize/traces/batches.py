"""Encoded decisions -> padded tensors, in batches of similar length. Needs torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from shopbot.engines.learned.encoding import UNKNOWN, Encoded
from shopbot.optimize.training import batch_order

_LONG = torch.long


@dataclass(frozen=True)
class Batch:
    """Tensors of B decisions of at most T tokens.

    Attributes:
        ids, mask, types: (B, T).
        labels: (B,); `UNKNOWN` where training knows no such action.
        allowed: (B, labels), True where the action may be chosen.
        spans: (pointed, 4): row, index of the argument, first token, last token.
        values: (chosen, 2): row, index of the value.
        soft: (B, labels), a teacher's logits; None without a teacher.
    """

    ids: Tensor
    mask: Tensor
    types: Tensor
    labels: Tensor
    allowed: Tensor
    spans: Tensor
    values: Tensor
    soft: Tensor | None = None

    def to(self, device: str) -> Batch:
        """The batch on a device."""
        return Batch(**{name: None if each is None else each.to(device) for name, each in vars(self).items()})


def batches(
    encoded: Sequence[Encoded], labels: int, size: int, seed: int, soft: Tensor | None = None
) -> Iterator[Batch]:
    """All decisions, shuffled; `soft` holds a teacher's logits in the order of `encoded`."""
    for group in batch_order([len(row.ids) for row in encoded], size, seed):
        yield collate([encoded[index] for index in group], labels, None if soft is None else soft[group])


def in_order(encoded: Sequence[Encoded], labels: int, size: int) -> Iterator[Batch]:
    """All decisions in their own order."""
    for start in range(0, len(encoded), size):
        yield collate(encoded[start : start + size], labels)


def collate(rows: Sequence[Encoded], labels: int, soft: Tensor | None = None) -> Batch:
    """One batch, padded to its longest row."""
    ids, mask, types = (torch.zeros(len(rows), max(len(row.ids) for row in rows), dtype=_LONG) for _ in range(3))
    allowed = torch.ones(len(rows), labels, dtype=torch.bool)
    for number, row in enumerate(rows):
        length = len(row.ids)
        ids[number, :length] = torch.tensor(row.ids)
        mask[number, :length] = 1
        types[number, :length] = torch.tensor(row.types)
        if row.allowed:
            allowed[number] = False
            allowed[number, list(row.allowed)] = True
    spans = [(number, *span) for number, row in enumerate(rows) for span in row.spans if span[0] != UNKNOWN]
    values = [(number, value) for number, row in enumerate(rows) for value in row.values]
    return Batch(
        ids,
        mask,
        types,
        torch.tensor([row.label for row in rows]),
        allowed,
        torch.tensor(spans, dtype=_LONG).reshape(-1, 4),
        torch.tensor(values, dtype=_LONG).reshape(-1, 2),
        soft,
    )
