"""What the network is trained for: the loss of a batch. Needs torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from shopbot.engines.learned.encoding import UNKNOWN, Vocabulary
from shopbot.optimize.distillation.losses import peer_loss, soft_loss
from shopbot.optimize.traces.batches import Batch
from shopbot.optimize.traces.network import MATCH_WIDTH, Network, Outputs

FORBIDDEN = -1e4
"""Logit of an action that may not be chosen: far below any other, and finite in half precision."""


@dataclass(frozen=True)
class Objective:
    """Weights of the parts.

    Attributes:
        smoothing: share of the label that goes evenly to all allowed actions (Szegedy et al. 2016).
        temperature: at which teacher and student are compared (Hinton, Vinyals and Dean 2015).
        alpha: share of the teacher in the loss of the action; without a teacher it is not used.
        arguments: weight of pointing at and choosing arguments.
        match: weight of matching contexts with descriptions of actions.
    """

    smoothing: float = 0.05
    temperature: float = 2.0
    alpha: float = 0.7
    arguments: float = 0.5
    match: float = 0.3

    def loss(self, network: Network, batch: Batch, vocabulary: Vocabulary, descriptions: Batch | None = None) -> Tensor:
        """One number for a batch; `descriptions` are those of all labels, in their order."""
        return self.of(network(batch.ids, batch.mask, batch.types), network, batch, vocabulary, descriptions)

    def of(
        self, outputs: Outputs, network: Network, batch: Batch, vocabulary: Vocabulary, descriptions: Batch | None
    ) -> Tensor:
        """The same for what the network has said of the batch already."""
        total = self.action_loss(outputs.actions.float(), batch)
        if self.arguments and len(batch.spans):
            total = total + self.arguments * span_loss(outputs, batch)
        if self.arguments and len(batch.values):
            total = total + self.arguments * value_loss(outputs.values.float(), batch, vocabulary)
        if descriptions is not None:
            offers = network(descriptions.ids, descriptions.mask, descriptions.types).offers.float()
            scores = outputs.seeks.float() @ offers.T / MATCH_WIDTH**0.5
            total = total + self.match * _cross_entropy(scores.masked_fill(~batch.allowed, FORBIDDEN), batch.labels)
        return total

    def among_peers(self, outputs: Sequence[Outputs], batch: Batch) -> Tensor:
        """What networks that learn side by side are told about each other's choice of actions; 0 for one alone."""
        return peer_loss(
            [each.actions.float().masked_fill(~batch.allowed, FORBIDDEN) for each in outputs], self.temperature
        )

    def action_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy over the allowed actions with smoothed labels, mixed with the teacher's if there is one."""
        masked = logits.masked_fill(~batch.allowed, FORBIDDEN)
        hard = _smoothed(masked, batch.labels, batch.allowed, self.smoothing)
        if batch.soft is None:
            return hard
        teacher = batch.soft.float().masked_fill(~batch.allowed, FORBIDDEN)
        return self.alpha * soft_loss(masked, teacher, self.temperature) + (1 - self.alpha) * hard


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
