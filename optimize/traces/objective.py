"""What the network is trained for: the loss of a batch. Needs torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from shopbot.engines.learned.encoding import UNKNOWN, Vocabulary
from shopbot.optimize.config import Objective
from shopbot.optimize.distillation.losses import peer_loss, soft_loss
from shopbot.optimize.traces.batches import Batch
from shopbot.optimize.traces.network import MATCH_WIDTH, Network, Outputs

FORBIDDEN = -1e4
"""Logit of an action that may not be chosen: far below any other, and finite in half precision."""


def loss_of_outputs(
    objective: Objective,
    outputs: Outputs,
    network: Network,
    batch: Batch,
    vocabulary: Vocabulary,
    descriptions: Batch | None = None,
) -> Tensor:
    """One number for what `network` said of a batch; `descriptions` are those of all labels, in their order."""
    total = action_loss(objective, outputs.actions.float(), batch)
    if objective.arguments and len(batch.spans):
        total = total + objective.arguments * span_loss(outputs, batch)
    if objective.arguments and len(batch.values):
        total = total + objective.arguments * value_loss(outputs.values.float(), batch, vocabulary)
    if descriptions is not None:
        offers = network(descriptions.ids, descriptions.mask, descriptions.types).offers.float()
        scores = outputs.seeks.float() @ offers.T / MATCH_WIDTH**0.5
        total = total + objective.match * _cross_entropy(scores.masked_fill(~batch.allowed, FORBIDDEN), batch.labels)
    return total


def action_loss(objective: Objective, logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy over the allowed actions with smoothed labels, mixed with the teacher's if there is one."""
    masked = logits.masked_fill(~batch.allowed, FORBIDDEN)
    hard = _smoothed(masked, batch.labels, batch.allowed, objective.smoothing)
    if batch.soft is None:
        return hard
    teacher = batch.soft.float().masked_fill(~batch.allowed, FORBIDDEN)
    return objective.alpha * soft_loss(masked, teacher, objective.temperature) + (1 - objective.alpha) * hard


def loss_among_peers(outputs: Sequence[Outputs], batch: Batch, temperature: float) -> Tensor:
    """What networks that learn side by side are told about each other's choice of actions; 0 for one alone."""
    return peer_loss([each.actions.float().masked_fill(~batch.allowed, FORBIDDEN) for each in outputs], temperature)


def span_loss(outputs: Outputs, batch: Batch) -> Tensor:
    """Mean cross-entropy of first and last tokens over the arguments that are pointed at."""
    row, argument, first, last = batch.spans.unbind(1)
    logits = outputs.spans.float().masked_fill(batch.mask.unsqueeze(-1) == 0, FORBIDDEN)
    firsts, lasts = logits[row, :, 2 * argument], logits[row, :, 2 * argument + 1]
    return (functional.cross_entropy(firsts, first) + functional.cross_entropy(lasts, last)) / 2


def value_loss(logits: Tensor, batch: Batch, vocabulary: Vocabulary) -> Tensor:
    """Mean cross-entropy of each chosen value among the values of the same argument."""
    owner = torch.tensor(vocabulary.owners, device=logits.device)
    row, value = batch.values.unbind(1)
    another = owner[value].unsqueeze(1) != owner.unsqueeze(0)
    return functional.cross_entropy(logits[row].masked_fill(another, FORBIDDEN), value)


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    known = labels != UNKNOWN
    return functional.cross_entropy(logits[known], labels[known]) if bool(known.any()) else logits.sum() * 0


def _smoothed(logits: Tensor, labels: Tensor, allowed: Tensor, smoothing: float) -> Tensor:
    known = labels != UNKNOWN
    if not bool(known.any()):
        return logits.sum() * 0
    surprise = -functional.log_softmax(logits[known], dim=-1)
    hit = surprise.gather(1, labels[known].unsqueeze(1)).squeeze(1)
    even = (surprise * allowed[known]).sum(1) / allowed[known].sum(1)
    return ((1 - smoothing) * hit + smoothing * even).mean()
