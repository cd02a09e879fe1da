"""Feature- and relation-based distillation of learned engines: the student imitates more than the teacher's answers.

Hidden states layer by layer (evenly spaced, Jiao et al. 2020, TinyBERT), and the distances and angles between the
decisions of a batch (Park et al. 2019). Teacher and student must cut text into the same tokens.
"""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from optimize.compression.students import evenly_spaced, projection
from optimize.distillation.distil import freeze
from optimize.distillation.losses import angle_loss, distance_loss, hidden_state_loss
from optimize.traces.batches import Batch
from optimize.traces.folder import TOKENIZER, need
from optimize.traces.network import Network
from optimize.traces.saving import load_network


class FeatureLoss(nn.Module):  # type: ignore[misc, unused-ignore]
    """What a student of `student`'s width and depth is told about its teacher's inside.

    Args:
        hidden: weight of the hidden states' mean squared distance.
        relations: weight of distances and angles between the rows' [CLS] vectors (angles count twice, as in RKD).
    """

    def __init__(self, teacher: Network, student: Network, hidden: float, relations: float) -> None:
        super().__init__()
        # Kept out of this module's own parameters: it is no part of what is trained and saved.
        self._teacher = [freeze(teacher)]
        self.hidden, self.relations = hidden, relations
        widths = [each.encoder.config.hidden_size for each in (student, teacher)]
        layers = [each.encoder.config.num_hidden_layers for each in (student, teacher)]
        self.projection = projection(widths[0], widths[1])
        # The embeddings are state 0; the student's last layer imitates the teacher's last.
        self.matched = [0, *(1 + place for place in evenly_spaced(layers[1], layers[0]))]
        if layers[0] == 1:
            self.matched[1] = layers[1]

    def forward(self, student: Network, batch: Batch) -> Tensor:
        """One number for a batch; only the student and the projection get a gradient."""
        teacher = self._teacher[0].to(batch.ids.device)
        with torch.no_grad():
            theirs = teacher(batch.ids, batch.mask, batch.types, hidden=True).hidden
        ours = student(batch.ids, batch.mask, batch.types, hidden=True).hidden
        total = ours[-1].sum() * 0.0
        if self.hidden:
            pairs = [(own, theirs[place]) for own, place in zip(ours, self.matched, strict=True)]
            each = [hidden_state_loss(own.float(), their.float(), self.projection, batch.mask) for own, their in pairs]
            total = total + self.hidden * torch.stack(each).mean()
        if self.relations and len(batch.ids) > 2:
            own, their = ours[-1][:, 0].float(), theirs[-1][:, 0].float()
            total = total + self.relations * (distance_loss(own, their) + 2 * angle_loss(own, their))
        return total


def feature_loss(teacher: Path, student: Network, tokenizer: Tokenizer, hidden: float, relations: float) -> FeatureLoss:
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
    return FeatureLoss(load_network(teacher), student, hidden, relations)
