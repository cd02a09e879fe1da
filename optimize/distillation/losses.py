"""The losses of knowledge distillation, in torch: the distance between a student and its teacher.

Response: Hinton, Vinyals & Dean 2015, "Distilling the Knowledge in a Neural Network".
Features: Romero et al. 2015 (hints), Jiao et al. 2020 (TinyBERT). Relations: Park et al. 2019 (RKD).
A teacher's output never receives a gradient here, whatever the caller forgot to freeze. Nothing here trains.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


def soft_loss(student: Tensor, teacher: Tensor, temperature: float = 1.0, mask: Tensor | None = None) -> Tensor:
    """KL(teacher || student) of the softened distributions, times T², mean over rows.

    The factor keeps the size of the gradient: at temperature T it would otherwise shrink as 1 / T².

    Args:
        student: logits, (..., classes).
        teacher: logits of the same shape.
        mask: which rows count, (...); all of them without it.
    """
    target = functional.softmax(teacher.detach() / temperature, dim=-1)
    guess = functional.log_softmax(student / temperature, dim=-1)
    # Where the teacher gives nothing, 0 x log 0 is 0; as floating-point numbers it would be nan, gradient included.
    impossible = target == 0
    gap = target.clamp_min(torch.finfo(target.dtype).tiny).log() - guess.masked_fill(impossible, 0.0)
    rows = (target * gap.masked_fill(impossible, 0.0)).sum(-1)
    return temperature**2 * _mean(rows, mask)


def multilabel_distillation_loss(
    student: Tensor, teacher: Tensor, labels: Tensor, *, temperature: float = 2.0, alpha: float = 0.5
) -> Tensor:
    """The same mix where every label is a yes or no of its own: Bernoulli KL and binary cross-entropy.

    Args:
        student: logits, (rows, labels).
        teacher: logits of the same shape.
        labels: the truth, 0 or 1, of the same shape.

    Returns:
        The sum over labels, mean over rows.
    """
    hard = functional.binary_cross_entropy_with_logits(student, labels.to(student.dtype), reduction="none")
    return alpha * bernoulli_kl(student, teacher, temperature) + (1 - alpha) * hard.sum(-1).mean()


def bernoulli_kl(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """Sum over labels of KL(Bernoulli(teacher) || Bernoulli(student)) at T, times T², mean over rows."""
    target = teacher.detach() / temperature
    guess = student / temperature
    yes = target.sigmoid()
    gap = yes * (functional.logsigmoid(target) - functional.logsigmoid(guess))
    gap = gap + (1 - yes) * (functional.logsigmoid(-target) - functional.logsigmoid(-guess))
    return temperature**2 * gap.sum(-1).mean()


def hidden_state_loss(
    student: Tensor, teacher: Tensor, projection: nn.Module | None = None, mask: Tensor | None = None
) -> Tensor:
    """Mean squared distance of hidden states.

    Args:
        student: (batch, length, width), or any shape that ends in the width.
        teacher: (batch, length, teacher's width).
        projection: learned map from the student's width to the teacher's, where they differ; trained along.
        mask: which positions count, (batch, length).
    """
    mapped = projection(student) if projection is not None else student
    return _mean((mapped - teacher.detach()).square().mean(-1), mask)


def attention_loss(student: Tensor, teacher: Tensor, mask: Tensor | None = None) -> Tensor:
    """KL between attention distributions averaged over heads, so that the head counts may differ.

    Args:
        student: probabilities, (batch, heads, length, length).
        teacher: probabilities, (batch, its heads, length, length).
        mask: which positions are real, (batch, length).
    """
    target, guess = teacher.detach().mean(1), student.mean(1)
    tiny = torch.finfo(guess.dtype).tiny
    rows = (target * (target.clamp_min(tiny).log() - guess.clamp_min(tiny).log())).sum(-1)
    return _mean(rows, mask)


def distance_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """RKD-D: Huber loss between the pairwise distances within a batch, each in units of their own mean.

    Args:
        student: one vector a row, (rows, width); at least two rows.
        teacher: (rows, any width).
    """
    return functional.smooth_l1_loss(_distances(student), _distances(teacher.detach()))


def angle_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """RKD-A: Huber loss between the cosines of all angles that three rows of a batch form."""
    return functional.smooth_l1_loss(_angles(student), _angles(teacher.detach()))


def peer_loss(peers: Sequence[Tensor], temperature: float = 1.0) -> Tensor:
    """What peers learn from each other alone: for each the mean KL from every other, summed; 0 for a single one.

    Args:
        peers: logits of every peer, each (rows, classes).
    """
    total = peers[0].sum() * 0
    for student in peers:
        others = [soft_loss(student, other, temperature) for other in peers if other is not student]
        total = total + torch.stack(others).mean() if others else total
    return total


def _distances(rows: Tensor) -> Tensor:
    upper = torch.triu_indices(len(rows), len(rows), offset=1)
    # The root of 0 has no gradient: two equal rows would make the whole batch nan.
    apart = (rows[upper[0]] - rows[upper[1]]).square().sum(-1).clamp_min(1e-12).sqrt()
    return apart / apart.mean().clamp_min(1e-12)


def _angles(rows: Tensor) -> Tensor:
    between = functional.normalize(rows.unsqueeze(0) - rows.unsqueeze(1), dim=-1, eps=1e-6)
    return torch.bmm(between, between.transpose(1, 2)).flatten()


def _mean(rows: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return rows.mean()
    weights = mask.to(rows.dtype)
    return (rows * weights).sum() / weights.sum().clamp_min(1.0)
