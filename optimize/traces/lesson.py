"""What a network is taught of recorded decisions, and its training on that. Needs torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from shopbot.engines.learned.encoding import Encoded, Encoder
from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.traces.batches import Batch, batches
from shopbot.optimize.traces.teachers import label_descriptions, taught
from shopbot.optimize.training import Progress, Schedule, fit


@dataclass(frozen=True)
class Lesson:
    """Decisions as a network sees them, with what teachers say of them.

    Attributes:
        encoded: the decisions.
        labels: how many actions there are.
        soft: the teachers' logits, (decisions, labels); None without any.
        descriptions: those of all labels; None if no action has one.
        device: where the training runs.
    """

    encoded: Sequence[Encoded]
    labels: int
    soft: Tensor | None
    descriptions: Batch | None
    device: str

    @classmethod
    def of(cls, traces: Sequence[Trace], encoder: Encoder, teachers: Sequence[Path], keep: Path | None) -> Lesson:
        """The lesson that decisions and teachers make; see `teachers.taught` for `keep`."""
        device = "cuda" if torch.cuda.is_available() else "cpu"
        soft = taught(teachers, traces, encoder, device, keep)
        descriptions = label_descriptions(traces, encoder, device)
        return cls(encoder.encode(traces), len(encoder.vocabulary.labels), soft, descriptions, device)

    def fit(
        self,
        model: nn.Module,
        loss_of: Callable[[Batch], Tensor],
        size: int,
        schedule: Schedule,
        *,
        folder: Path | None,
        on_step: Callable[[Progress], None],
        after_step: Callable[[int, int], None] = lambda step, total: None,
    ) -> None:
        """Train `model` on batches of `size` decisions; the rest is as `training.fit` takes it."""
        fit(
            model.to(self.device),
            lambda batch: loss_of(batch.to(self.device)),
            lambda epoch: batches(self.encoded, self.labels, size, schedule.seed * 1000 + epoch, self.soft),
            -(-len(self.encoded) // size),
            schedule,
            folder=folder,
            on_step=on_step,
            after_step=after_step,
        )
