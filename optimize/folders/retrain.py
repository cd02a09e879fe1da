"""Let a learned engine recover after a technique has cut into it: a short training of the network as it now is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from shopbot.engines.learned.encoding import Encoder
from shopbot.engines.recording.trace_format import Trace
from shopbot.optimize.compression.fake_quantise import finish, prepare
from shopbot.optimize.compression.lora import add_adapters, merge_adapters
from shopbot.optimize.folders.features import FeatureLoss, Imitation, feature_loss
from shopbot.optimize.traces.batches import Batch
from shopbot.optimize.traces.lesson import Lesson
from shopbot.optimize.traces.network import Network, freeze_words
from shopbot.optimize.traces.objective import Objective
from shopbot.optimize.training import Progress, Schedule

_HEADS = ("actions", "spans", "values", "seeks", "offers")


@dataclass(frozen=True)
class Recovery:
    """How a network is retrained.

    Attributes:
        lora: rank of adapters to train instead of the matrices; 0 trains everything.
        aware: round weights and activations to int8 while training, as quantisation will.
        batch: decisions a step.
        threads: cores to use.
        freeze_words: leave the token table as it is.
        imitate: how much of the first teacher's inside is imitated.
    """

    lora: int = 0
    aware: bool = False
    batch: int = 32
    threads: int = 2
    freeze_words: bool = True
    imitate: Imitation = field(default_factory=Imitation)
    schedule: Schedule = field(default_factory=lambda: Schedule(epochs=1, rate=1e-4, half=True))
    objective: Objective = field(default_factory=Objective)


def retrain(
    network: Network,
    encoder: Encoder,
    traces: Sequence[Trace],
    recovery: Recovery,
    *,
    teachers: Sequence[Path] = (),
    folder: Path | None = None,
    after_step: Callable[[int, int], None] = lambda step, total: None,
    on_step: Callable[[Progress], None] = lambda progress: None,
) -> Network:
    """Train `network`, in place, on decisions and on what `teachers` say of them; the shapes stay.

    Args:
        encoder: how traces become its inputs.
        folder: where the checkpoint of an interrupted run is kept.
        after_step: given step and total: where pruning masks are applied.
    """
    torch.set_num_threads(recovery.threads)
    lesson = Lesson.of(traces, encoder, teachers, keep=folder)
    if recovery.lora:
        add_adapters(network, recovery.lora, also=_HEADS)
    if recovery.aware:
        prepare(network)
    if recovery.freeze_words:
        freeze_words(network)
    inside = _inside(network, encoder, recovery, teachers)
    trained = nn.ModuleList([network, *([inside] if inside else [])])

    def loss_of(batch: Batch) -> Tensor:
        loss = recovery.objective.loss(network, batch, encoder.vocabulary, lesson.descriptions)
        return loss + inside(network, batch) if inside else loss

    lesson.fit(
        trained, loss_of, recovery.batch, recovery.schedule, folder=folder, on_step=on_step, after_step=after_step
    )
    if recovery.aware:
        finish(network)
    if recovery.lora:
        merge_adapters(network)
    network.cpu().eval()
    return network


def _inside(network: Network, encoder: Encoder, recovery: Recovery, teachers: Sequence[Path]) -> FeatureLoss | None:
    if not recovery.imitate:
        return None
    if not teachers:
        raise ValueError("there is no teacher whose features could be imitated: name one")
    return feature_loss(teachers[0], network, encoder.tokenizer, recovery.imitate)
