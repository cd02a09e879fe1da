"""Feature- and relation-based distillation of learned engines: the student imitates more than the teacher's answers.

Hidden states and attention maps layer by layer (evenly spaced, Jiao et al. 2020, TinyBERT), and the distances and
angles between the decisions of a batch (Park et al. 2019). Teacher and student must cut text into the same tokens.
"""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from shopbot.engines.learned.folder import TOKENIZER, need
from shopbot.optimize.compression.students import evenly_spaced, projection
from shopbot.optimize.config import Imitation
from shopbot.optimize.distillation.distil import freeze
from shopbot.optimize.distillation.losses import angle_loss, attention_loss, distance_loss, hidden_state_loss
from shopbot.optimize.traces.batches import Batch
from shopbot.optimize.traces.network import Network, Outputs
from shopbot.optimize.traces.saving import load_network


class FeatureLoss(nn.Module):  # type: ignore[misc, unused-ignore]
    """The distance between a teacher's inside and that of a student of `student`'s width and depth.

    Args:
        weights: which of them, and how much each counts.
    """

    def __init__(self, teacher: Network, student: Network, weights: Imitation) -> None:
        super().__init__()
        # Kept out of this module's own parameters: it is no part of what is trained and saved.
        self._teacher = [freeze(teacher)]
        self.weights = weights
        widths = [each.encoder.config.hidden_size for each in (student, teacher)]
        layers = [each.encoder.config.num_hidden_layers for each in (student, teacher)]
        self.projection = projection(widths[0], widths[1])
        # The embeddings are state 0; the student's last layer imitates the teacher's last.
        self.matched = [0, *(1 + place for place in evenly_spaced(layers[1], layers[0]))]
        if layers[0] == 1:
            self.matched[1] = layers[1]

    def forward(self, ours: Outputs, batch: Batch) -> Tensor:
        """One number for what the student said of a batch with `inside=True`; only it and the projection learn."""
        teacher = self._teacher[0].to(batch.ids.device)
        with torch.no_grad():
            theirs = teacher(batch.ids, batch.mask, batch.types, inside=True)
        total = ours.hidden[-1].sum() * 0.0
        if self.weights.hidden:
            pairs = zip(ours.hidden, (theirs.hidden[place] for place in self.matched), strict=True)
            each = [hidden_state_loss(own.float(), their.float(), self.projection, batch.mask) for own, their in pairs]
            total = total + self.weights.hidden * torch.stack(each).mean()
        if self.weights.attention:
            # A layer's map belongs to the state after it: state 0 is the embeddings', which have none.
            maps = zip(ours.attentions, (theirs.attentions[place - 1] for place in self.matched[1:]), strict=True)
            each = [attention_loss(own.float(), their.float(), batch.mask) for own, their in maps]
            total = total + self.weights.attention * torch.stack(each).mean()
        if self.weights.relations and len(batch.ids) > 2:
            own, their = ours.hidden[-1][:, 0].float(), theirs.hidden[-1][:, 0].float()
            total = total + self.weights.relations * (distance_loss(own, their) + 2 * angle_loss(own, their))
        return total


def feature_loss(teacher: Path, student: Network, tokenizer: Tokenizer, weights: Imitation) -> FeatureLoss:
    """The loss for a student of the engine in `teacher`.

    Args:
        tokenizer: the student's.

    Raises:
        ValueError: their vocabularies differ, so that their positions are not the same words.
    """
    if Tokenizer.from_file(str(need(teacher, TOKENIZER))).get_vocab() != tokenizer.get_vocab():
        raise ValueError(
            f"{teacher} cuts text into other tokens than the student: imitate features before trimming the vocabulary"
        )
    return FeatureLoss(load_network(teacher), student, weights)
