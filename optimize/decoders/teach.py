"""Distillation of a language model: at every position, the teacher's distribution of the next token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from shopbot.optimize.distillation.distil import average_teachers, freeze
from shopbot.optimize.distillation.losses import distillation_loss
from shopbot.optimize.training import Progress, Schedule, fit

IGNORED = -100


def next_token_loss(
    student: Tensor, teachers: Sequence[Tensor], ids: Tensor, *, temperature: float = 2.0, alpha: float = 0.5
) -> Tensor:
    """The distillation loss over all positions that have a next token.

    Args:
        student: logits, (batch, length, tokens).
        teachers: logits of each teacher, of the same shape; none for plain training.
        ids: (batch, length); `IGNORED` where there is padding, which teaches nothing.
    """
    labels = ids[:, 1:].reshape(-1)
    real = labels != IGNORED
    guess = student[:, :-1].flatten(0, 1)[real]
    if not teachers:
        return nn.functional.cross_entropy(guess, labels[real])
    taught = [each[:, :-1].flatten(0, 1)[real] for each in teachers]
    mean = average_teachers(taught, temperature)
    return distillation_loss(guess, mean, labels[real], temperature=temperature, alpha=alpha)


def distil_decoder(
    student: Any,
    teachers: Sequence[Any],
    rows: Tensor,
    schedule: Schedule,
    *,
    batch: int = 16,
    temperature: float = 2.0,
    alpha: float = 0.5,
    folder: Path | None = None,
    on_step: Callable[[Progress], None] = lambda progress: None,
) -> Any:
    """Train `student`, a causal language model, in place; with no teacher, on the texts alone.

    Args:
        rows: token ids, (texts, length); `IGNORED` for padding at the end.
        folder: where the checkpoint of an interrupted run is kept.
    """
    frozen = [freeze(teacher) for teacher in teachers]

    def loss_of(ids: Tensor) -> Tensor:
        read = ids.clamp_min(0)
        with torch.no_grad():
            taught = [teacher(input_ids=read).logits for teacher in frozen]
        return next_token_loss(student(input_ids=read).logits, taught, ids, temperature=temperature, alpha=alpha)

    def batches_of(epoch: int) -> Iterator[Tensor]:
        order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(schedule.seed * 1000 + epoch))
        return (rows[order[start : start + batch]] for start in range(0, len(rows), batch))

    fit(student, loss_of, batches_of, -(-len(rows) // batch), schedule, folder=folder, on_step=on_step)
    return student.eval()
